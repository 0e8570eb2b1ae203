use super::*;

fn items(files: &[(&str, u64)]) -> Vec<Item> {
    files.iter().map(|(path, bytes)| Item { path: (*path).to_owned(), bytes: *bytes, sha256: None }).collect()
}

fn chosen(files: &[(&str, u64)], weights: Option<&str>) -> Result<Vec<(FileRole, String)>, HubError> {
    let plan = choose(&items(files), weights)?;
    Ok(plan.files.into_iter().map(|planned| (planned.role, planned.item.path)).collect())
}

fn names(files: &[(&str, u64)]) -> Vec<String> {
    chosen(files, None).unwrap().into_iter().map(|(_, path)| path).collect()
}

const SMALL: [(&str, u64); 2] = [("config.json", 10), ("tokenizer.json", 20)];

fn with(more: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
    SMALL.iter().chain(more).copied().collect()
}

#[test]
fn a_plain_repository_is_taken_without_what_is_not_needed() {
    let files = with(&[
        (".gitattributes", 1),
        ("README.md", 5),
        ("model.safetensors", 900),
        ("pytorch_model.bin", 900),
        ("onnx/model.onnx", 900),
        ("tf_model.h5", 900),
        ("vocab.txt", 7),
        ("tokenizer_config.json", 3),
        ("special_tokens_map.json", 2),
        ("generation_config.json", 1),
        ("1_Pooling/config.json", 1),
    ]);
    let plan = choose(&items(&files), None).unwrap();
    assert_eq!(
        plan.files.iter().map(|planned| planned.item.path.as_str()).collect::<Vec<_>>(),
        [
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "generation_config.json",
            "model.safetensors"
        ]
    );
    assert_eq!(plan.bytes(), 10 + 20 + 3 + 2 + 1 + 900);
    assert_eq!(plan.others, ["onnx/model.onnx"]);
}

#[test]
fn tokenizers_come_in_three_forms() {
    let weights = ("model.safetensors", 9);
    let vocab = [("config.json", 1), ("vocab.txt", 2), weights];
    assert_eq!(chosen(&vocab, None).unwrap()[1], (FileRole::Vocabulary, "vocab.txt".to_owned()));
    let pair = [("config.json", 1), ("vocab.json", 2), ("merges.txt", 3), ("added_tokens.json", 1), weights];
    assert_eq!(names(&pair), ["config.json", "vocab.json", "merges.txt", "added_tokens.json", "model.safetensors"]);
    for lacking in [&[("config.json", 1), weights][..], &[("config.json", 1), ("vocab.json", 1), weights]] {
        assert_eq!(chosen(lacking, None), Err(HubError::NoTokenizer));
    }
    assert_eq!(chosen(&[("tokenizer.json", 1), weights], None), Err(HubError::NoConfig));
}

#[test]
fn weights_in_several_files_have_to_be_complete() {
    let index = ("model.safetensors.index.json", 4);
    let (one, two) = (("model-00001-of-00002.safetensors", 50), ("model-00002-of-00002.safetensors", 60));
    let plan = chosen(&with(&[two, index, one]), None).unwrap();
    assert_eq!(plan[2], (FileRole::Index, index.0.to_owned()));
    assert_eq!(plan[3], (FileRole::Weights, one.0.to_owned()));
    assert_eq!(plan[4], (FileRole::Weights, two.0.to_owned()));
    assert_eq!(plan.len(), 5);
    for files in [vec![index, one], vec![index], vec![index, ("model-00000-of-00000.safetensors", 1)]] {
        assert!(matches!(chosen(&with(&files), None), Err(HubError::MissingShard { .. })), "{files:?}");
    }
    let absurd = with(&[index, ("model-00001-of-99999.safetensors", 1)]);
    assert!(matches!(chosen(&absurd, None), Err(HubError::TooMany { .. })));
}

#[test]
fn a_gguf_file_needs_nothing_beside_it() {
    let files = [("README.md", 1), ("m-Q2_K.gguf", 10), ("m-Q4_K_M.gguf", 20), ("m-Q8_0.gguf", 30)];
    let plan = choose(&items(&files), None).unwrap();
    assert_eq!(plan.files.len(), 1);
    assert_eq!(plan.files[0].item.path, "m-Q4_K_M.gguf");
    assert_eq!(plan.others, ["m-Q2_K.gguf", "m-Q8_0.gguf"]);
    for given in ["m-Q8_0.gguf", "Q8_0", "q8_0", " q8_0 "] {
        assert_eq!(chosen(&files, Some(given)).unwrap(), [(FileRole::Weights, "m-Q8_0.gguf".to_owned())]);
    }
    // Safetensors come first, and a name overrules that.
    let both = with(&[("model.safetensors", 100), ("m-Q8_0.gguf", 30)]);
    assert_eq!(chosen(&both, None).unwrap().last().unwrap().1, "model.safetensors");
    assert_eq!(chosen(&both, Some("Q8_0")).unwrap().len(), 1);
    for given in ["Q6_K", "../m-Q8_0.gguf", "config.json", "README.md"] {
        assert!(matches!(chosen(&files, Some(given)), Err(HubError::NotThere { .. })), "{given}");
    }
}

#[test]
fn an_onnx_model_is_taken_where_nothing_better_is() {
    let onnx = |path: &'static str| (path, 30);
    let folder = with(&[onnx("onnx/model_q4.onnx"), onnx("onnx/model_quantized.onnx"), onnx("onnx/model.onnx")]);
    let plan = choose(&items(&folder), None).unwrap();
    let taken: Vec<_> = plan.files.iter().map(|planned| (planned.role, planned.item.path.as_str())).collect();
    let small = [(FileRole::Config, "config.json"), (FileRole::Tokenizer, "tokenizer.json")];
    assert_eq!(taken, [small[0], small[1], (FileRole::Weights, "onnx/model.onnx")]);
    assert_eq!(plan.others, ["onnx/model_q4.onnx", "onnx/model_quantized.onnx"]);
    let last = |files: &[(&str, u64)], weights| chosen(files, weights).map(|files| files.last().unwrap().1.clone());
    assert_eq!(last(&folder, Some("onnx/model_q4.onnx")).unwrap(), "onnx/model_q4.onnx");
    // The folder's own comes before one below it, and the exact one before both.
    let both = [onnx("onnx/model_quantized.onnx"), onnx("model_quantized.onnx"), onnx("model_q4.onnx")];
    assert_eq!(last(&with(&both), None).unwrap(), "model_quantized.onnx");
    // As Rampart's package has it, and as its files lie in a folder of their own; any name does where it is the only one.
    for name in ["onnx/model_q4.onnx", "model_q4.onnx", "classifier.onnx"] {
        assert_eq!(last(&with(&[onnx(name)]), None).unwrap(), name);
    }
    for better in ["model.safetensors", "m-Q8_0.gguf"] {
        assert_eq!(last(&with(&[onnx("model.onnx"), (better, 90)]), None).unwrap(), better);
        assert_eq!(last(&with(&[onnx("model.onnx"), (better, 90)]), Some("model.onnx")).unwrap(), "model.onnx");
    }
    assert_eq!(last(&with(&[onnx("model.onnx"), ("pytorch_model.bin", 90)]), None).unwrap(), "model.onnx");

    assert!(matches!(last(&with(&[onnx("a.onnx"), onnx("b.onnx")]), None), Err(HubError::Ambiguous { .. })));
    let parts =
        with(&[onnx("onnx/encoder_model.onnx"), onnx("onnx/decoder_model_merged.onnx"), onnx("old/model.onnx")]);
    assert_eq!(last(&parts, None), Err(HubError::NoWeights));
    assert_eq!(last(&[("tokenizer.json", 1), onnx("model.onnx")], None), Err(HubError::NoConfig));
    assert_eq!(last(&[("config.json", 1), onnx("model.onnx")], None), Err(HubError::NoTokenizer));
}

#[test]
fn marians_bin_is_taken_last_of_all_and_needs_no_configuration() {
    let bin = ("model.enpt.intgemm.alphas.bin", 17);
    let beside = [("tokenizer.json", 2), ("lex.50.50.enpt.s2t.bin", 4), ("training_args.bin", 1)];
    let folder: Vec<_> = beside.iter().copied().chain([bin]).collect();
    let taken = [(FileRole::Tokenizer, "tokenizer.json".to_owned()), (FileRole::Weights, bin.0.to_owned())];
    assert_eq!(chosen(&folder, None).unwrap(), taken);
    assert_eq!(chosen(&folder, Some(bin.0)).unwrap(), taken);
    assert!(choose(&items(&folder), None).unwrap().others.is_empty());
    // A configuration that is there is taken: the file may turn out to be of another format.
    assert_eq!(names(&with(&[bin])), ["config.json", "tokenizer.json", bin.0]);
    assert_eq!(chosen(&[bin], None), Err(HubError::NoTokenizer));
    for better in ["model.safetensors", "m-Q8_0.gguf", "model.onnx"] {
        let both = with(&[bin, (better, 90)]);
        assert_eq!(names(&both).last().unwrap(), better);
        assert_eq!(chosen(&both, Some(bin.0)).unwrap().last().unwrap().1, bin.0);
        assert_eq!(choose(&items(&both), None).unwrap().others, [bin.0]);
    }
    assert_eq!(names(&with(&[bin, ("pytorch_model.bin", 9)])).last().unwrap(), bin.0);
    let two = with(&[bin, ("model.pten.intgemm.alphas.bin", 17)]);
    assert!(matches!(chosen(&two, None), Err(HubError::Ambiguous { .. })));
    assert!(matches!(chosen(&folder, Some("lex.50.50.enpt.s2t.bin")), Err(HubError::NotThere { .. })));
    // What other libraries call so, and what lies in a folder below, is none.
    for name in ["openvino_model.bin", "ggml-model-f16.bin", "old/model.bin"] {
        assert_eq!(chosen(&with(&[(name, 9)]), None), Err(HubError::NoWeights));
    }
}

#[test]
fn pickles_adapters_and_riddles_are_refused() {
    for name in [
        "pytorch_model.bin",
        "pytorch_model-00001-of-00002.bin",
        "0_Transformer/PyTorch_Model.bin",
        "adapter_model.bin",
        "model.pt",
        "model.CKPT",
        "weights/x.pkl",
        "flax_model.msgpack",
    ] {
        let error = chosen(&with(&[(name, 9)]), None).unwrap_err();
        assert_eq!(error, HubError::OnlyPickles { name: name.to_owned() });
    }
    let trained = with(&[("training_args.bin", 1)]);
    assert_eq!(chosen(&trained, None), Err(HubError::NoWeights));
    assert!(matches!(
        chosen(&with(&[("pytorch_model.bin", 1)]), Some("pytorch_model.bin")),
        Err(HubError::OnlyPickles { .. })
    ));
    assert!(matches!(chosen(&with(&[("adapter_model.safetensors", 9)]), None), Err(HubError::Adapter { .. })));
    assert!(matches!(
        chosen(&with(&[("a.safetensors", 9), ("b.safetensors", 9)]), None),
        Err(HubError::Ambiguous { .. })
    ));
    assert_eq!(chosen(&with(&[("a.safetensors", 9)]), None).unwrap().len(), 3);
    assert_eq!(chosen(&[], None), Err(HubError::NoWeights));
    assert_eq!(chosen(&[("onnx/x.safetensors", 4)], None), Err(HubError::NoWeights));
}

#[test]
fn hostile_names_and_absurd_sizes_are_refused() {
    for name in ["../config.json", "/etc/passwd", "a\\b", "x/../../y"] {
        let files = with(&[("model.safetensors", 9), (name, 1)]);
        assert!(matches!(chosen(&files, None), Err(HubError::UnsafeName { .. })), "{name}");
    }
    let large = |files: &[(&str, u64)]| matches!(chosen(files, None), Err(HubError::TooLarge { .. }));
    assert!(large(&with(&[("model.safetensors", u64::MAX)])));
    assert!(large(&[("config.json", 1 << 40), ("tokenizer.json", 1), ("model.safetensors", 1)]));
    let half = limits::MODEL_BYTES / 2 + 1;
    assert!(large(&with(&[
        ("model.safetensors.index.json", 1),
        ("model-00001-of-00002.safetensors", half),
        ("model-00002-of-00002.safetensors", half),
    ])));
    assert!(matches!(chosen(&with(&[("model.safetensors", 0)]), None), Err(HubError::Empty { .. })));
}
