//! The ways in which the text goes on, as a tree: a list in a list for each fork.

use leptos::prelude::*;

use super::parts::{Part, changing, subheading, written};
use super::saving;
use crate::app::App;
use crate::browser;
use crate::locale::{count, fill, say};
use crate::state::format::percent;
use crate::state::pieces::{label, visible};
use crate::state::tree::{Branch, tree as grown};

/// How much of a branch's text is shown.
const TEXT: usize = 80;

/// The tree, where there is more than one way.
pub fn tree(app: App) -> AnyView {
    let is_there = Memo::new(move |_| app.writing.with(|writing| !writing.others.is_empty()));
    let press = move |event: leptos::ev::MouseEvent| {
        let number = |name: &str| browser::of_target(&event, name)?.parse().ok();
        match (number("data-way"), number("data-from")) {
            (Some(way), _) => app.write_other(way),
            (None, Some(step)) => app.open_step(Some(step)),
            _ => {}
        }
    };
    changing(move || {
        is_there.get().then(|| {
            let list = move |part: &Part| draw(part, &app.writing.with(grown), &mut 0, true);
            view! {
                <div class="list-head">{subheading(None, "part-title", say("writing.ways"))} {saving::tree(app)}</div>
                <p class="caption">{say("writing.ways.about")}</p>
                <div data-testid="ways" on:click=press>{written("ways", list)}</div>
            }
            .into_any()
        })
    })
}

/// Writes branches as a list, each with a number that stays whichever of them stands there now.
fn draw(part: &Part, branches: &[Branch], number: &mut usize, is_first: bool) {
    let name = if is_first { say("writing.ways") } else { say("writing.fork") };
    let list = part.add("ul", &[("aria-label", name)], "");
    for branch in branches {
        let item = list.add("li", &[], "");
        let (first, share) = (visible(&branch.first), percent(branch.prob));
        let tokens = count("count.token", branch.tokens);
        let said = match branch.is_current {
            true => fill("writing.branch.now", &[&branch.step, &first, &share, &tokens]),
            false => fill("writing.branch", &[&branch.step, &first, &share, &tokens]),
        };
        let id = format!("branch-{number}");
        *number += 1;
        let (from, way) = (branch.step.to_string(), branch.way.map(|way| way.to_string()));
        let mut attributes = vec![
            ("type", "button"),
            ("class", if branch.is_current { "branch is-now" } else { "branch" }),
            ("id", &*id),
            ("dir", "auto"),
            ("title", &*said),
            ("data-from", &*from),
        ];
        match &way {
            Some(way) => attributes.push(("data-way", way)),
            None => attributes.push(("aria-current", "true")),
        }
        let button = item.add("button", &attributes, "");
        button.add("span", &[("class", "figure")], &share);
        button.say(" ");
        button.add("b", &[], &first);
        if branch.rest.starts_with(' ') {
            button.say(" ");
        }
        if !branch.rest.is_empty() {
            button.say(&label(branch.rest.trim_start(), TEXT));
        }
        if !branch.branches.is_empty() {
            draw(&item, &branch.branches, number, false);
        }
    }
}
