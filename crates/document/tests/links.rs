//! Links of every version so far open, and mean what they meant. `links/` has one for each shape that a link has had; each
//! was encoded by that version's own code (its commit stands in the file's name).
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

use std::path::PathBuf;

use headlight_document::link::{Apart, HeadPicture, Link, View, Written};
use headlight_document::{
    Aside, AttentionDetail, AttentionKind, Baseline, Chosen, HeadFigure, Hierarchy, Intervention, Measure, Method,
    Parameters, Read, Request, Sampling, Scaled, Shot, TargetSpec, Task, Token, Units,
};

/// The hash in those links that have one.
fn sha256() -> Option<String> {
    Some(format!("5bc9{}", "ab".repeat(30)))
}

fn request(model: &str, task: Task, text: &str, target: &str, read: Read, methods: &[Method]) -> Request {
    let target: TargetSpec = target.parse().unwrap();
    Request { target, read, methods: methods.to_vec(), ..Request::new(model, task, text) }
}

fn plain(request: Request) -> Link {
    Link { request, model_sha256: None, view: View::default() }
}

/// What each of them must mean.
fn meant() -> Vec<(&'static str, Link)> {
    use Method::{Attention, GradXInput, Lime, PartitionShap, Saliency, SmoothGrad, ValueZeroing};
    let both = [GradXInput, Saliency];
    let capital = "The capital of France is";
    vec![
        (
            "01-2609cf8-continue",
            Link {
                request: request("smollm2", Task::Continue, capital, "next: Paris", Read::Prob, &both),
                model_sha256: sha256(),
                view: View { head: Some((5, 2)), token: Some(3), method: 1, ..View::default() },
            },
        ),
        (
            "02-2609cf8-compare",
            plain(Request {
                second_text: Some("狗 🙂".into()),
                attention: AttentionDetail::Summary,
                ..request("minilm", Task::Compare, "A dog", "similarity", Read::Logit, &[Saliency])
            }),
        ),
        (
            "03-86d6053-shots",
            plain(Request {
                labels: vec!["good".into(), "bad".into()],
                shots: [("dull", "bad"), ("fine", "good")]
                    .map(|(text, answer)| Shot { text: text.into(), question: None, answer: answer.into() })
                    .to_vec(),
                ..request("smollm2", Task::Classify, "a warm film", "label:good", Read::LogProb, &[GradXInput])
            }),
        ),
        (
            "04-54e5eb6-cross",
            Link {
                request: request("marian-en-pt", Task::Translate, "The cat sleeps", "output@2", Read::Logit, &both),
                model_sha256: sha256(),
                view: View { attention: Some(AttentionKind::Cross), head: Some((1, 4)), ..View::default() },
            },
        ),
        (
            "05-16dd068-foil",
            Link {
                view: View { method: 2, ..View::default() },
                ..plain(Request {
                    foil: Some(Token::Text(" Lyon".into())),
                    methods: vec![GradXInput, Saliency, Method::IntegratedGradients],
                    ..request("smollm2", Task::Continue, capital, "next: Paris", Read::Logit, &[])
                })
            },
        ),
        (
            "06-accdec9-parameters",
            Link {
                view: View { method: 2, ..View::default() },
                ..plain(Request {
                    foil: Some(Token::Id(655)),
                    methods: vec![GradXInput, Saliency, SmoothGrad],
                    parameters: Parameters {
                        baseline: Baseline::Mean,
                        steps: 20,
                        samples: Some(9),
                        base: Saliency,
                        noise: 15,
                        units: Units::Word,
                        seed: 7,
                        ..Parameters::default()
                    },
                    ..request("smollm2", Task::Continue, "Once upon a", "next:#7042", Read::Logit, &[])
                })
            },
        ),
        (
            "07-caf2d80-measures",
            Link {
                view: View { method: 1, ..View::default() },
                ..plain(Request {
                    methods: vec![GradXInput, Attention, ValueZeroing],
                    parameters: Parameters { layer: Some(3), head: Some(2), ..Parameters::default() },
                    measures: vec![Measure::TauLoo, Measure::Erasure],
                    ..request("sentiment", Task::Classify, "a warm film", "label:positive", Read::Prob, &[])
                })
            },
        ),
        (
            "08-3d8c7f1-lime",
            Link {
                view: View { method: 1, ..View::default() },
                ..plain(Request {
                    methods: vec![SmoothGrad, Lime],
                    parameters: Parameters {
                        samples: Some(5),
                        lime_samples: Some(800),
                        seed: 3,
                        ..Parameters::default()
                    },
                    ..request("sentiment", Task::Classify, "a warm film", "label", Read::Logit, &[])
                })
            },
        ),
        (
            "09-ef9b886-selection",
            plain(Request {
                parameters: Parameters {
                    evaluations: 80,
                    hierarchy: Hierarchy::Balanced,
                    units: Units::Selection,
                    ..Parameters::default()
                },
                selection: vec![(0, 4, 12)],
                ..request(
                    "sentiment",
                    Task::Classify,
                    "Not a single joke lands.",
                    "label:negative",
                    Read::Prob,
                    &[PartitionShap],
                )
            }),
        ),
        (
            "10-9ae81cd-heads",
            plain(Request {
                heads: vec![HeadFigure::Profile, HeadFigure::Lens, HeadFigure::Ablation, HeadFigure::Induction],
                patch: Some("When Anna and John went".into()),
                ..request("smollm2", Task::Continue, "When Mary and John went", "next", Read::Logit, &[GradXInput])
            }),
        ),
        (
            "11-0ae2f79-changes",
            Link {
                view: View {
                    attention: Some(AttentionKind::Encoder),
                    head: Some((2, 5)),
                    token: Some(1),
                    picture: HeadPicture::Lines,
                    without_special: true,
                    without_sinks: true,
                    ..View::default()
                },
                ..plain(Request {
                    intervention: Intervention {
                        scaled: vec![
                            Scaled { kind: AttentionKind::Encoder, layer: 2, head: Some(5), percent: 0 },
                            Scaled { kind: AttentionKind::Encoder, layer: 3, head: None, percent: 50 },
                        ],
                        hidden: vec![2],
                    },
                    attention: AttentionDetail::Overview,
                    ..request("sentiment", Task::Classify, "a warm film", "label", Read::Logit, &both)
                })
            },
        ),
        (
            "12-427e7e5-texts",
            Link {
                view: View { picture: HeadPicture::Neurons, ..View::default() },
                ..plain(Request {
                    heads: vec![HeadFigure::Profile, HeadFigure::Direct],
                    texts: vec!["One.".into(), "Two.".into()],
                    attention: AttentionDetail::Overview,
                    ..request("owner/name@0123abc", Task::Classify, "a warm film", "label", Read::Logit, &[GradXInput])
                })
            },
        ),
        (
            "13-f49b25d-view",
            Link {
                view: View {
                    method: 1,
                    method_is_apart: true,
                    grouping: "sum".into(),
                    marks: vec![(0, 5, 9)],
                    sampling: Some(Sampling { temperature: 0.7, top_k: Some(40), top_p: 0.9, seed: 11 }),
                    apart: Some(Apart {
                        figures: vec![HeadFigure::Lens],
                        patch: "Once below a".into(),
                        texts: "One.\nTwo.".into(),
                    }),
                    ..View::default()
                },
                ..plain(Request {
                    methods: vec![GradXInput, Lime],
                    parameters: Parameters { samples: Some(500), ..Parameters::default() },
                    attention: AttentionDetail::Overview,
                    ..request("smollm2", Task::Continue, "Once upon a", "next", Read::Logit, &[])
                })
            },
        ),
        (
            "14-5b249c2-written",
            Link {
                model_sha256: sha256(),
                view: View {
                    head: Some((4, 1)),
                    sampling: Some(Sampling { temperature: 0.9, top_k: None, top_p: 0.95, seed: 11 }),
                    written: Some(Written {
                        tokens: vec![655, 30, 7042, 314, 260, 0],
                        open: Some(2),
                        text: Some("Once upon".into()),
                        ..Written::default()
                    }),
                    ..View::default()
                },
                ..plain(request("smollm2", Task::Continue, "Once upon a time", "next:#30", Read::Prob, &both))
            },
        ),
        (
            "15-35eb0f5-led",
            Link {
                view: View { attention: Some(AttentionKind::Cross), ..View::default() },
                ..plain(Request {
                    begun: vec![1052, 7, 31_998, 0],
                    attention: AttentionDetail::Overview,
                    ..request("marian-enpt", Task::Translate, "The cat sleeps.", "output:#7@1", Read::Logit, &both)
                })
            },
        ),
        (
            "16-35eb0f5-question",
            plain(Request {
                second_text: Some("Where does Zoë live?".into()),
                shots: vec![Shot {
                    text: "Ann is in Rome.".into(),
                    question: Some("Where is Ann?".into()),
                    answer: "Rome".into(),
                }],
                layers: true,
                ..request("smollm2", Task::Answer, "Zoë lives in Porto.", "next", Read::Prob, &[GradXInput])
            }),
        ),
        (
            "17-47c84eb-ways",
            Link {
                view: View {
                    written: Some(Written {
                        tokens: vec![655, 30, 7042],
                        chosen: vec![
                            Chosen { from: 0, sampling: Sampling::default(), taken: false },
                            Chosen {
                                from: 1,
                                sampling: Sampling { temperature: 0.7, top_k: Some(40), top_p: 0.9, seed: 11 },
                                taken: true,
                            },
                        ],
                        others: vec![
                            Aside {
                                after: 1,
                                tokens: vec![314, 260, 0],
                                chosen: vec![Chosen { from: 0, sampling: Sampling::default(), taken: false }],
                            },
                            Aside { after: 2, ..Aside::default() },
                        ],
                        ..Written::default()
                    }),
                    ..View::default()
                },
                ..plain(request("smollm2", Task::Continue, "Once upon a time", "next", Read::Logit, &both))
            },
        ),
    ]
}

#[test]
fn links_of_every_version_so_far_mean_what_they_meant() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/links");
    let meant = meant();
    for (name, link) in &meant {
        let fragment = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        assert_eq!(Link::decode(fragment.trim()).as_ref(), Ok(link), "{name}");
    }
    let count = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(count, meant.len(), "every link of the folder is one whose meaning is stated");
}

/// The fields of a type as its source has them.
fn fields(source: &str, name: &str) -> Vec<String> {
    let (_, body) =
        source.split_once(&format!("\npub struct {name} {{\n")).unwrap_or_else(|| panic!("{name} is there"));
    let (body, _) = body.split_once("\n}").unwrap();
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
    fields.map(|(field, _)| field.to_owned()).collect()
}

/// Every name that stands before a value.
fn keys(value: &serde_json::Value, all: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                all.insert(key.clone());
                keys(value, all);
                // Parameters are a line of names with their values.
                let line = value.as_str().filter(|_| key == "parameters").unwrap_or_default();
                all.extend(line.split_whitespace().filter_map(|word| Some(word.split_once('=')?.0.replace('-', "_"))));
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys(value, all)),
        _ => {}
    }
}

/// What a link can say is said by one of the folder: a new field of a request or a view comes with a link of its own.
#[test]
fn every_field_of_a_link_is_in_one_that_is_kept() {
    let mut found = std::collections::BTreeSet::new();
    for (_, link) in meant() {
        keys(&serde_json::to_value(link).unwrap(), &mut found);
    }
    let (request, link) = (include_str!("../src/request.rs"), include_str!("../src/link.rs"));
    for (source, names) in [
        (request, &["Request", "Shot"][..]),
        (link, &["Link", "View", "Written", "Apart"]),
        (include_str!("../src/method.rs"), &["Parameters"]),
        (include_str!("../src/intervention.rs"), &["Intervention", "Scaled"]),
        (include_str!("../src/generation.rs"), &["Sampling"]),
        (include_str!("../src/wrote.rs"), &["Aside", "Chosen"]),
    ] {
        for name in names {
            let fields = fields(source, name);
            assert!(!fields.is_empty(), "{name} has fields");
            let missing: Vec<_> = fields.iter().filter(|field| !found.contains(*field)).collect();
            assert!(missing.is_empty(), "no link in tests/links says {missing:?} of {name}");
        }
    }
}
