//! Folders that are dropped on the page, down to their files, each with its path.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

use crate::locale::{fill, say};
use crate::state::folder::Walk;

/// The files and folders of a drop, where folders are among them. To be asked for in the drop's own turn: the browser
/// forgets them after it.
pub fn folders(transfer: &DataTransfer) -> Option<Vec<FileSystemEntry>> {
    let items = transfer.items();
    let entries = (0..items.length()).filter_map(|at| items.get(at)?.webkit_get_as_entry().ok().flatten());
    let entries: Vec<FileSystemEntry> = entries.collect();
    entries.iter().any(FileSystemEntry::is_directory).then_some(entries)
}

/// Every file in `entries` and below them, sorted by its path, which begins with what was dropped: `folder/config.json`.
///
/// # Errors
/// A sentence, where there is more than is looked at, or the browser may not read it.
pub async fn walk(entries: Vec<FileSystemEntry>) -> Result<Vec<(String, JsValue)>, String> {
    let mut walk = Walk::default();
    let mut files = Vec::new();
    let mut left: Vec<(FileSystemEntry, usize)> = entries.into_iter().map(|entry| (entry, 0)).collect();
    while let Some((entry, depth)) = left.pop() {
        if !walk.enter(&entry.name(), depth)? {
            continue;
        }
        let path = entry.full_path().trim_start_matches('/').to_owned();
        // Chromium's entries are of a class without a name, so that they cannot be asked for theirs.
        if entry.is_directory() {
            let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            // A browser gives some of them at a time, and none once it has given all.
            loop {
                let read =
                    |done: &Function, failed: &Function| reader.read_entries_with_callback_and_callback(done, failed);
                let some = Array::from(&answer(&path, read).await?);
                if some.length() == 0 {
                    break;
                }
                left.extend(some.iter().map(|entry| (entry.unchecked_into(), depth + 1)));
                walk.expect(left.len())?;
            }
        } else {
            let file: FileSystemFileEntry = entry.unchecked_into();
            let read = |done: &Function, failed: &Function| {
                file.file_with_callback_and_callback(done, failed);
                Ok(())
            };
            files.push((path.clone(), answer(&path, read).await?));
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

/// What a function gives to the first of the two functions that it is given.
async fn answer(path: &str, ask: impl Fn(&Function, &Function) -> Result<(), JsValue>) -> Result<JsValue, String> {
    let promise = Promise::new(&mut |done, failed| {
        if let Err(error) = ask(&done, &failed) {
            // Nobody hears of a function that cannot be called.
            let _ = failed.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(promise).await.map_err(|error| {
        let reason = Reflect::get(&error, &"message".into()).ok().and_then(|reason| reason.as_string());
        let reason = reason.unwrap_or_else(|| say("own.no_reason").to_owned());
        fill("own.unread", &[&path, &reason])
    })
}
