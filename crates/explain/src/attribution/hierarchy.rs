//! Trees over a text's units, for Owen values.

/// A binary tree over units: each merge joins two groups. Numbers below the number of units are units, those above are the
/// merges in order; the last is the whole text.
pub type Merges = Vec<[usize; 2]>;

/// A tree of halves of halves: a range of units is cut behind its first half, rounded up.
#[must_use]
pub fn balanced(units: usize) -> Merges {
    fn merge(start: usize, end: usize, units: usize, merges: &mut Merges) -> usize {
        if end - start == 1 {
            return start;
        }
        let middle = start + (end - start).div_ceil(2);
        let left = merge(start, middle, units, merges);
        let right = merge(middle, end, units, merges);
        merges.push([left, right]);
        units + merges.len() - 1
    }
    let mut merges = Vec::new();
    if units > 0 {
        merge(0, units, units, &mut merges);
    }
    merges
}

/// A run of units that have been joined.
struct Group {
    index: usize,
    first: usize,
    last: usize,
}

/// The tree of a text as SHAP's `Text` masker makes it (`shap.maskers._text.partition_tree`): of all neighbours those are joined
/// next that belong together most by [`score`], the first of several that do as much. `units` are the units' texts, those that
/// go on with a word behind `##`.
#[must_use]
pub fn by_text(units: &[String]) -> Merges {
    // A bracket keeps others off until its partner has been met.
    let mut open: Vec<bool> = units.iter().map(|unit| unit == "(" || unit == ")").collect();
    let mut groups: Vec<Group> = (0..units.len()).map(|at| Group { index: at, first: at, last: at }).collect();
    let mut merges = Vec::with_capacity(units.len());
    while groups.len() > 1 {
        let mut best = (i64::MIN, 0);
        for (at, pair) in groups.windows(2).enumerate() {
            if let [left, right] = pair {
                let found = score(units, &open, left, right);
                if found > best.0 {
                    best = (found, at);
                }
            }
        }
        let right = groups.remove(best.1 + 1);
        let Some(left) = groups.get_mut(best.1) else { break };
        merges.push([left.index, right.index]);
        if units[left.first] == "(" && units[right.last] == ")" {
            (open[left.first], open[right.last]) = (false, false);
        }
        (left.index, left.last) = (units.len() + merges.len() - 1, right.last);
    }
    merges
}

/// How much two neighbours belong together, by SHAP's rules in their order: parts of a word, what follows an apostrophe, then
/// short before long; not across brackets, connectors, commas and the ends of sentences.
fn score(units: &[String], open: &[bool], left: &Group, right: &Group) -> i64 {
    let text = |at: usize| units[at].as_str();
    let (begins, ends, next, last) = (text(left.first), text(left.last), text(right.first), text(right.last));
    let count = |group: &Group| (group.last - group.first + 1) as i64;
    let is_alone = right.first == right.last;
    let is_suffix = |at: usize| matches!(text(at), "t" | "s");
    let mut score = -count(left) - count(right);
    if next.starts_with("##") {
        score += 20;
    }
    if next == "'" && (is_alone || right.last == right.first + 1 && is_suffix(right.last)) {
        score += 15;
    }
    if ends == "'" && is_suffix(right.first) {
        score += 15;
    }
    let is_special = |text: &str| text.starts_with('[') && text.ends_with(']');
    if is_special(begins) != is_special(last) {
        score -= 1000;
    }
    if next == "(" && open[right.first] {
        score -= 100;
    }
    if ends == ")" && open[left.last] {
        score -= 100;
    }
    // SHAP means this for what is not closed, and compares a token with text, so that it holds for all.
    if begins == "(" {
        score -= 2;
    }
    let is_connector = |text: &str| matches!(text, "but" | "and" | "or");
    if is_connector(ends) || is_connector(next) {
        score -= 2;
    }
    if ends == "," {
        score -= 10;
    }
    if next == "," {
        score -= if is_alone { 1 } else { 10 };
    }
    let is_end = |text: &str| matches!(text, "." | "?" | "!");
    if is_end(ends) {
        score -= 20;
    }
    if is_end(next) {
        score -= if is_alone { 1 } else { 20 };
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_halves_end_in_the_whole_text() {
        assert_eq!(balanced(5), [[0, 1], [5, 2], [3, 4], [6, 7]]);
        assert!(balanced(1).is_empty() && balanced(0).is_empty());
    }

    #[test]
    fn a_text_is_joined_along_its_words_and_clauses() {
        let tree = |text: &str| by_text(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        // A word's parts first, what stands in brackets before what is around it.
        assert_eq!(tree("quiet ##ly"), [[0, 1]]);
        assert_eq!(tree("a ( b c ) d")[..3], [[2, 3], [6, 4], [1, 7]]);
        assert!(tree("").is_empty() && by_text(&[]).is_empty());
        for text in ["( ( (", ") (", "' ' '", "##a ##b [x] [y] . , ! ?", "a , b , c . d"] {
            let units = text.split(' ').count();
            let tree = tree(text);
            assert_eq!(tree.len(), units - 1);
            let mut all: Vec<usize> = tree.concat();
            all.sort_unstable();
            assert_eq!(all, (0..2 * units - 2).collect::<Vec<_>>(), "{text}: each group is joined once");
        }
    }
}
