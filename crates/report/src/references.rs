//! The papers that methods and measures come from. Their entries lie beside the crate, in `references.bib`: the command line holds
//! that file, and the page fetches it when somebody asks for it.

/// Every entry.
pub const LIBRARY: &str = include_str!("../references.bib");

/// A paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What its entry is called.
    pub key: &'static str,
    /// As a paragraph names it.
    pub cited: &'static str,
}

impl Reference {
    /// Its entry in a library.
    pub fn entry(self, library: &str) -> Option<&str> {
        let name = library.find(&format!("{{{},", self.key))?;
        let from = library.get(..name)?.rfind('@')?;
        let entry = library.get(from..)?;
        entry.get(..entry.find("\n}")? + 2)
    }
}

macro_rules! references {
    ($($name:ident, $key:literal, $cited:literal;)+) => {
        $(pub const $name: Reference = Reference { key: $key, cited: $cited };)+
        /// Every one.
        #[cfg(test)]
        pub const ALL: &[Reference] = &[$($name),+];
    };
}

references! {
    SIMONYAN, "simonyan2014deep", "Simonyan et al., 2014";
    SHRIKUMAR, "shrikumar2016not", "Shrikumar et al., 2016";
    SUNDARARAJAN, "sundararajan2017axiomatic", "Sundararajan et al., 2017";
    SMILKOV, "smilkov2017smoothgrad", "Smilkov et al., 2017";
    ZEILER, "zeiler2014visualizing", "Zeiler and Fergus, 2014";
    RIBEIRO, "ribeiro2016why", "Ribeiro et al., 2016";
    LUNDBERG, "lundberg2017unified", "Lundberg and Lee, 2017";
    OWEN, "owen1977values", "Owen, 1977";
    JAIN, "jain2019attention", "Jain and Wallace, 2019";
    ABNAR, "abnar2020quantifying", "Abnar and Zuidema, 2020";
    CHEFER, "chefer2021generic", "Chefer et al., 2021";
    MOHEBBI, "mohebbi2023quantifying", "Mohebbi et al., 2023";
    VIG, "vig2019multiscale", "Vig, 2019";
    BELINKOV, "vig2019analyzing", "Vig and Belinkov, 2019";
    YIN, "yin2022interpreting", "Yin and Neubig, 2022";
    SAMEK, "samek2017evaluating", "Samek et al., 2017";
    PETSIUK, "petsiuk2018rise", "Petsiuk et al., 2018";
    DEYOUNG, "deyoung2020eraser", "DeYoung et al., 2020";
    ATTANASIO, "attanasio2023ferret", "Attanasio et al., 2023";
    YEH, "yeh2019fidelity", "Yeh et al., 2019";
    ADEBAYO, "adebayo2018sanity", "Adebayo et al., 2018";
    MICHEL, "michel2019sixteen", "Michel et al., 2019";
    CLARK, "clark2019what", "Clark et al., 2019";
    LENS, "nostalgebraist2020interpreting", "nostalgebraist, 2020";
    ELHAGE, "elhage2021mathematical", "Elhage et al., 2021";
    OLSSON, "olsson2022context", "Olsson et al., 2022";
    MENG, "meng2022locating", "Meng et al., 2022";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_is_whole_and_says_the_year_that_it_is_cited_by() {
        let mut keys = BTreeSet::new();
        for reference in ALL {
            let Reference { key, cited } = *reference;
            let entry = reference.entry(LIBRARY).unwrap_or_else(|| panic!("{key}"));
            assert!(entry.starts_with('@') && entry.ends_with("\n}"), "{entry}");
            let depth =
                |text: &str| text.chars().fold(0_i32, |depth, c| depth + i32::from(c == '{') - i32::from(c == '}'));
            assert_eq!(depth(entry), 0, "{entry}");
            let year = &cited[cited.len() - 4..];
            assert!(entry.contains(&format!("year = {{{year}}}")), "{entry}");
            assert!(key.contains(year) && keys.insert(key), "{key}");
            for field in ["title", "author"] {
                assert!(entry.contains(&format!("  {field} = {{")), "{field}: {entry}");
            }
            let author = cited.split([' ', ',']).next().unwrap();
            assert!(
                entry.contains(&format!("author = {{{author}")) || entry.contains(&format!("{{{{{author}")),
                "{entry}"
            );
        }
        assert_eq!(LIBRARY.matches("\n}").count(), keys.len(), "none is idle");
        assert_eq!(papers_of_another_library(), None);
    }

    fn papers_of_another_library() -> Option<&'static str> {
        SIMONYAN
            .entry("@misc{simonyan2014deeper,\n}")
            .or_else(|| SIMONYAN.entry(""))
            .or_else(|| SIMONYAN.entry("{simonyan2014deep,"))
    }
}
