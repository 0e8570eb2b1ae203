//! Frozen links and documents that nobody vouches for, on the page's own precomputed explanation: what is rounded and by how
//! much, what gives way where there is no room, and that nothing cut, altered or invented gets through or breaks anything.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/dice.rs"]
mod dice;

use dice::Dice;
use headlight_document::frozen::{Amount, MAX_FROZEN_BYTES, OpenMap, PREFIX, VALUE_ERROR, WEIGHT_ERROR};
use headlight_document::link::{LinkError, MAX_FRAGMENT_BYTES, View};
use headlight_document::{
    Attention, AttentionKind, DocumentError, Explanation, Faithfulness, Frozen, InputToken, Method, Overview,
};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../web/page/assets/sample.json");

fn sample() -> Explanation {
    serde_json::from_str(SAMPLE).unwrap()
}

/// The sample said over and over, so that its text has `times` as many tokens.
fn long(times: usize) -> Explanation {
    let mut document = sample();
    let once = document.input.tokens.clone();
    let each = once.len();
    document.input.text = document.input.text.repeat(times);
    document.input.tokens = (0..each * times)
        .map(|at| InputToken { start: at, end: at + 1, word: Some(at), ..once[at % each].clone() })
        .collect();
    let count = each * times;
    for attribution in &mut document.attributions {
        attribution.values = (0..count).map(|at| attribution.values[at % each] * (1.0 + at as f64 / 7.0)).collect();
    }
    let Attention { kind, layers, heads, .. } = document.attention[0];
    let weight = |at: usize| {
        let (row, column, map) = (at / count % count, at % count, at / count / count);
        // As little alike as can be, which compresses worst.
        if column > row { 0.0 } else { Dice((map * 97 + row * 7 + column * 1013) as u64).below(1000) as f32 / 1000.0 }
    };
    let values = Some((0..layers * heads * count * count).map(weight).collect());
    let summary = document.attention[0].summary.take().map(|mut summary| {
        summary.received = vec![0.1; count];
        summary
    });
    document.attention =
        vec![Attention { kind, layers, heads, rows: count, columns: count, values, overview: None, summary }];
    assert_eq!(document.validate(), Ok(()));
    document
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= VALUE_ERROR * a.abs()
}

#[test]
fn what_a_frozen_link_says_is_off_by_no_more_than_is_stated() {
    let document = sample();
    let view = View { head: Some((5, 2)), token: Some(3), ..View::default() };
    let (fragment, amount, _) = Frozen::of(document.clone(), view.clone(), None).encode().unwrap();
    println!("{} tokens: {} bytes, {amount:?}", document.input.tokens.len(), fragment.len());
    assert!(fragment.len() <= MAX_FRAGMENT_BYTES && fragment.starts_with(PREFIX));
    assert_eq!(amount, Amount::All, "a short text goes in whole");
    let frozen = Frozen::decode(&format!("#{fragment}")).unwrap();
    assert_eq!((&frozen.view, frozen.amount, frozen.is_cut), (&view, amount, false));
    assert_eq!((&frozen.document.model, &frozen.document.input), (&document.model, &document.input));
    assert_eq!((&frozen.document.output, &frozen.document.target), (&document.output, &document.target));
    for (ours, theirs) in frozen.document.attributions.iter().zip(&document.attributions) {
        assert!(theirs.values.iter().zip(&ours.values).all(|(a, b)| close(*a, *b)));
        assert_eq!((ours.method, &ours.checks), (theirs.method, &theirs.checks));
    }
    let (ours, theirs) = (&frozen.document.attention[0], &document.attention[0]);
    let all = ours.values.as_ref().unwrap().iter().zip(theirs.values.as_ref().unwrap());
    let worst = all.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("worst weight: {worst}");
    assert!(worst > 0.0 && worst <= WEIGHT_ERROR + 1e-6);
    let figures = |one: &Attention| one.summary.clone().unwrap().entropy;
    assert!(figures(theirs).iter().zip(figures(ours)).all(|(a, b)| close(f64::from(*a), f64::from(b))));
    // What was rounded once is the same when it is shared again.
    let again = Frozen { amount: Amount::All, ..Frozen::of(frozen.document.clone(), view, frozen.open.clone()) };
    assert_eq!(again.encode().unwrap().0, fragment);
}

#[test]
fn what_has_no_room_gives_way_and_that_is_said() {
    let mut met = Vec::new();
    for times in [1, 8, 31, 35, 60] {
        let document = long(times);
        let view = View { head: Some((5, 2)), ..View::default() };
        let Ok((fragment, amount, _)) = Frozen::of(document.clone(), view, None).encode() else {
            println!("{} tokens: too large", document.input.tokens.len());
            continue;
        };
        println!("{} tokens: {} bytes, {amount:?}", document.input.tokens.len(), fragment.len());
        assert!(fragment.len() <= MAX_FRAGMENT_BYTES);
        let frozen = Frozen::decode(&fragment).unwrap();
        assert_eq!(frozen.amount, amount);
        let attention = &frozen.document.attention[0];
        let theirs = document.attention[0].head(5, 2).unwrap();
        assert_eq!(attention.values.is_some(), amount == Amount::All);
        match amount {
            Amount::All => assert!(frozen.open.is_none()),
            Amount::Small | Amount::OpenHead => {
                let open = frozen.open.as_ref().unwrap();
                assert_eq!((open.kind, open.layer, open.head), (attention.kind, 5, 2));
                assert!(open.values.iter().zip(theirs).all(|(a, b)| (a - b).abs() <= WEIGHT_ERROR + 1e-6));
            }
            Amount::Nothing => assert!(frozen.open.is_none() && attention.summary.is_none()),
        }
        if let Some(Overview { rows, columns, values }) = &attention.overview {
            assert!(*rows <= 8 && *columns <= 8);
            let greatest = theirs.iter().copied().fold(0.0, f32::max);
            let head = &values[(5 * attention.heads + 2) * rows * columns..][..rows * columns];
            assert!((head.iter().copied().fold(0.0, f32::max) - greatest).abs() <= WEIGHT_ERROR + 1e-6);
        }
        met.push(amount);
    }
    for amount in Amount::ALL {
        assert!(met.contains(&amount), "{amount:?} is met: {met:?}");
    }
}

#[test]
fn a_map_that_is_at_hand_elsewhere_comes_along() {
    let mut document = long(2);
    let map = document.attention[0].head(5, 2).unwrap().to_vec();
    document.attention[0].values = None;
    document.faithfulness = Some(Faithfulness { methods: Vec::new(), ..Faithfulness::default() });
    let kind = AttentionKind::SelfAttention;
    let open = OpenMap { kind, layer: 5, head: 2, values: map.clone() };
    let frozen = Frozen::of(document.clone(), View::default(), Some(open.clone()));
    let read = Frozen::decode(&frozen.encode().unwrap().0).unwrap();
    assert!(read.is_cut && read.document.faithfulness.is_none());
    assert!(read.open.unwrap().values.iter().zip(&map).all(|(a, b)| (a - b).abs() <= WEIGHT_ERROR + 1e-6));
    // A head that the model does not have is nobody's.
    for wrong in [OpenMap { layer: 99, ..open.clone() }, OpenMap { kind: AttentionKind::Cross, ..open.clone() }] {
        let (fragment, ..) = Frozen::of(document.clone(), View::default(), Some(wrong)).encode().unwrap();
        assert_eq!(Frozen::decode(&fragment), Err(LinkError::Damaged));
    }
    let short = OpenMap { values: map[1..].to_vec(), ..open };
    let (fragment, ..) = Frozen::of(document, View::default(), Some(short)).encode().unwrap();
    assert_eq!(Frozen::decode(&fragment), Err(LinkError::Damaged));
}

/// Frozen links that were made by earlier versions' own code (the commit stands in the file's name) still say what they said.
/// What they said stands here and is not worked out by today's code.
#[test]
fn frozen_links_of_earlier_versions_say_what_they_said() {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
    let all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!all.is_empty());
    for path in all {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fragment = std::fs::read_to_string(&path).unwrap();
        let frozen = Frozen::decode(fragment.trim()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Explanation { model, input, output, target, attributions, attention, .. } = &frozen.document;
        assert_eq!((&*model.id, model.layers, model.heads, &*model.device), ("smollm2", 30, 9, "cpu"), "{name}");
        assert_eq!(model.sha256, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", "{name}");
        let tokens: Vec<_> = input.tokens.iter().map(|token| (&*token.text, token.start, token.end)).collect();
        let said = [("The", 0, 3), (" capital", 3, 11), (" of", 11, 14), (" France", 14, 21), (" is", 21, 24)];
        assert_eq!((&*input.text, &*tokens), ("The capital of France is", &said[..]), "{name}");
        assert_eq!((target.id, &*target.text, target.position), (Some(7042), " Paris", Some(4)), "{name}");
        assert!(close(target.value, 17.371_26) && close(output.top[0].prob, 0.772_533) && output.top.len() == 10);
        let values = [
            (Method::Saliency, [38.736_11, 29.211_87, 7.054_27, 12.975_91, 5.274_69]),
            (Method::GradXInput, [2.497_54, 3.077_26, 1.788_80, -0.733_49, -0.883_41]),
        ];
        for (ours, (method, theirs)) in attributions.iter().zip(values) {
            assert_eq!(ours.method, method, "{name}");
            assert!(ours.values.iter().zip(theirs).all(|(a, b)| close(b, *a)), "{name}: {:?}", ours.values);
        }
        assert_eq!((attributions.len(), frozen.view.head), (2, Some((23, 4))), "{name}");
        let row = [0.067_17, 0.012_18, 0.008_34, 0.903_34, 0.008_97];
        let map = frozen.open.as_ref().map(|open| &*open.values).or_else(|| attention[0].head(23, 4)).unwrap();
        assert!(
            map[20..].iter().zip(row).all(|(a, b)| (a - b).abs() <= WEIGHT_ERROR + 1e-5),
            "{name}: {:?}",
            &map[20..]
        );
    }
}

fn fragment_of(bytes: &[u8]) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&miniz_oxide::deflate::compress_to_vec(bytes, 9)))
}

fn framed(head: &Value, weights: &[u8]) -> String {
    let head = serde_json::to_vec(head).unwrap();
    let length = u32::try_from(head.len()).unwrap();
    fragment_of(&[&length.to_le_bytes()[..], &head, weights].concat())
}

#[test]
fn bombs_strangers_and_wrong_shapes_are_refused() {
    assert_eq!(Frozen::decode(&fragment_of(&vec![0; MAX_FROZEN_BYTES + 1])), Err(LinkError::TooLarge));
    assert_eq!(Frozen::decode(&format!("{PREFIX}{}", "A".repeat(MAX_FRAGMENT_BYTES))), Err(LinkError::TooLarge));
    assert_eq!(Frozen::decode("f2.AAAA"), Err(LinkError::UnknownVersion));
    assert_eq!(Frozen::decode("1.AAAA"), Err(LinkError::UnknownVersion));
    assert_eq!(Frozen::decode("f1.<script>"), Err(LinkError::Damaged));
    for bytes in [&[][..], &[1, 0, 0], &[255, 255, 255, 255, b'{'], &[2, 0, 0, 0, b'{', b'}']] {
        assert_eq!(Frozen::decode(&fragment_of(bytes)), Err(LinkError::Damaged));
    }
    let mut document: Value = serde_json::from_str(SAMPLE).unwrap();
    document["attention"] = json!([{
        "kind": "self", "layers": 500, "heads": 500, "rows": 8000, "columns": 8000, "values": []
    }]);
    // It claims 16 trillion weights, and has none.
    assert_eq!(
        Frozen::decode(&framed(&json!({ "document": document, "amount": "all" }), &[])),
        Err(LinkError::Damaged)
    );
    document["attention"] = json!([]);
    let head = json!({ "document": document, "amount": "all" });
    assert!(Frozen::decode(&framed(&head, &[])).is_ok());
    assert_eq!(Frozen::decode(&framed(&head, &[7])), Err(LinkError::Damaged), "weights that nobody has");
    document["attributions"][0]["values"] = json!([1.0]);
    let head = json!({ "document": document, "amount": "all" });
    assert!(matches!(
        Frozen::decode(&framed(&head, &[])),
        Err(LinkError::Faulty(DocumentError::Length { what: "list of values", given: 1, .. }))
    ));
}

#[test]
fn every_cut_of_a_frozen_link_is_refused_and_every_change_survived() {
    let (fragment, ..) = Frozen::of(sample(), View::default(), None).encode().unwrap();
    for end in (0..fragment.len()).step_by(17) {
        assert!(Frozen::decode(&fragment[..end]).is_err());
    }
    let mut dice = Dice(3);
    for _ in 0..4000 {
        let mut bytes = fragment.clone().into_bytes();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            bytes[at] = b"ABCdefgh0189-_.#"[dice.below(16)];
        }
        if let Ok(frozen) = Frozen::decode(&String::from_utf8(bytes).unwrap()) {
            assert_eq!(frozen.document.validate(), Ok(()));
        }
    }
}

/// Changes something somewhere in a document.
fn disturb(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) if !fields.is_empty() && dice.below(12) > 0 => {
            let at = dice.below(fields.len());
            if let Some((_, field)) = fields.iter_mut().nth(at) {
                disturb(field, dice);
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(4) > 0 => {
            let at = dice.below(items.len());
            match dice.below(6) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.truncate(at),
                _ => disturb(&mut items[at], dice),
            }
        }
        other => {
            let new = [
                json!(null),
                json!(-1),
                json!(0),
                json!(1e308),
                json!(4_294_967_295_u64),
                json!(u64::MAX),
                json!("x"),
                json!([]),
                json!([0.5, 0.5]),
                json!(true),
                json!(3),
            ];
            *other = new[dice.below(new.len())].clone();
        }
    }
}

#[test]
fn disturbed_documents_are_refused_or_whole() {
    let mut whole: Value = serde_json::from_str(SAMPLE).unwrap();
    let tokens = whole["input"]["tokens"].as_array().unwrap().len();
    // Few maps, so that a copy is quick, and all that a document can have.
    whole["attention"] = json!([{
        "kind": "self", "layers": 1, "heads": 2, "rows": 2, "columns": 2, "values": [1, 0, 0.5, 0.5, 1, 0, 0.25, 0.75],
        "summary": { "entropy": [0.1, 0.2], "distance": [1, 2], "peak": [0.3, 0.4], "received": [0.5, 0.5] }
    }]);
    whole["layers"] = json!([{
        "kind": "self", "layers": 1, "heads": 2, "tokens": 2, "outputs": [1, 2], "z": [1, 2, 3, 4]
    }]);
    whole["agreement"] = json!([{ "pair": [0, 1], "spearman": 0.5, "top_3": 1 }]);
    whole["changed"] = json!({ "intervention": { "hidden": [1] }, "top": [{ "id": 1, "text": "a", "logit": 1, "prob": 0.5 }], "value": 1 });
    whole["faithfulness"] = json!({
        "value": 0.5, "empty_value": 0.1, "tokens": [1], "replacement": "x", "evaluations": 3,
        "random": {
            "seed": 0, "orders": 1,
            "deletion": { "least": [1, 0], "mean": [1, 0], "greatest": [1, 0], "areas": [0.5] },
            "insertion": { "least": [0, 1], "mean": [0, 1], "greatest": [0, 1], "areas": [0.5] }
        },
        "methods": [
            { "method": "saliency", "deletion": { "values": [1, 0], "area": 0.5, "better_than": 0.5 } },
            { "method": "grad_x_input", "erasure": {
                "tenths": [10], "comprehensiveness": [0.1], "sufficiency": [0.1], "aopc_comprehensiveness": 0.1, "aopc_sufficiency": 0.1
            } }
        ]
    });
    whole["heads"] = json!({
        "profiles": [{ "kind": "self", "layers": 1, "heads": 1, "values": [{ "entropy": 1, "importance": 0.5 }] }],
        "lens": { "values": [0, 1], "ranks": [5, 0], "best": [{ "id": 1, "text": "a" }, { "id": 2, "text": "b" }] },
        "direct": { "logit": 1, "embedding": 0, "heads": [{ "kind": "self", "layers": 1, "heads": 1, "values": [1] }],
                    "mlps": [0], "biases": 0, "rest": 0 },
        "patching": { "text": "b", "value": 1, "other_value": 2, "z": [], "pattern": [],
                      "residual": [{ "kind": "self", "layers": 1, "tokens": 2, "values": [1, 2] }] }
    });
    let written: Explanation = serde_json::from_str(include_str!("documents/written.json")).unwrap();
    whole["written"] = serde_json::to_value(written.written.unwrap()).unwrap();
    let read = |value: &Value| serde_json::from_value::<Explanation>(value.clone());
    assert_eq!(read(&whole).unwrap().validate(), Ok(()));
    let mut dice = Dice(11);
    let (mut refused, mut passed) = (0, 0);
    for _ in 0..6_000 {
        let mut other = whole.clone();
        for _ in 0..=dice.below(2) {
            disturb(&mut other, &mut dice);
        }
        let Ok(document) = read(&other) else { continue };
        if document.validate().is_err() {
            refused += 1;
            continue;
        }
        passed += 1;
        // What a page relies on.
        let tokens = document.input.tokens.len();
        assert!(document.attributions.iter().all(|one| one.values.len() == tokens));
        for one in &document.attention {
            let size = one.layers * one.heads * one.rows * one.columns;
            assert!(one.values.as_ref().is_none_or(|values| values.len() == size));
        }
        // It can be frozen, and what comes of that is whole.
        if passed % 50 == 0
            && let Ok((fragment, ..)) = Frozen::of(document, View::default(), None).encode()
        {
            assert!(Frozen::decode(&fragment).is_ok());
        }
    }
    println!("{tokens} tokens: {refused} refused, {passed} passed");
    assert!(refused > 400 && passed > 400, "{refused} refused, {passed} passed");
}
