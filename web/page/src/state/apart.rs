//! What a person wants to know of heads and layers.

use headlight_document::{HeadFigure, Heads, Request, link};

/// The figures that are ticked, and the other texts that they take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// What is ticked.
    pub figures: Vec<HeadFigure>,
    /// The text whose activations are put into this one's run; none where it is blank.
    pub patch: String,
    /// The texts that figures are averaged over, one on each line.
    pub texts: String,
    /// Whether it was asked for: then it goes along in the link.
    pub is_asked: bool,
}

impl Default for Apart {
    fn default() -> Self {
        Self {
            figures: vec![HeadFigure::Profile, HeadFigure::Lens, HeadFigure::Direct],
            patch: String::new(),
            texts: String::new(),
            is_asked: false,
        }
    }
}

impl Apart {
    /// What a request asks for; where that is nothing, what was made ready.
    #[must_use]
    pub fn of(request: &Request, ready: Option<link::Apart>) -> Self {
        let is_asked = !request.heads.is_empty() || request.patch.is_some();
        if !is_asked {
            return ready.map_or_else(Self::default, |link::Apart { figures, patch, texts }| Self {
                figures,
                patch,
                texts,
                is_asked,
            });
        }
        Self {
            figures: request.heads.clone(),
            patch: request.patch.clone().unwrap_or_default(),
            texts: request.texts.join("\n"),
            is_asked,
        }
    }

    /// The request with all of it.
    #[must_use]
    pub fn put_into(&self, request: Request) -> Request {
        let patch = (!self.patch.trim().is_empty()).then(|| self.patch.clone());
        let texts = if self.averages() { self.all_texts().map(str::to_owned).collect() } else { Vec::new() };
        Request { heads: self.figures.clone(), patch, texts, ..request }
    }

    /// What is ready and was not asked for, where anything was chosen.
    #[must_use]
    pub fn unasked(&self) -> Option<link::Apart> {
        let Self { figures, patch, texts, is_asked } = self.clone();
        let is_chosen = !is_asked && *self != Self::default();
        is_chosen.then_some(link::Apart { figures, patch, texts })
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.patch.trim().is_empty()
    }

    /// Ticks a figure, or takes the tick away.
    pub fn toggle(&mut self, figure: HeadFigure) {
        let is_ticked = |other: &HeadFigure| self.figures.contains(other) != (*other == figure);
        self.figures = HeadFigure::ALL.iter().copied().filter(is_ticked).collect();
    }

    /// How many texts figures are averaged over.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all_texts().count()
    }

    /// Whether a figure is ticked that can be averaged over texts.
    #[must_use]
    pub fn averages(&self) -> bool {
        [HeadFigure::Profile, HeadFigure::Ablation].iter().any(|one| self.figures.contains(one))
    }

    fn all_texts(&self) -> impl Iterator<Item = &str> {
        self.texts.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

/// The figures of this text, or those over several texts, which have nothing else.
#[must_use]
pub fn viewed(heads: &Heads, over_texts: bool) -> Heads {
    match heads.over_texts.as_ref().filter(|_| over_texts) {
        Some(over) => Heads { profiles: over.profiles.clone(), ablation: over.ablation.clone(), ..Heads::default() },
        None => heads.clone(),
    }
}

#[cfg(test)]
mod tests {
    use headlight_document::{OverTexts, Task};

    use super::*;

    #[test]
    fn what_is_asked_for_comes_back_from_its_request() {
        let mut apart = Apart { patch: "A cold film.".into(), texts: "One.\n\n Two. \n".into(), ..Apart::default() };
        apart.is_asked = true;
        apart.toggle(HeadFigure::Lens);
        let request = apart.put_into(Request::new("sentiment", Task::Classify, "A warm film."));
        assert_eq!(request.validate(), Ok(()));
        assert_eq!((request.texts.as_slice(), apart.count()), (&["One.".to_owned(), "Two.".to_owned()][..], 2));
        assert_eq!(Apart::of(&request, None), Apart { texts: "One.\nTwo.".into(), ..apart.clone() });
        // Nothing is averaged that is not ticked.
        apart.figures = vec![HeadFigure::Induction];
        let request = apart.put_into(request);
        assert_eq!((request.validate(), request.texts.len()), (Ok(()), 0));
        apart.toggle(HeadFigure::Induction);
        apart.patch.clear();
        assert!(apart.is_empty());
        let bare = Request::new("sentiment", Task::Classify, "A");
        assert_eq!(Apart::of(&bare, None), Apart::default());
        apart.is_asked = false;
        apart.texts = "One.".into();
        assert_eq!(Apart::of(&bare, apart.unasked()), apart);
        assert_eq!(Apart::default().unasked(), None);
    }

    #[test]
    fn what_is_over_texts_is_seen_by_itself() {
        let over = OverTexts { values: vec![1.0, 2.0], profiles: Vec::new(), ablation: None };
        let heads = Heads { over_texts: Some(over), direct: None, ..Heads::default() };
        assert_eq!(viewed(&heads, true), Heads::default());
        assert_eq!(viewed(&heads, false), heads);
        assert_eq!(viewed(&Heads::default(), true), Heads::default());
    }
}
