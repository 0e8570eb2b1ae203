//! What each task is called, and which model is taken for it.

use headlight_document::{Manifest, ModelEntry, SecondText, Task};

use super::form::is_prompted;

use crate::locale::{fill, say};

/// How the page speaks of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// On its button.
    pub button: &'static str,
    /// What a model does or can't: "SmolLM2 cannot …".
    pub verb: &'static str,
    /// The label of its text.
    pub text: &'static str,
}

/// The words of a task.
#[must_use]
pub fn words(task: Task) -> Words {
    let (button, verb, text) = match task {
        Task::Continue => (say("task.continue"), say("task.continue.verb"), say("task.continue.text")),
        Task::Classify => (say("task.classify"), say("task.classify.verb"), say("task.classify.text")),
        Task::Label => (say("task.label"), say("task.label.verb"), say("task.label.text")),
        Task::Answer => (say("task.answer"), say("task.answer.verb"), say("task.answer.text")),
        Task::Translate => (say("task.translate"), say("task.translate.verb"), say("task.translate.text")),
        Task::Fill => (say("task.fill"), say("task.fill.verb"), say("task.fill.text")),
        Task::Compare => (say("task.compare"), say("task.compare.verb"), say("task.compare.text")),
    };
    Words { button, verb, text }
}

/// The label of a task's second text.
#[must_use]
pub fn second_label(second: SecondText) -> &'static str {
    match second {
        SecondText::Question => say("task.question"),
        SecondText::Other => say("task.second"),
    }
}

/// The models that can do a task, those that were trained to before those that are only shown examples.
#[must_use]
pub fn able(manifest: &Manifest, task: Task) -> Vec<&ModelEntry> {
    let mut able: Vec<_> = manifest.models.iter().filter(|entry| entry.tasks.contains(&task)).collect();
    able.sort_by_key(|entry| is_prompted(entry, task));
    able
}

/// Which model takes over a task: the one there is where it was trained for it, else the first that was; where none was,
/// the one there is, or the first, goes by examples.
#[must_use]
pub fn taken<'a>(manifest: &'a Manifest, task: Task, model: &str) -> Option<&'a ModelEntry> {
    let able = able(manifest, task);
    let first = able.first()?;
    let own = able.iter().find(|entry| entry.id == model && is_prompted(entry, task) == is_prompted(first, task));
    own.or(Some(first)).copied()
}

/// What is said where another model takes over: who can't, and who can.
#[must_use]
pub fn handover(manifest: &Manifest, task: Task, model: &str) -> Option<String> {
    let old = manifest.models.iter().find(|entry| entry.id == model)?;
    let verb = words(task).verb;
    Some(match taken(manifest, task, model) {
        Some(new) if new.id == model => return None,
        Some(new) if old.tasks.contains(&task) => fill("task.trained", &[&new.title, &verb, &old.title]),
        Some(new) => fill("task.cannot", &[&old.title, &verb, &new.title]),
        None => fill("task.nobody", &[&old.title, &verb]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, tasks: &[Task]) -> ModelEntry {
        ModelEntry {
            id: id.into(),
            title: id.to_uppercase(),
            family: String::new(),
            files: vec![],
            license: String::new(),
            tasks: tasks.to_vec(),
            examples: vec![],
            source: String::new(),
            card: String::new(),
        }
    }

    fn manifest() -> Manifest {
        let models = vec![
            entry("smollm2", &[Task::Continue, Task::Classify, Task::Answer]),
            entry("sentiment", &[Task::Classify]),
            entry("marian", &[Task::Translate]),
        ];
        Manifest { schema: String::new(), models }
    }

    #[test]
    fn a_task_goes_to_the_model_there_is_or_to_the_first_that_was_trained_for_it() {
        let manifest = manifest();
        let taken = |task, model| taken(&manifest, task, model).map(|entry| entry.id.as_str());
        assert_eq!(taken(Task::Classify, "smollm2"), Some("sentiment"));
        assert_eq!(taken(Task::Answer, "smollm2"), Some("smollm2"));
        assert_eq!(taken(Task::Answer, "marian"), Some("smollm2"));
        assert_eq!(taken(Task::Classify, "marian"), Some("sentiment"));
        assert_eq!(taken(Task::Translate, "smollm2"), Some("marian"));
        assert_eq!(taken(Task::Fill, "smollm2"), None);
    }

    #[test]
    fn who_cannot_and_who_can_is_said() {
        let manifest = manifest();
        let said = handover(&manifest, Task::Translate, "smollm2").unwrap();
        assert_eq!(said, "SMOLLM2 cannot translate; MARIAN can, and is chosen now.");
        assert_eq!(handover(&manifest, Task::Answer, "smollm2"), None);
        assert!(handover(&manifest, Task::Classify, "smollm2").unwrap().starts_with("SENTIMENT was trained"));
        assert!(handover(&manifest, Task::Fill, "marian").unwrap().contains("no other model"));
    }
}
