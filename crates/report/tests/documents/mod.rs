//! Documents to publish.

use headlight_document::{
    Ablation, Agreement, AttentionKind, Attribution, Band, Changed, Checks, Curve, Direct, Erasure, Explanation,
    Faithfulness, Foil, HeadProfile, HeadValues, Heads, Induction, Lens, LensEntry, Measured, Method, Patching,
    Profile, RandomOrders, StackValues, TokenValues,
};

/// A text that would be markup, break a line, and compute.
pub const HOSTILE: &str = "</script><script>alert(1)</script><img src=http://x onerror=1>\u{202e}\u{0}=1+1";

/// A real document: the page's own.
pub fn sample() -> Explanation {
    serde_json::from_str(include_str!("../../../../web/page/assets/sample.json")).unwrap()
}

/// A document that has everything that a document can have.
pub fn full() -> Explanation {
    let mut document = sample();
    let kind = AttentionKind::SelfAttention;
    let count = document.input.tokens.len();
    let by_head = |value: f64| HeadValues { kind, layers: 2, heads: 1, values: vec![value, -value] };
    document.attributions.push(Attribution {
        method: Method::IntegratedGradients,
        parameters: [("steps".to_owned(), 50.into()), ("baseline".to_owned(), "zero".into())].into(),
        values: (0..count).map(|at| at as f64 / 8.0 - 0.25).collect(),
        standard_errors: Some(vec![0.125; count]),
        units: None,
        output_values: None,
        checks: Checks {
            target_value: 17.5,
            baseline_value: Some(2.5),
            completeness_error: Some(-0.75),
            distrust: Some("The values sum to another number.".into()),
            ..Checks::default()
        },
    });
    document.agreement = vec![Agreement { pair: [0, 2], spearman: Some(0.625), top_3: None }];
    document.warnings = vec!["Mind the gap.".into()];
    let band = Band { least: vec![0.1; 6], mean: vec![0.3; 6], greatest: vec![0.6; 6], areas: vec![0.25, 0.5] };
    let mut measured: Vec<Measured> = document.attributions.iter().map(|one| Measured::new(one.method)).collect();
    measured[2].deletion = Some(Curve { values: vec![0.8, 0.7, 0.4, 0.3, 0.2, 0.1], area: 0.4375, better_than: 0.95 });
    measured[2].insertion = Some(Curve { values: vec![0.1; 6], area: 0.1, better_than: 0.5 });
    measured[2].erasure = Some(Erasure {
        tenths: vec![2, 4],
        comprehensiveness: vec![0.25, 0.5],
        sufficiency: vec![0.0, 0.125],
        aopc_comprehensiveness: Some(0.375),
        aopc_sufficiency: Some(0.0625),
    });
    measured[2].tau_loo = Some(-0.5);
    measured[2].verdicts = vec!["No better than chance.".into()];
    document.faithfulness = Some(Faithfulness {
        value: 0.75,
        empty_value: 0.015625,
        tokens: (0..count).collect(),
        replacement: "<unk>".into(),
        evaluations: 120,
        random: Some(RandomOrders {
            seed: 3,
            orders: 2,
            deletion: band.clone(),
            insertion: band,
            ..RandomOrders::default()
        }),
        methods: measured,
    });
    let heads = Heads {
        profiles: vec![Profile { kind, layers: 2, heads: 1, values: vec![HeadProfile::default(); 2] }],
        lens: Some(Lens {
            values: vec![-1.0, 0.5, 17.375],
            best: Some(vec![LensEntry { id: 1, text: HOSTILE.into() }; 3]),
            wins: Some(2),
            ..Lens::default()
        }),
        direct: Some(Direct {
            logit: 3.5,
            embedding: 1.0,
            heads: vec![by_head(0.75)],
            recurrence: vec![],
            mlps: vec![0.25, 2.0],
            biases: 0.25,
            rest: 0.0,
        }),
        ablation: Some(Ablation {
            factor: 0.0,
            value: 17.0,
            heads: vec![by_head(1.375)],
            mlps: vec![StackValues { kind, values: vec![0.5, 0.625] }],
        }),
        patching: Some(Patching {
            text: "The capital of Spain is".into(),
            value: 17.0,
            other_value: 9.0,
            z: vec![by_head(0.875)],
            pattern: vec![by_head(0.125)],
            residual: vec![TokenValues { kind, layers: 2, tokens: count, values: vec![0.0625; 2 * count] }],
        }),
        induction: Some(Induction { length: 8, texts: 2, range: [0, 9], seed: 0, scores: by_head(0.9375) }),
        over_texts: None,
    };
    document.heads = Some(serde_json::to_value(heads).unwrap());
    document.changed = Some(Changed {
        intervention: headlight_document::Intervention::default(),
        top: document.output.top.clone(),
        value: 12.25,
    });
    document.target.foil = Some(Foil { id: 9, text: " Lyon".into() });
    document
}
