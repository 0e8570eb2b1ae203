//! What a causal model is shown before the text, where a request says nothing: labels and worked examples.
//!
//! The engine writes its prompt with them and the page shows them to be changed, so both take them from here.

use crate::request::{Shot, Task};

const LABELS: [&str; 2] = ["positive", "negative"];
const REVIEWS: [(&str, &str); 4] = [
    ("A warm and funny film with wonderful acting.", "positive"),
    ("The plot is dull and the jokes fall flat.", "negative"),
    ("One of the best movies of the year.", "positive"),
    ("I wanted my money back after ten minutes.", "negative"),
];
const PASSAGES: [(&str, &str, &str); 2] = [
    (
        "The river Rhine begins in Switzerland and flows into the North Sea.",
        "Where does the Rhine begin?",
        "Switzerland",
    ),
    ("Anna bought three apples and two pears on Monday.", "How many pears did Anna buy?", "two"),
];

/// The labels of [`Task::Classify`] where a request has none.
#[must_use]
pub fn labels() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

/// The worked examples of a task where a request has none; none for tasks without a prompt.
#[must_use]
pub fn shots(task: Task) -> Vec<Shot> {
    let shot = |text: &str, question: Option<&str>, answer: &str| Shot {
        text: text.to_owned(),
        question: question.map(str::to_owned),
        answer: answer.to_owned(),
    };
    match task {
        Task::Classify => REVIEWS.iter().map(|(text, label)| shot(text, None, label)).collect(),
        Task::Answer => PASSAGES.iter().map(|(text, question, answer)| shot(text, Some(question), answer)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_one_of_the_labels_or_a_question() {
        assert!(shots(Task::Classify).iter().all(|shot| labels().contains(&shot.answer) && shot.question.is_none()));
        assert!(shots(Task::Answer).iter().all(|shot| shot.question.is_some()));
        assert!(shots(Task::Continue).is_empty());
    }
}
