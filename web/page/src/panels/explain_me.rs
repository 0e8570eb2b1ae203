//! The little button that says what something on the page is: it opens the glossary at its entry.

use leptos::prelude::*;

use super::parts::Part;
use crate::locale::say;

/// A button that explains. The click is heard in `teach`, wherever the button stands.
pub fn explain_me(entry: &'static str) -> AnyView {
    view! {
        <button
            type="button"
            class="explain"
            data-explain=entry
            aria-haspopup="dialog"
            aria-label=say("teach.what")
            title=say("teach.what")
        ></button>
    }
    .into_any()
}

/// The same for a part of the page by its heading's id, where the glossary has it.
pub fn of_heading(id: &str) -> Option<AnyView> {
    Some(explain_me(match id {
        "tokens-title" => "panel_tokens",
        "writing-title" => "panel_writing",
        "attention-title" => "panel_attention",
        "heads-title" => "panel_heads",
        "methods-title" => "panel_methods",
        "chart-title" => "entropy",
        "over-title" => "attention",
        "changed-title" => "ablation",
        "history-title" => "panel_history",
        "other-title" => "panel_other",
        "share-title" => "panel_share",
        "own-title" => "panel_own",
        "triangle-title" => "triangle",
        "layers-title" => "layer_attribution",
        "lens-title" => "lens",
        "direct-title" => "direct",
        "patching-title" => "patching",
        _ => return None,
    }))
}

/// Adds the same button to the heading of a table's column, where the glossary has it.
pub fn add_for_column(head: &Part, column: &str) {
    let entry = match column {
        "previous" | "next" | "same" | "first" | "special" => "previous_token",
        "duplicate" | "induction" | "induction_repeated" => "induction",
        "aopc_comprehensiveness" => "comprehensiveness",
        "aopc_sufficiency" => "sufficiency",
        "deletion_area" | "deletion_better_than" | "insertion_area" | "insertion_better_than" => "deletion",
        "sensitivity_max" => "sensitivity",
        "randomization" => "untrained",
        "plausibility_f1" | "plausibility_auprc" => "marks",
        "entropy" | "distance" | "importance" | "ablation" | "direct" | "tau_loo" => column,
        _ => return,
    };
    let attributes = [
        ("type", "button"),
        ("class", "explain"),
        ("data-explain", entry),
        ("aria-haspopup", "dialog"),
        ("aria-label", say("teach.what")),
    ];
    head.add("button", &attributes, "");
}
