//! Models of a Hugging Face repository, for the command line: looked up, downloaded into the cache, and used from there.

mod client;
mod store;

use std::io::{self, BufRead, IsTerminal, Write};

use headlight_document::Secret;
use headlight_hub::{HubId, Listing, Record, choose, describe, limits};

use crate::arguments::Place;
use crate::bar::Bar;
use crate::error::Error;
use crate::find::Found;
use client::Client;
pub use store::Store;

/// Gets the model of a repository, from the cache where it is there.
///
/// # Errors
/// Says what the hub refused, what was wrong with what it sent, or that nobody agreed to a large download.
pub fn fetch(id: HubId, place: &Place) -> Result<Found, Error> {
    let weights = place.weights.as_deref();
    let model = id.model(weights);
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let base = match place.hub_base.clone().or_else(|| set("HEADLIGHT_HUB")) {
        Some(base) => base.parse()?,
        None => headlight_hub::Base::default(),
    };
    let store = Store::open()?;
    let record = store.record(&model).filter(|record| record.base == base.to_string());
    // A commit never changes, so that nobody has to be asked about one that is here.
    if id.is_pinned()
        && let Some(found) = record.as_ref().and_then(|record| store.find(record))
    {
        return Ok(found);
    }
    let client = Client::new(base, id, set("HF_TOKEN").as_deref().and_then(Secret::new));
    let (base, id) = (&client.base, &client.id);
    let listing = match client.small(&base.listing(id), limits::LISTING_BYTES) {
        Ok(json) => Listing::parse(&json, base.host())?,
        // Without a network the newest state that is here has to do.
        Err(error @ Error::Broken { .. }) => {
            return record.as_ref().and_then(|record| store.find(record)).ok_or(error);
        }
        Err(error) => return Err(error),
    };
    let plan = choose(&listing.items, weights)?;
    let mut hashes = Record::hashes(record.as_ref(), base, &listing.commit, &plan);
    let is_here = |path: &str, bytes: u64| hashes.get(path).is_some_and(|hash| store.holds(hash, bytes));
    let missing = plan.files.iter().map(|planned| &planned.item).filter(|item| !is_here(&item.path, item.bytes));
    let to_fetch = missing.map(|item| item.bytes).sum();
    if to_fetch > limits::CONSENT_BYTES && !place.yes {
        ask(&model, to_fetch)?;
    }
    let bar = Bar::new();
    let mut done = 0;
    for planned in &plan.files {
        let item = &planned.item;
        let hash = hashes.get(&item.path).cloned();
        if !hash.as_ref().is_some_and(|hash| store.holds(hash, item.bytes)) {
            let address = base.file(id, &listing.commit, &item.path);
            let hash = client.file(&address, item, hash, &store, &mut |now| bar.bytes(done + now, plan.bytes()))?;
            hashes.insert(item.path.clone(), hash);
        }
        done += item.bytes;
    }
    let entry = describe(&model, &plan, &hashes, Some((base, id, &listing))).ok_or(Error::NoCache)?;
    let (commit, weights) = (Some(listing.commit), weights.map(str::to_owned));
    let record = Record { model: entry, base: base.to_string(), commit, weights, used: store::now() };
    store.put(&record)?;
    store.find(&record).ok_or(Error::NoCache)
}

/// Asks the person at the terminal, where there is one.
fn ask(model: &str, bytes: u64) -> Result<(), Error> {
    let mut err = io::stderr();
    if !io::stdin().is_terminal() || !err.is_terminal() {
        return Err(Error::Consent { model: model.to_owned(), bytes });
    }
    // Where the question cannot be shown, no answer comes.
    let _ = write!(err, "{model} needs a download of {} MB. Go on? [y/N] ", bytes / 1_000_000);
    let _ = err.flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Error::Declined { model: model.to_owned() }) }
}
