//! What a source names: a hub and a repository on it, or a person's own files.

use headlight_document::{FileRole, Source};
use headlight_hub::{Base, HubId, Item, Plan, choose, common_folder};
use web_sys::File;

use crate::network::{Hub, NetworkError};
use crate::sources::gone;

/// The hub that a source names.
pub fn hub(source: &Source) -> Result<Hub, NetworkError> {
    let Source::Hub { id, revision, base, token, .. } = source else { return Err(gone("The model")) };
    let id: HubId = id.parse()?;
    let base = base.as_deref().map_or_else(|| Ok(Base::default()), str::parse)?;
    Ok(Hub { base, id: id.at(revision.as_deref())?, token: token.clone() })
}

/// The title of a person's own files, each with its path in their folder, and what of them makes up the model.
pub fn owned(
    title: &str,
    names: &[String],
    weights: Option<&str>,
    own: &[File],
) -> Result<(String, Vec<Item>, Plan), NetworkError> {
    if names.len() != own.len() {
        let reason = "the page gave other files than it named".to_owned();
        return Err(NetworkError::Unreadable { name: "The folder".to_owned(), reason });
    }
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = common_folder(&paths);
    let items = paths.iter().zip(own).map(|(path, file)| Item {
        path: path.strip_prefix(folder).unwrap_or(path).to_owned(),
        bytes: file.size() as u64,
        sha256: None,
    });
    let items: Vec<Item> = items.collect();
    let plan = choose(&items, weights)?;
    let weights = plan.files.iter().find(|planned| planned.role == FileRole::Weights);
    let stem = weights.and_then(|planned| Some(planned.item.path.rsplit_once('.')?.0)).filter(|stem| *stem != "model");
    let titles = [title.trim(), folder.trim_end_matches('/'), stem.unwrap_or_default(), "Your own model"];
    let title = titles.into_iter().find(|title| !title.is_empty()).unwrap_or_default();
    Ok((title.chars().filter(|c| !c.is_control()).take(80).collect(), items, plan))
}

/// The id of a person's own model: none that a registered model or a repository can have, and another for other files.
pub fn own_id(title: &str, plan: &Plan) -> String {
    format!("file:{title}#{}", plan.bytes())
}
