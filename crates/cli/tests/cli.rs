//! The command as a person runs it: what it prints, and how it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use headlight_document::{AttentionKind, Explanation, Generated, Whose};
use serde_json::Value;

fn headlight(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_headlight")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FRANCE: [&str; 7] = ["explain", "--model", "smollm2", "--device", "cpu", "--text", "The capital of France is"];

#[test]
fn explain_prints_the_document_and_nothing_else() {
    let mut arguments = FRANCE.to_vec();
    arguments.extend(["--method", "saliency", "--method", "grad_x_input", "--read", "log_prob", "--attention", "full"]);
    let output = headlight(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Explanation = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document.output.top[0].text, " Paris");
    assert!((document.output.top[0].prob - 0.7725).abs() < 1e-3);
    assert_eq!(document.attributions.len(), 2);
    assert!(document.attributions.iter().all(|attribution| attribution.values.len() == document.input.tokens.len()));
    let attention = &document.attention[0];
    assert_eq!(attention.values.as_ref().unwrap().len(), 30 * 9 * 5 * 5);
    // The document reads back as it was written.
    let again: Explanation = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
    assert_eq!(again, document);
}

#[test]
fn the_page_and_the_terminal_show_the_same() {
    let formats = [
        ("text", "\" Paris\""),
        ("html", "<th scope=\"row\">·Paris</th>"),
        ("svg", ">capital</text>"),
        ("csv", "attribution,grad_x_input,,,,,,1,3,11,\" capital\","),
        ("methods", "Gradient × input (Shrikumar et al., 2016)"),
        ("bibtex", "@misc{shrikumar2016not,"),
    ];
    for (format, expected) in formats {
        let mut arguments = FRANCE.to_vec();
        arguments.extend(["--format", format]);
        let output = headlight(&arguments);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains(expected), "{format}");
    }
}

#[test]
fn a_report_a_drawing_and_a_paragraph_come_in_chinese() {
    let run = |format: &str, language: &str| {
        let output = headlight(&[&FRANCE[..], &["--format", format, "--language", language]].concat());
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    for (format, expected) in [
        ("html", "<html lang=\"zh-Hans\">"),
        ("html", "<h2>梯度×输入</h2>"),
        ("svg", ">橙色：反对该答案，蓝色：支持该答案</text>"),
        ("methods", "梯度×输入（Shrikumar et al., 2016）为每个词元给出"),
    ] {
        let (is_fine, said, error) = run(format, "zh");
        assert!(is_fine && said.contains(expected), "{format}: {said} {error}");
    }
    // What programs read is the same in every language.
    assert_eq!(run("csv", "zh").1.lines().next(), run("csv", "en").1.lines().next());
    assert_eq!(run("bibtex", "zh").1, run("bibtex", "en").1);
    let (is_fine, _, error) = run("html", "fr");
    assert!(!is_fine && error.contains("[possible values: en, zh]"), "{error}");
}

#[test]
fn heads_are_told_of_where_that_is_asked_for() {
    let explain =
        |rest: &[&str]| headlight(&[&["explain", "--model", "sentiment", "--device", "cpu", "--text"], rest].concat());
    let run = |format: &str| {
        let texts =
            ["A warm, funny and quietly moving film.", "--patch-from", "A cold, boring and quietly moving film."];
        let output =
            explain(&[&texts[..], &["--profile", "--lens", "--direct", "--ablate", "--format", format]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let document: Explanation = serde_json::from_str(&run("json")).unwrap();
    let heads = document.heads().unwrap();
    assert_eq!((heads.profiles[0].values.len(), heads.lens.as_ref().unwrap().values.len()), (72, 7));
    let direct = heads.direct.as_ref().unwrap();
    let shares = direct.heads[0].values.iter().chain(&direct.mlps).sum::<f64>();
    assert!((shares + direct.embedding + direct.biases + direct.rest - direct.logit).abs() < 1e-3);
    let effects = &heads.ablation.as_ref().unwrap().heads[0].values;
    let (greatest, _) = effects.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs())).unwrap();
    let lines = run("text");
    let line = lines.lines().skip_while(|line| !line.contains("loses most")).nth(1).unwrap();
    assert!(line.trim_start().starts_with(&format!("L{}H{} ", greatest / 12, greatest % 12)), "{line}");
    assert!(lines.contains("special tokens: L") && lines.contains("layers and stays so"), "{lines}");
    let file = std::env::temp_dir().join(format!("headlight-texts-{}.txt", std::process::id()));
    fs::write(&file, "A warm film.\n\n{\"text\": \"A cold film.\"}\n\"Nothing moved me.\"\n").unwrap();
    let path = file.to_string_lossy().into_owned();
    let output = explain(&["A fine film.", "--profile", "--texts", &path]);
    fs::remove_file(&file).unwrap();
    let document: Explanation = serde_json::from_str(&text(&output.stdout)).unwrap();
    let over = document.heads().unwrap().over_texts.unwrap();
    assert_eq!((over.values.len(), over.profiles[0].values.len(), over.ablation), (3, 72, None));
    // A text of another length has nothing to put in anywhere.
    let output = explain(&["A fine film.", "--patch-from", "A film."]);
    assert!(!output.status.success() && text(&output.stderr).contains("as many tokens"), "{}", text(&output.stderr));
}

#[test]
fn a_folder_is_a_model_too() {
    let cache = headlight_catalogue::cache().unwrap();
    let folder = cache.join("models").join("minilm");
    let folder = folder.to_str().unwrap();
    let output = headlight(&[
        "explain",
        "--model",
        folder,
        "--device",
        "cpu",
        "--text",
        "A cat sat on the mat.",
        "--second-text",
        "A kitten was resting on a rug.",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Explanation = serde_json::from_slice(&output.stdout).unwrap();
    assert!((document.target.value - 0.6356).abs() < 1e-3);
    assert_eq!(document.model.sha256.len(), 64);
}

#[test]
fn a_batch_goes_on_where_it_was_cut_and_ends_in_a_table() {
    let folder = Folder::new("batch", &[]);
    fs::create_dir_all(&folder.0).unwrap();
    let (input, output) = (folder.0.join("texts.jsonl"), folder.0.join("documents.jsonl"));
    let lexicon = folder.0.join("lexicon.txt");
    let lines = [
        r#""A warm and funny film.""#,
        r#"{"text": "Dull and far too long.", "rationale": [[0, 4]]}"#,
        r#"{"text": "  "}"#,
        r#"{"text": "好电影 🙂 <b>x</b>", "target": "label:positive"}"#,
    ];
    fs::write(&input, lines.join("\n")).unwrap();
    fs::write(&lexicon, "warm\t1.2\t0.5\nfunny\t1.9\ndull\t-1.7\n").unwrap();
    let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
    let run = |more: &[&str]| {
        let mut arguments =
            vec!["batch", "--model", "sentiment", "--device", "cpu", "--input", input, "--output", output];
        arguments.extend([
            "--method",
            "grad_x_input",
            "--method",
            "occlusion",
            "--measure",
            "curves",
            "--measure",
            "erasure",
        ]);
        arguments.extend(more);
        headlight(&arguments)
    };
    let whole = run(&["--format", "json", "--lexicon", lexicon.to_str().unwrap()]);
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let table: Value = serde_json::from_slice(&whole.stdout).unwrap();
    // A text without letters cannot be answered, and does not hold up the others.
    assert_eq!((&table["texts"], &table["failed"]), (&3.into(), &1.into()));
    let methods: Vec<&str> =
        table["rows"].as_array().unwrap().iter().map(|row| row["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["grad_x_input", "occlusion", "random"]);
    assert_eq!(table["agreement"].as_array().unwrap().len(), 1);
    let figures = table["rows"][1]["figures"].as_array().unwrap();
    let mean = |name: &str| figures.iter().find(|one| one["figure"] == name).unwrap()["mean"].as_f64().unwrap();
    // The table has the mean of what the documents say.
    let written = fs::read_to_string(output).unwrap();
    let documents: Vec<Explanation> = written
        .lines()
        .filter(|line| !line.contains("headlight/failure@1"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((written.lines().count(), documents.len()), (4, 3));
    let area =
        |document: &Explanation| document.faithfulness.as_ref().unwrap().methods[1].deletion.as_ref().unwrap().area;
    assert!((mean("deletion_area") - documents.iter().map(area).sum::<f64>() / 3.0).abs() < 1e-9);
    assert!((0.0..=1.0).contains(&mean("plausibility_auprc")));

    // Cut off in the middle of the last line: what was whole stays as it is.
    let kept: String = written.lines().take(2).map(|line| format!("{line}\n")).collect();
    fs::write(output, format!("{kept}{}", &written[kept.len()..kept.len() + 20])).unwrap();
    let again = run(&[]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let after = fs::read_to_string(output).unwrap();
    assert!(after.starts_with(&kept) && after.lines().count() == 4);
    assert!(text(&again.stdout).contains("Random orders"), "{}", text(&again.stdout));

    // Another question's answers are not gone on with, and a line that is none is named.
    let other = run(&["--read", "prob"]);
    assert!(!other.status.success() && text(&other.stderr).contains("another question"), "{}", text(&other.stderr));
    fs::write(input, "not JSON").unwrap();
    assert!(text(&run(&[]).stderr).contains("Line 1 of the input"));
}

/// A folder of a test's own with files of registered models in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("headlight-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for (from, to) in files {
            let to = path.join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let from = headlight_catalogue::cache().unwrap().join("models").join(from);
            fs::copy(&from, &to).expect("the models are missing: run `cargo xtask models`");
        }
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn explained(model: &str, more: &[&str]) -> Explanation {
    let mut arguments = vec!["explain", "--device", "cpu", "--attention", "full", "--model", model];
    arguments.extend(more);
    let output = headlight(&arguments);
    assert!(output.status.success(), "{model}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Holds a folder's answer against that of the same model as it is registered.
fn alike(folder: &Explanation, registered: &Explanation) {
    assert_eq!(folder.model.sha256, registered.model.sha256);
    assert_eq!(folder.model.family, registered.model.family);
    assert_eq!((&folder.input, &folder.output), (&registered.input, &registered.output));
    assert_eq!((&folder.target, &folder.attributions), (&registered.target, &registered.attributions));
    assert_eq!(folder.attention, registered.attention);
}

#[test]
fn a_folder_with_an_onnx_model_labels_tokens() {
    let asked = ["--text", "My name is Maria Lopez and I live in Boston.", "--target", "label:B-GIVEN_NAME"];
    let registered = explained("rampart", &asked);
    let at = |piece: &str| registered.input.tokens.iter().position(|token| token.text.eq_ignore_ascii_case(piece));
    let label = |piece: &str| registered.output.labels[at(piece).unwrap()].label.as_str();
    assert_eq!((label("maria"), label("live")), ("B-GIVEN_NAME", "O"));

    let cache = headlight_catalogue::cache().unwrap().join("models/rampart");
    alike(&explained(cache.to_str().unwrap(), &asked), &registered);
    // As its repository has it.
    let small = [("rampart/config.json", "config.json"), ("rampart/tokenizer.json", "tokenizer.json")];
    let weights = "rampart/model_q4.onnx";
    let files = [small[0], small[1], (weights, "onnx/model_quantized.onnx"), (weights, "onnx/model_q4.onnx")];
    let folder = Folder::new("onnx", &files);
    alike(&explained(folder.path(), &asked), &registered);
    let mut named = asked.to_vec();
    named.extend(["--weights", "onnx/model_q4.onnx"]);
    alike(&explained(folder.path(), &named), &registered);
    let inspected = text(&headlight(&["models", "inspect", folder.path()]).stdout);
    assert!(inspected.contains("bert.encoder.layer.0.attention.self.query.weight"), "{inspected}");
}

#[test]
fn a_folder_with_a_marian_model_translates() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/marian-enpt/translations.json");
    let golden: Value = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let first = &golden["sentences"][0];
    let asked = ["--task", "translate", "--text", first["text"].as_str().unwrap()];
    let registered = explained("marian-enpt", &asked);
    assert_eq!(registered.output.text.as_deref(), first["native"].as_str());

    let cache = headlight_catalogue::cache().unwrap().join("models/marian-enpt");
    let folder = explained(cache.to_str().unwrap(), &asked);
    alike(&folder, &registered);
    assert_eq!(folder.attention.len(), 2, "within the text, and from one text to the other");
}

#[test]
fn a_translation_that_was_led_is_explained_as_it_stands() {
    let asked = ["--text", "The cat sleeps on the mat.", "--device", "cpu"];
    let written = |more: &[&str]| -> Generated {
        let output =
            headlight(&[&["generate", "--model", "marian-enpt", "--format", "json"], &asked[..], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let own = written(&[]);
    let step = &own.steps[1];
    let other = step.top.iter().find(|one| one.id != step.token.id).unwrap().id;
    let begun = format!("{},{other}", own.steps[0].token.id);
    // It is told again, and gone on with.
    let led = written(&["--begun", &begun, "--tokens", "4"]);
    assert_eq!((led.steps[0].token.id, led.steps[1].token.id, led.steps.len()), (own.steps[0].token.id, other, 6));
    assert_eq!(led.steps[1].top, step.top);
    // Its decision is explained after that beginning, and of the same probability.
    let document = explained(
        "marian-enpt",
        &["--task", "translate", asked[0], asked[1], "--begun", &begun, "--target", "output@2", "--read", "prob"],
    );
    assert_eq!(document.output.tokens[1].id, other);
    assert_eq!(document.target.id, Some(led.steps[2].token.id));
    assert!((document.target.value - led.steps[2].token.prob).abs() < 1e-4, "{}", document.target.value);
    assert_eq!(document.request.unwrap().begun, [own.steps[0].token.id, other]);
    // Nothing else begins so.
    let output = headlight(&[&FRANCE[..], &["--begun", "7"]].concat());
    assert!(!output.status.success() && text(&output.stderr).contains("the task continue has no such thing"));
    let output = headlight(&[
        "explain",
        "--model",
        "marian-enpt",
        "--task",
        "translate",
        "--text",
        "A",
        "--device",
        "cpu",
        "--begun",
        "999999",
    ]);
    assert!(!output.status.success() && text(&output.stderr).contains("999999"), "{}", text(&output.stderr));
}

#[test]
fn generate_says_where_the_model_looks_as_it_writes() {
    let run = |model: &str, words: &str, more: &[&str]| {
        let all = [&["generate", "--device", "cpu", "--tokens", "5", "--model", model, "--text", words], more].concat();
        let output = headlight(&all);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let read = |json: String| serde_json::from_str::<Generated>(&json).unwrap();
    let first = "The capital of France is";
    let found = read(run("smollm2", first, &["--format", "json", "--gaze", "--layer", "5", "--head", "2"]));
    let gazed = found.gazed.unwrap();
    assert_eq!(gazed.gazed.unwrap().whose, Whose::Head(5, 2));
    assert_eq!((gazed.rows.len(), found.triangle), (5, None));
    // As each is written, the model is at the token before it: of the first one that is the last row of the text's own map.
    let document = explained("smollm2", &["--text", first]);
    let map = document.attention[0].head(5, 2).unwrap();
    let last = &map[map.len() - 5..];
    assert!(gazed.rows[0].attention.iter().zip(last).all(|(a, b)| (a - f64::from(*b)).abs() < 1e-4));
    for (step, row) in gazed.rows.iter().enumerate() {
        assert_eq!(row.attention.len(), 5 + step);
        assert!((row.attention.iter().sum::<f64>() - 1.0).abs() < 1e-4);
    }
    let lines = run("smollm2", first, &["--gaze"]);
    assert!(lines.contains("looks as it writes each token (layer 29, mean of its heads):"), "{lines}");
    // A translator's is to the text, unless its own is asked for.
    let of = |gaze: &[&str]| {
        let found = read(run("marian-enpt", "A cat.", &[&["--format", "json", "--triangle"], gaze].concat()));
        (found.gazed.unwrap(), found.triangle.unwrap())
    };
    let (gazed, triangle) = of(&["--gaze", "--layer", "0"]);
    assert_eq!(gazed.gazed.unwrap().kind, AttentionKind::Cross);
    assert_eq!((gazed.columns.len(), gazed.rows.len()), (triangle.text, triangle.rows.len()));
    for (arguments, expected) in [
        (&["--gaze", "cross"][..], "attention"),
        (&["--gaze", "--layer", "99"], "there is no layer 99"),
        (&["--layer", "3"], "--gaze"),
    ] {
        let all = [&["generate", "--device", "cpu", "--model", "smollm2", "--text", "x"][..], arguments].concat();
        let output = headlight(&all);
        assert!(!output.status.success() && text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn what_is_no_model_by_its_first_bytes_is_told_so() {
    let small = [("rampart/config.json", "config.json"), ("rampart/tokenizer.json", "tokenizer.json")];
    let folder = Folder::new("none", &small);
    for (name, content, expected) in [
        ("pytorch_model.bin", &b"PK\x03\x04 and so on"[..], "only as pytorch_model.bin, a format that can run code"),
        ("model.bin", b"PK\x03\x04 and so on", "is not a Marian model"),
        ("model.bin", b"\x80\x02}q\x00(X\x05\x00\x00\x00", "is not a Marian model"),
        ("model.bin", b"\x80", "is truncated"),
        ("model.bin", &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0], "is truncated"),
        ("model.onnx", b"PK\x03\x04 and so on", "is not a whole ONNX model"),
        ("model.gguf", b"PK\x03\x04 and so on", "is not a GGUF file"),
    ] {
        fs::write(folder.0.join(name), content).unwrap();
        let output = headlight(&["explain", "--device", "cpu", "--model", folder.path(), "--text", "x"]);
        let message = text(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}");
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        fs::remove_file(folder.0.join(name)).unwrap();
    }
}

#[test]
fn an_unknown_architecture_is_named_beside_the_known_ones() {
    let small = [("rampart/tokenizer.json", "tokenizer.json"), ("rampart/model_q4.onnx", "model.onnx")];
    let folder = Folder::new("unknown", &small);
    fs::write(folder.0.join("config.json"), br#"{"architectures":["MambaForCausalLM"],"model_type":"mamba"}"#).unwrap();
    let message = text(&headlight(&["explain", "--device", "cpu", "--model", folder.path(), "--text", "x"]).stderr);
    assert!(message.contains("\"mamba\" is not one that Headlight can run"), "{message}");
    let known = [
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "gpt2",
        "gpt_neox",
        "bert",
        "distilbert",
        "roberta",
        "electra",
        "marian",
        "t5",
    ];
    assert!(known.iter().all(|known| message.contains(known)), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
}

#[test]
fn what_goes_wrong_is_one_plain_sentence_and_a_failure() {
    let cases: [(&[&str], &str); 5] = [
        (&["explain", "--model", "nothing", "--text", "x"], "There is no model \"nothing\""),
        (&["explain", "--model", "smollm2", "--text", " "], "Type some text first."),
        (&["explain", "--model", "smollm2", "--text", "x", "--target", "next:two words"], "is not a single token"),
        (
            &["explain", "--model", "smollm2", "--text", "x", "--task", "compare", "--second-text", "y"],
            "cannot do the task",
        ),
        (&["explain", "--model", env!("CARGO_MANIFEST_DIR"), "--text", "x"], "holds no model"),
    ];
    for (arguments, expected) in cases {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--device", "cpu"]);
        let output = headlight(&arguments);
        assert!(!output.status.success());
        let message = text(&output.stderr);
        assert!(message.contains(expected), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn models_are_listed_and_inspected() {
    let list = text(&headlight(&["models"]).stdout);
    assert!(list.contains("smollm2") && list.contains("minilm"), "{list}");
    let inspected = text(&headlight(&["models", "inspect", "minilm"]).stdout);
    assert!(
        inspected.contains("embeddings.word_embeddings.weight") && inspected.contains("[30522, 384]"),
        "{inspected}"
    );
}
