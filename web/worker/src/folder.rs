//! Folders of the origin's private storage.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle, FileSystemGetDirectoryOptions};

use crate::outbox::scope;

/// Opens a folder, and makes it where it is not there. None where the browser has no such storage.
pub async fn open(name: &str) -> Option<FileSystemDirectoryHandle> {
    let storage = scope().navigator().storage();
    let root = JsFuture::from(storage.get_directory()).await.ok()?;
    let root: FileSystemDirectoryHandle = root.dyn_into().ok()?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(name, &options)).await.ok()?;
    folder.dyn_into().ok()
}

/// The names of what lies in a folder; those that were read before an error.
pub async fn names(folder: &FileSystemDirectoryHandle) -> Vec<String> {
    let keys = folder.keys();
    let mut names = Vec::new();
    while let Ok(next) = keys.next() {
        let Ok(next) = JsFuture::from(next).await else { break };
        if Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            break;
        }
        names.extend(Reflect::get(&next, &"value".into()).ok().and_then(|name| name.as_string()));
    }
    names
}
