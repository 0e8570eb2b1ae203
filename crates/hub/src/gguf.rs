//! GGUF files by their names: `model-Q4_K_M.gguf`.

use crate::error::{HubError, list};
use crate::listing::Item;

/// The quantisations that can be read, as they are written in names, without what follows a `_K`.
const KNOWN: [&str; 12] =
    ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "F16", "FP16", "BF16", "F32"];
/// How the others begin: too few bits to trust an explanation of, or not read here.
const OTHERS: [&str; 8] = ["Q1_", "Q2_", "Q3_", "IQ", "TQ", "Q4_0_", "MXFP", "NVFP"];

/// The quantisation that a file's name tells, in capitals: `Q4_K_M`.
pub fn quantisation(path: &str) -> Option<String> {
    let stem = file_name(path).strip_suffix(".gguf")?.to_ascii_uppercase();
    let label = stem.rsplit(['-', '.']).find(|part| {
        // `Q4_0_` (repacked) begins as `Q4_0` does, so that every label is looked for as a whole part.
        is_known(part) || OTHERS.iter().any(|other| part.starts_with(other))
    })?;
    Some(label.to_owned())
}

fn is_known(label: &str) -> bool {
    KNOWN.iter().any(|known| match label.strip_prefix(known) {
        Some("") => true,
        Some(rest) => known.ends_with("_K") && matches!(rest, "_S" | "_M" | "_L" | "_XL"),
        None => false,
    })
}

/// Whether this is a whole model: not one of several parts, and not the eyes of one that sees.
pub fn is_whole(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    name.ends_with(".gguf") && !name.contains("-of-") && !name.starts_with("mmproj")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The smallest file that can be read and has four bits or more to a weight.
///
/// # Errors
/// [`HubError::NoKnownQuantisation`] where there are only others, [`HubError::Ambiguous`] where names do not tell.
pub fn pick<'a>(files: &[&'a Item]) -> Result<&'a Item, HubError> {
    if let [only] = files
        && quantisation(&only.path).is_none_or(|label| is_known(&label))
    {
        return Ok(only);
    }
    let names = || list(files.iter().map(|item| item.path.as_str()));
    let known = files.iter().filter(|item| quantisation(&item.path).is_some_and(|label| is_known(&label)));
    match known.min_by_key(|item| (item.bytes, &item.path)) {
        Some(item) => Ok(item),
        None if files.iter().all(|item| quantisation(&item.path).is_some()) => {
            Err(HubError::NoKnownQuantisation { found: names() })
        }
        None => Err(HubError::Ambiguous { found: names() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &str, bytes: u64) -> Item {
        Item { path: path.to_owned(), bytes, sha256: None }
    }

    #[test]
    fn names_tell_the_quantisation() {
        for (path, expected) in [
            ("SmolLM2-135M-Instruct-Q4_K_M.gguf", Some("Q4_K_M")),
            ("smollm2-135m-instruct-q8_0.gguf", Some("Q8_0")),
            ("gguf/model.Q5_K_S.gguf", Some("Q5_K_S")),
            ("model-f16.gguf", Some("F16")),
            ("model-IQ4_XS.gguf", Some("IQ4_XS")),
            ("model-Q4_0_4_4.gguf", Some("Q4_0_4_4")),
            ("model.gguf", None),
            ("Q4_0.safetensors", None),
        ] {
            assert_eq!(quantisation(path).as_deref(), expected, "{path}");
        }
        assert!(
            is_whole("a/model.GGUF") && !is_whole("model-00001-of-00002.gguf") && !is_whole("mmproj-model-f16.gguf")
        );
    }

    #[test]
    fn the_smallest_sensible_one_is_picked() {
        let files = [
            item("m-Q2_K.gguf", 10),
            item("m-IQ3_XS.gguf", 12),
            item("m-Q4_K_M.gguf", 20),
            item("m-Q4_0.gguf", 19),
            item("m-Q8_0.gguf", 40),
            item("m-Q4_0_4_4.gguf", 18),
            item("m.gguf", 1),
        ];
        let all: Vec<&Item> = files.iter().collect();
        assert_eq!(pick(&all).unwrap().path, "m-Q4_0.gguf");
        assert!(matches!(pick(&all[..2]), Err(HubError::NoKnownQuantisation { .. })));
        assert!(matches!(pick(&all[..1]), Err(HubError::NoKnownQuantisation { .. })));
        let (a, b) = (item("a.gguf", 1), item("b.gguf", 2));
        assert_eq!(pick(&[&a]).unwrap().path, "a.gguf");
        assert!(matches!(pick(&[&a, &b]), Err(HubError::Ambiguous { .. })));
    }
}
