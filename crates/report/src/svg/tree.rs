//! The ways in which a text goes on: branches below each other, each led to from the one that it leaves.

use super::measure::{behind, width};
use super::{Caption, MARGIN, Svg, hex, short};
use crate::pieces::visible;

const WIDE: f64 = 720.0;
/// From a branch to one that leaves it.
const STEP: f64 = 26.0;
/// To how much all steps of a deep tree come, so that room for its texts is left.
const DEEP: f64 = 360.0;
const SIZE: f64 = 14.0;
const LINE: f64 = 20.0;
/// Between branches.
const GAP: f64 = 8.0;
/// From a branch's dot to its text.
const DOT: f64 = 12.0;

/// A run of tokens in which nothing else was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branch {
    /// How many forks lie before it. A branch stands before those that leave it.
    pub depth: usize,
    /// The token that was taken.
    pub first: String,
    /// Its number.
    pub figure: String,
    /// What follows it.
    pub rest: String,
    /// Whether it is a part of the way that is chosen.
    pub chosen: bool,
}

/// A text of that size as wide as there is room for it, whatever typeface it meets.
fn fitted(wide: f64, size: f64) -> String {
    format!("font-size=\"{size}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", short(wide))
}

/// Draws the tree below the text that all of it goes on with.
#[must_use]
pub fn tree(caption: Caption<'_>, text: &str, branches: &[Branch], dark: bool) -> String {
    let mut svg = Svg::new(WIDE, caption, dark);
    let (ink, muted, accent) = (svg.ink.text, svg.ink.muted, svg.ink.accent);
    let base = |svg: &Svg| svg.y + 15.0;
    for line in behind(0.0, &visible(text), SIZE, WIDE) {
        svg.words(MARGIN, base(&svg), &line, muted, &fitted(width(&line, SIZE), SIZE));
        svg.y += LINE;
    }
    let deepest = branches.iter().map(|branch| branch.depth).max().unwrap_or(0);
    let step = STEP.min(DEEP / (deepest + 1) as f64);
    // Where those that led here are left: the text, then branch after branch.
    let mut left_at = vec![svg.y];
    // The chosen way lies over the others.
    let mut chosen = Vec::new();
    for branch in branches {
        svg.y += GAP;
        let (x, y) = (MARGIN + step * (branch.depth + 1) as f64, svg.y + 10.0);
        left_at.truncate(branch.depth + 1);
        let above = left_at.last().copied().unwrap_or(y);
        left_at.push(y);
        let path = format!("M {} {} V {} H {}", short(x - step), short(above), short(y), short(x));
        let colour = if branch.chosen { accent } else { muted };
        match branch.chosen {
            true => chosen.push(path),
            false => svg.stroke(&path, muted, 1.0, ""),
        }
        svg.raw(&format!("<circle cx=\"{}\" cy=\"{}\" r=\"3.5\" fill=\"{}\"/>", short(x), short(y), hex(colour)));
        let from = x + DOT;
        let first = visible(&branch.first);
        svg.words(from, base(&svg), &branch.figure, muted, &fitted(width(&branch.figure, 12.0), 12.0));
        let token = from + width(&branch.figure, 12.0) + 8.0;
        let colour = if branch.chosen { accent } else { ink };
        // Bold letters are wider.
        let bold = width(&first, SIZE) * 1.08;
        svg.words(token, base(&svg), &first, colour, &format!("{} font-weight=\"600\"", fitted(bold, SIZE)));
        let rest = branch.rest.trim_start();
        let gap = if rest.len() < branch.rest.len() { width(" ", SIZE) } else { 0.0 };
        let indent = token + bold + gap - from;
        if !rest.is_empty() {
            for (at, line) in behind(indent, &visible(rest), SIZE, WIDE + MARGIN - from).iter().enumerate() {
                if at > 0 {
                    svg.y += LINE;
                }
                let x = if at == 0 { from + indent } else { from };
                if !line.is_empty() {
                    svg.words(x, base(&svg), line, ink, &fitted(width(line, SIZE), SIZE));
                }
            }
        }
        svg.y += LINE;
    }
    for path in chosen {
        svg.stroke(&path, accent, 2.0, "");
    }
    svg.y += 4.0;
    svg.note(caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    fn branch(depth: usize, first: &str, rest: &str, chosen: bool) -> Branch {
        Branch { depth, first: first.into(), figure: format!("{depth}0 %"), rest: rest.into(), chosen }
    }

    #[test]
    fn branches_are_led_to_from_what_they_leave() {
        let all = [
            branch(0, " the", " lamp was", true),
            branch(1, " cold", " and bright", false),
            branch(1, " near", "", true),
            branch(0, "<b>", "\n</text>\u{202e}", false),
        ];
        let caption = Caption { title: "Ways", description: "d", note: "a note" };
        let svg = tree(caption, "Once upon", &all, false);
        let said = texts(&svg);
        for text in [
            "Ways",
            "Once upon",
            "·the",
            "lamp was",
            "10 %",
            "·cold",
            "and bright",
            "·near",
            "<b>",
            "</text>⟨202e⟩",
            "a note",
        ] {
            assert!(said.iter().any(|one| one == text), "{text}: {said:?}");
        }
        let read = roxmltree::Document::parse(&svg).unwrap();
        let of = |name: &'static str| {
            read.descendants().filter(move |node| node.has_tag_name(("http://www.w3.org/2000/svg", name)))
        };
        let dots: Vec<[String; 2]> =
            of("circle").map(|dot| ["cx", "cy"].map(|at| dot.attribute(at).unwrap().to_owned())).collect();
        let paths: Vec<&str> = of("path").map(|path| path.attribute("d").unwrap()).collect();
        assert_eq!((dots.len(), paths.len()), (4, 4));
        // Each branch has a line to its dot; those of the second depth come from the dot of the first branch.
        for [x, y] in &dots {
            assert_eq!(paths.iter().filter(|path| path.ends_with(&format!(" V {y} H {x}"))).count(), 1, "{paths:?}");
        }
        let [x, y] = &dots[0];
        assert_eq!(paths.iter().filter(|path| path.starts_with(&format!("M {x} {y} V"))).count(), 2, "{paths:?}");
    }

    #[test]
    fn long_ways_and_deep_trees_stay_within_the_drawing() {
        let long = " word".repeat(300) + &"x".repeat(400);
        let all: Vec<Branch> = (0..40).map(|depth| branch(depth, " and", &long, depth % 2 == 0)).collect();
        let svg = tree(Caption::default(), &long, &all, true);
        texts(&svg);
        let read = roxmltree::Document::parse(&svg).unwrap();
        let wide: f64 = read.root_element().attribute("width").unwrap().parse().unwrap();
        for node in read.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text"))) {
            let from: f64 = node.attribute("x").unwrap().parse().unwrap();
            assert!(from + width(node.text().unwrap_or_default(), SIZE) <= wide, "{:?}", node.text());
        }
    }
}
