//! An explanation with all that was found out beside it, as one document.

use std::sync::Arc;

use headlight_document::Explanation;

/// The explanation with a comparison of methods, and with figures of heads, what layers do and what the changed model answers, all
/// about the same number.
#[must_use]
pub fn whole(
    shown: Arc<Explanation>,
    compared: Option<&Explanation>,
    others: [Option<Arc<Explanation>>; 3],
) -> Arc<Explanation> {
    if compared.is_none() && others.iter().all(Option::is_none) {
        return shown;
    }
    let mut whole = Arc::unwrap_or_clone(shown);
    if let Some(found) = compared {
        // Those that were compared come first: measures and agreement name them by their places.
        let own = std::mem::replace(&mut whole.attributions, found.attributions.clone());
        let is_new = |method| found.attributions.iter().all(|one| one.method != method);
        whole.attributions.extend(own.into_iter().filter(|one| is_new(one.method)));
        whole.agreement = found.agreement.clone();
        whole.faithfulness = found.faithfulness.clone();
    }
    for found in others.into_iter().flatten() {
        if found.heads.is_some() {
            whole.heads = found.heads.clone();
        }
        if !found.layers.is_empty() {
            whole.layers = found.layers.clone();
        }
        if found.changed.is_some() {
            whole.changed = found.changed.clone();
        }
    }
    Arc::new(whole)
}

#[cfg(test)]
mod tests {
    use headlight_document::{Faithfulness, Method};

    use super::*;

    #[test]
    fn what_was_compared_comes_first_and_nothing_is_there_twice() {
        let shown = Arc::new(crate::panels::sample());
        let methods = |document: &Explanation| document.attributions.iter().map(|one| one.method).collect::<Vec<_>>();
        assert_eq!(methods(&whole(Arc::clone(&shown), None, [None, None, None])), methods(&shown));
        let mut compared = (*shown).clone();
        compared.attributions.truncate(1);
        compared.attributions[0].method = Method::GradXInput;
        compared.attributions.push(compared.attributions[0].clone());
        compared.attributions[1].method = Method::Lime;
        compared.faithfulness = Some(Faithfulness::default());
        let all = whole(Arc::clone(&shown), Some(&compared), [None, None, None]);
        assert_eq!(methods(&all), [Method::GradXInput, Method::Lime, Method::Saliency]);
        assert!(all.faithfulness.is_some() && all.attention == shown.attention);
    }
}
