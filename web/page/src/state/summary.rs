//! What a link shows, in one sentence, made of the link alone: to be read before anything is fetched or runs.

use headlight_document::link::Link;
use headlight_document::{Method, Parameters, TargetSpec, Task, Token};

use super::names;
use super::pieces::label;
use crate::locale::{count, fill, say};

/// How much of a text is told.
const TEXT: usize = 90;

/// How much of a token or a label is.
const PIECE: usize = 30;

/// The sentence. `title` is what people call the model.
#[must_use]
pub fn summary(link: &Link, title: &str) -> String {
    let request = &link.request;
    let text = label(request.text.trim(), TEXT);
    let second = label(request.second_text.as_deref().unwrap_or_default().trim(), TEXT);
    let title = label(title, TEXT);
    let what = match request.task {
        Task::Continue => "share.shows.continue",
        Task::Classify => "share.shows.classify",
        Task::Label => "share.shows.label",
        Task::Answer => "share.shows.answer",
        Task::Translate => "share.shows.translate",
        Task::Fill => "share.shows.fill",
        Task::Compare => "share.shows.compare",
    };
    let mut rest = Vec::new();
    match (target(&request.target), &request.foil) {
        (Some(target), Some(foil)) => rest.push(fill("share.shows.rather", &[&target, &named(foil)])),
        (Some(target), None) => rest.push(fill("share.shows.why", &[&target])),
        (None, Some(foil)) => rest.push(fill("share.shows.not", &[&named(foil)])),
        (None, None) => {}
    }
    if let Some(method) = request.methods.get(link.view.method).or(request.methods.first()) {
        rest.push(fill("share.shows.by", &[&tuned(*method, &request.parameters)]));
        match request.methods.len() - 1 {
            0 => {}
            others => rest.push(count("share.shows.others", others)),
        }
    }
    if let Some((layer, head)) = link.view.head {
        rest.push(fill("share.shows.head", &[&layer, &head]));
    }
    let changes = request.intervention.scaled.len() + request.intervention.hidden.len();
    if changes > 0 {
        rest.push(count("share.shows.changes", changes));
    }
    if !request.heads.is_empty() || request.patch.is_some() {
        rest.push(say("share.shows.heads").to_owned());
    }
    if !request.begun.is_empty() {
        rest.push(count("share.shows.begun", request.begun.len()));
    }
    if let Some(written) = &link.view.written {
        let said = count("share.shows.written", written.tokens.len());
        rest.push(match written.open {
            Some(open) => fill("share.shows.written.open", &[&said, &open]),
            None => said,
        });
        if !written.others.is_empty() {
            rest.push(count("share.shows.ways", written.others.len()));
        }
    }
    let what = fill(what, &[&title, &text, &second]);
    if rest.is_empty() {
        return fill("share.shows.only", &[&what]);
    }
    fill("share.shows", &[&what, &rest.join(say("share.shows.comma"))])
}

fn named(token: &Token) -> String {
    match token {
        Token::Id(id) => fill("share.shows.id", &[id]),
        Token::Text(text) => fill("share.shows.piece", &[&label(text, PIECE)]),
    }
}

/// What is explained, where a person chose it.
fn target(target: &TargetSpec) -> Option<String> {
    let piece = |text: &str| fill("share.shows.piece", &[&label(text, PIECE)]);
    let at = |name: String, place: Option<usize>| match place {
        Some(place) => fill("share.shows.at", &[&name, &place]),
        None => name,
    };
    match target {
        TargetSpec::Next(token) => token.as_ref().map(named),
        TargetSpec::Label { name, position } => name.as_ref().map(|name| at(piece(name), *position)),
        TargetSpec::Mask { token, position } => token.as_ref().map(|token| at(named(token), *position)),
        TargetSpec::Output { token, step } => token.as_ref().map(|token| at(named(token), *step)),
        TargetSpec::Span(span) => span.map(|(start, end)| fill("share.shows.span", &[&start, &end])),
        TargetSpec::Similarity => None,
    }
}

/// A method with what it runs with.
fn tuned(method: Method, parameters: &Parameters) -> String {
    let Parameters { steps, baseline, samples, lime_samples, units, .. } = parameters;
    let mut with = Vec::new();
    match method {
        Method::IntegratedGradients => {
            with.push(count("share.shows.steps", *steps as usize));
            with.push(fill("share.shows.from", &[&names::option(baseline.name())]));
        }
        Method::SmoothGrad => with.extend(samples.map(|samples| count("share.shows.samples", samples as usize))),
        Method::Lime => {
            let samples = lime_samples.or(*samples);
            with.extend(samples.map(|samples| count("share.shows.samples", samples as usize)));
        }
        _ => {}
    }
    if method.has_units() {
        with.push(fill("share.shows.units", &[&names::option(units.name())]));
    }
    let title = names::method(method);
    if with.is_empty() {
        title.to_owned()
    } else {
        fill("share.shows.with", &[&title, &with.join(say("share.shows.comma"))])
    }
}

#[cfg(test)]
mod tests {
    use headlight_document::link::{View, Written};
    use headlight_document::{Aside, AttentionKind, Request, Scaled};

    use super::*;

    fn shown(request: Request, view: View) -> String {
        summary(&Link { request, model_sha256: None, view }, "SmolLM2")
    }

    #[test]
    fn a_link_is_told_in_a_sentence() {
        let mut request = Request::new("smollm2", Task::Continue, "The capital of France is");
        request.target = "next: Paris".parse().unwrap();
        request.foil = Some(" the".into());
        request.methods = vec![Method::Saliency, Method::IntegratedGradients];
        let scaled = Scaled { kind: AttentionKind::SelfAttention, layer: 1, head: Some(2), percent: 0 };
        request.intervention.scaled = vec![scaled];
        let view = View { head: Some((5, 2)), method: 1, ..View::default() };
        assert_eq!(
            shown(request.clone(), view.clone()),
            "SmolLM2 continues “The capital of France is”: why “·Paris” rather than “·the”, by Integrated gradients (50 steps, \
             from zero), beside 1 other method, head 5.2 open, 1 change of the model."
        );
        let written =
            Written { tokens: vec![1, 2], open: Some(1), others: vec![Aside::default()], ..Written::default() };
        let told = shown(request.clone(), View { written: Some(written), ..View::default() });
        assert!(
            told.ends_with(", 1 change of the model, 2 tokens that it wrote, token 1 open, 1 other way."),
            "{told}"
        );
        request.foil = None;
        request.target = "next:#7042".parse().unwrap();
        request.methods = vec![Method::GradXInput];
        request.intervention.scaled.clear();
        request.heads = vec![headlight_document::HeadFigure::Lens];
        assert_eq!(
            shown(request, View::default()),
            "SmolLM2 continues “The capital of France is”: why token 7042, by Gradient × input, figures of heads and layers."
        );
    }

    #[test]
    fn texts_are_cut_and_can_not_turn_the_page_around() {
        let mut request = Request::new("smollm2", Task::Compare, format!("\u{202e}<b>{}", "x".repeat(500)));
        request.second_text = Some("b\nc".into());
        request.methods.clear();
        let told = shown(request, View { method: 9, ..View::default() });
        assert!(told.chars().count() < 180 && told.contains("⟨202e⟩<b>xxx") && told.contains("…”"), "{told}");
        assert!(told.contains("“b⏎c”"), "{told}");
    }

    #[test]
    fn every_task_and_target_is_told() {
        for task in Task::ALL {
            let mut request = Request::new("m", *task, "one");
            request.second_text = Some("two".into());
            let told = shown(request, View::default());
            assert!(told.starts_with("SmolLM2 ") && told.contains("“one”") && !told.contains("share."), "{told}");
        }
        for (spec, piece) in [
            ("label:good@3", "“good” at 3"),
            ("mask:dog@4", "“dog” at 4"),
            ("span:12-14", "12 to 14"),
            ("output@2", "by"),
        ] {
            let mut request = Request::new("m", Task::Fill, "one");
            request.target = spec.parse().unwrap();
            assert!(shown(request, View::default()).contains(piece), "{spec}");
        }
    }
}
