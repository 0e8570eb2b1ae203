//! The ways in which a text goes on, as a tree: what they share stands once, and each branch begins with the token that was taken
//! there.

use headlight_document::Step;
use headlight_report::{csv, svg};

use super::format::percent;
use super::writing::Writing;

/// A run of tokens in which nothing else was taken, and what followed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Which token it begins with, counted from 0.
    pub step: usize,
    /// That token.
    pub first: String,
    /// Its probability.
    pub prob: f64,
    /// What follows it up to the next fork, as text.
    pub rest: String,
    /// How many tokens the branch has.
    pub tokens: usize,
    /// Whether it is a part of what stands there now.
    pub is_current: bool,
    /// The way that is gone back to by choosing it, by its number among the others; none where it stands there now.
    pub way: Option<usize>,
    /// What was taken after it, the most probable first.
    pub branches: Vec<Branch>,
}

/// A way: its number among the others, if it is one of them, and its steps.
type Path<'a> = (Option<usize>, &'a [Step]);

/// All ways, the one that stands there now too.
#[must_use]
pub fn tree(writing: &Writing) -> Vec<Branch> {
    let others = writing.others.iter().enumerate().map(|(at, way)| (Some(at), &*way.steps));
    let all: Vec<_> = std::iter::once((None, &*writing.steps)).chain(others).collect();
    grow(&all, 0)
}

// What the ways, which are all the same before `step`, go on with from there.
fn grow(ways: &[Path<'_>], step: usize) -> Vec<Branch> {
    let mut found: Vec<(u32, Vec<Path<'_>>)> = Vec::new();
    for way in ways {
        let Some(here) = way.1.get(step) else { continue };
        match found.iter_mut().find(|(id, _)| *id == here.token.id) {
            Some((_, ways)) => ways.push(*way),
            // An order that stays, whichever stands there now.
            None => {
                let at = found.iter().position(|(id, _)| *id > here.token.id).unwrap_or(found.len());
                found.insert(at, (here.token.id, vec![*way]));
            }
        }
    }
    let mut branches: Vec<Branch> = Vec::with_capacity(found.len());
    // A few, which no sorting is worth its code for.
    for new in found.into_iter().filter_map(|(_, ways)| branch(&ways, step)) {
        let at = branches.iter().position(|one| one.prob < new.prob).unwrap_or(branches.len());
        branches.insert(at, new);
    }
    branches
}

fn branch(ways: &[Path<'_>], step: usize) -> Option<Branch> {
    let longest = ways.iter().map(|(_, steps)| *steps).max_by_key(|steps| steps.len())?;
    let id = |steps: &[Step], at: usize| steps.get(at).map(|step| step.token.id);
    // A way that ends here ends within the branch of those that go on as it does.
    let is_shared = |at: usize| ways.iter().all(|(_, steps)| steps.len() <= at || id(steps, at) == id(longest, at));
    let end = (step + 1..longest.len()).find(|at| !is_shared(*at)).unwrap_or(longest.len());
    let first = &longest.get(step)?.token;
    let is_current = ways.iter().any(|(way, _)| way.is_none());
    Some(Branch {
        step,
        first: first.text.clone(),
        prob: first.prob,
        rest: longest.get(step + 1..end)?.iter().map(|step| step.adds.as_str()).collect(),
        tokens: end - step,
        is_current,
        // The newest of those that go through it.
        way: if is_current { None } else { ways.iter().filter_map(|(way, _)| *way).max() },
        branches: grow(ways, end),
    })
}

/// The tree as it is drawn in a file: branches in the order in which they stand below each other.
#[must_use]
pub fn flat(branches: &[Branch]) -> Vec<svg::Branch> {
    let mut all = Vec::new();
    flatten(branches, 0, &mut all);
    all
}

fn flatten(branches: &[Branch], depth: usize, all: &mut Vec<svg::Branch>) {
    for branch in branches {
        all.push(svg::Branch {
            depth,
            first: branch.first.clone(),
            figure: percent(branch.prob),
            rest: branch.rest.clone(),
            chosen: branch.is_current,
        });
        flatten(&branch.branches, depth + 1, all);
    }
}

/// Every token of every way with comma-separated columns. Way 0 is the one that stands there now. Each later one leaves the earlier one
/// with which it has most in common, at the token that is said.
#[must_use]
pub fn table(writing: &Writing) -> String {
    let way = |number: usize| match number.checked_sub(1) {
        None => Some(&writing.steps),
        Some(other) => writing.others.get(other).map(|way| &way.steps),
    };
    let mut table = "way,from_way,from_token,token,id,text,prob\r\n".to_owned();
    for number in 0..=writing.others.len() {
        let Some(steps) = way(number) else { continue };
        let (mut from, mut shared) = (None, None);
        for earlier in 0..number {
            let same = |(a, b): &(&Step, &Step)| a.token.id == b.token.id;
            let common = way(earlier).map_or(0, |other| other.iter().zip(steps).take_while(same).count());
            if shared.is_none_or(|most| common > most) {
                (from, shared) = (Some(earlier), Some(common));
            }
        }
        for (at, Step { token, .. }) in steps.iter().enumerate() {
            let (id, text) = (token.id as usize, csv::text(&token.text));
            csv::line(&mut table, &[&number, &from, &shared, &at, &id, &text, &token.prob]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use headlight_document::link::Written;
    use headlight_document::{OutputToken, Way};

    use super::*;

    fn steps(ids: &[u32]) -> Vec<Step> {
        let step = |id: &u32| Step {
            token: OutputToken { id: *id, text: format!(" {id}"), special: false, prob: 1.0 / f64::from(*id) },
            adds: format!(" {id}"),
            top: Vec::new(),
        };
        ids.iter().map(step).collect()
    }

    fn writing(now: &[u32], others: &[&[u32]]) -> Writing {
        let way = |ids: &&[u32]| Way { steps: steps(ids), ..Way::default() };
        let mut writing = Writing::of_link("m", "t", Written::default());
        (writing.steps, writing.others) = (steps(now), others.iter().map(way).collect());
        writing
    }

    /// The tree in a line: first token, how many, the way, and what follows.
    fn told(branches: &[Branch]) -> String {
        let one = |branch: &Branch| {
            let way = branch.way.map_or_else(|| "now".to_owned(), |way| way.to_string());
            let after =
                if branch.branches.is_empty() { String::new() } else { format!("({})", told(&branch.branches)) };
            format!("{}:{}x{} {way}{after}", branch.step, branch.first.trim(), branch.tokens)
        };
        branches.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_ways_share_stands_once_and_forks_are_branches() {
        let all = writing(&[1, 2, 5, 6], &[&[1, 2, 3, 4], &[1, 2, 3, 7, 8], &[9, 2]]);
        let found = tree(&all);
        assert_eq!(told(&found), "0:1x2 now(2:3x1 1(3:4x1 0, 3:7x2 1), 2:5x2 now), 0:9x2 2");
        assert_eq!((found[0].rest.as_str(), found[0].is_current, found[1].is_current), (" 2", true, false));
        // One way alone is one branch.
        assert_eq!(told(&tree(&writing(&[1, 2, 3], &[]))), "0:1x3 now");
        assert!(tree(&Writing::default()).is_empty());
    }

    #[test]
    fn a_way_that_ends_within_another_is_no_branch() {
        let all = writing(&[1, 2], &[&[1, 2, 3], &[1, 4]]);
        assert_eq!(told(&tree(&all)), "0:1x1 now(1:2x2 now, 1:4x1 1)");
        let all = writing(&[1, 2, 3], &[&[1, 2]]);
        assert_eq!(told(&tree(&all)), "0:1x3 now");
    }

    #[test]
    fn a_file_has_every_branch_below_the_one_that_it_leaves() {
        let all = writing(&[1, 2, 5, 6], &[&[1, 2, 3, 4], &[1, 2, 3, 7], &[9]]);
        let drawn = flat(&tree(&all));
        let told: Vec<_> =
            drawn.iter().map(|one| (one.depth, one.first.trim(), one.rest.as_str(), one.chosen)).collect();
        assert_eq!(
            told,
            [
                (0, "1", " 2", true),
                (1, "3", "", false),
                (2, "4", "", false),
                (2, "7", "", false),
                (1, "5", " 6", true),
                (0, "9", "", false)
            ]
        );
        assert_eq!((&*drawn[1].figure, &*drawn[5].figure), ("33.3 %", "11.1 %"));
    }

    #[test]
    fn a_table_has_every_token_of_every_way_and_where_it_leaves_another() {
        let table = table(&writing(&[1, 2, 5], &[&[1, 2, 3], &[1, 2, 3, 4], &[9]]));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "way,from_way,from_token,token,id,text,prob");
        assert_eq!(lines.len(), 1 + 3 + 3 + 4 + 1);
        assert_eq!((lines[1], lines[3]), ("0,,,0,1,\" 1\",1", "0,,,2,5,\" 5\",0.2"));
        // The second leaves what stands there at its third token; the third goes on after the second's last.
        assert_eq!(lines[4], "1,0,2,0,1,\" 1\",1");
        assert_eq!(lines[10], "2,1,3,3,4,\" 4\",0.25");
        // The last has nothing in common with any.
        assert!(lines[11].starts_with("3,0,0,0,9,"), "{}", lines[11]);
        assert_eq!(super::table(&Writing::default()).lines().count(), 1);
    }

    #[test]
    fn the_order_does_not_change_with_what_stands_there() {
        let shape = |branches: &[Branch]| branches.iter().map(|one| (one.step, one.first.clone())).collect::<Vec<_>>();
        let mut all = writing(&[3, 1], &[&[2, 1]]);
        let before = shape(&tree(&all));
        let _ = all.take(0);
        assert_eq!(all.steps, steps(&[2, 1]));
        assert_eq!(shape(&tree(&all)), before);
    }
}
