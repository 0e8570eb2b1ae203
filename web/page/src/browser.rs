//! The few things that the page asks of the browser. Each is allowed to fail: storage may be switched off, a clipboard
//! refused.

use js_sys::{Array, Uint8Array};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlElement,
    HtmlImageElement, RequestCache, RequestInit, Response, Storage, Url, UrlSearchParams,
};

use crate::locale::{fill, say};

/// Writes a line to the console.
pub fn report(message: &str) {
    web_sys::console::error_1(&JsValue::from_str(message));
}

/// Takes away what the page shows until its module has started.
pub fn remove_placeholder() {
    if let Some(element) = document().get_element_by_id("placeholder") {
        element.remove();
    }
}

/// The absolute address of something beside the page.
pub fn beside(path: &str) -> Option<String> {
    let base = document().base_uri().ok().flatten()?;
    Some(Url::new_with_base(path, &base).ok()?.href())
}

/// What a `meta` element of the page says.
pub fn meta(name: &str) -> Option<String> {
    document().query_selector(&format!("meta[name=\"{name}\"]")).ok().flatten()?.get_attribute("content")
}

/// A parameter of the address's query.
pub fn parameter(name: &str) -> Option<String> {
    let query = window().location().search().ok()?;
    UrlSearchParams::new_with_str(&query).ok()?.get(name)
}

/// Takes a parameter out of the address's query without a step in the history.
pub fn drop_parameter(name: &str) {
    let Some(address) = window().location().href().ok().and_then(|href| Url::new(&href).ok()) else { return };
    address.search_params().delete(name);
    if let Ok(history) = window().history() {
        // A browser that is asked too often refuses; the parameter then stays.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address.href()));
    }
}

/// The languages that the person reads, the best first.
pub fn languages() -> Vec<String> {
    window().navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()
}

/// The address's fragment, with its `#`.
pub fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Puts a fragment (without `#`) into the address without a step in the history; an empty one takes it away.
pub fn set_fragment(fragment: &str) {
    let address = address_with(fragment);
    if let Ok(history) = window().history() {
        // A browser that is asked too often refuses; the next change tries again.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// The page's address with this fragment.
pub fn address_with(fragment: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    let plain = href.split('#').next().unwrap_or_default();
    if fragment.is_empty() { plain.to_owned() } else { format!("{plain}#{fragment}") }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Reads what was remembered.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(&format!("headlight.{key}")).ok().flatten()
}

/// Remembers something for the next visit, where the browser lets us.
pub fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(&format!("headlight.{key}"), value);
    }
}

/// Forgets what was remembered.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(&format!("headlight.{key}"));
    }
}

/// Whether the system asks for a dark page.
pub fn prefers_dark() -> bool {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches())
}

/// Sets or clears an attribute of the root element.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Moves the keyboard's focus.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// What is selected in a text field, in UTF-16 units; none where it never had the focus.
pub fn selection(id: &str) -> Option<std::ops::Range<usize>> {
    let field = document().get_element_by_id(id)?.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    let (start, end) = (field.selection_start().ok()??, field.selection_end().ok()??);
    Some(start as usize..end as usize)
}

/// What an attribute of the element under a point says; `x` and `y` count from the window's corner.
pub fn under(x: i32, y: i32, attribute: &str) -> Option<String> {
    document().element_from_point(x as f32, y as f32)?.get_attribute(attribute)
}

/// What an attribute says of the nearest element around where an event happened that has it.
pub fn of_target(event: &web_sys::Event, attribute: &str) -> Option<String> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    target.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)
}

/// Whether an event happened where text is written, which has an undo of its own.
pub fn is_writing(event: &web_sys::Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let fields = "textarea,[contenteditable],input:not([type=checkbox],[type=radio],[type=range],[type=file])";
    target.is_some_and(|element| element.closest(fields).ok().flatten().is_some())
}

/// Whether the keyboard's focus is where one types.
pub fn is_typing() -> bool {
    let focused = document().active_element().map(|element| element.tag_name());
    focused.is_some_and(|tag| matches!(&*tag, "TEXTAREA" | "INPUT" | "SELECT"))
}

/// How many device pixels a CSS pixel has.
pub fn pixel_ratio() -> f64 {
    let ratio = window().device_pixel_ratio();
    if ratio.is_finite() { ratio.clamp(1.0, 4.0) } else { 1.0 }
}

/// The host that the page is from.
pub fn host() -> String {
    window().location().host().unwrap_or_default()
}

/// The page's address without its query, or with `?embed`, and this fragment.
pub fn address_of(embeds: bool, fragment: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    let plain = href.split(['#', '?']).next().unwrap_or_default();
    format!("{plain}{}#{fragment}", if embeds { "?embed" } else { "" })
}

/// What is in a person's file; none where it can't be read.
pub async fn read_text(file: &Blob) -> Option<String> {
    JsFuture::from(file.text()).await.ok()?.as_string()
}

/// Fetches a text, of which the server is asked at once whether it is still what the browser keeps; the error says what
/// happened.
pub fn fetch_text(address: &str) -> impl Future<Output = Result<String, String>> + use<> {
    let how = RequestInit::new();
    how.set_cache(RequestCache::NoCache);
    fetch_with(address, &how)
}

/// Fetches a text in this way.
pub fn fetch_with(address: &str, how: &RequestInit) -> impl Future<Output = Result<String, String>> + use<> {
    let asked = JsFuture::from(window().fetch_with_str_and_init(address, how));
    async move {
        let response: Response = asked
            .await
            .map_err(|_| say("top.fetch.unreachable").to_owned())?
            .dyn_into()
            .map_err(|_| say("top.fetch.no_text").to_owned())?;
        if !response.ok() {
            return Err(fill("top.fetch.status", &[&response.status()]));
        }
        let text = response.text().map_err(|_| say("top.fetch.no_text").to_owned())?;
        let text = JsFuture::from(text).await.map_err(|_| say("top.fetch.broken").to_owned())?;
        text.as_string().ok_or_else(|| say("top.fetch.no_text").to_owned())
    }
}

/// Copies a text; `false` where the browser refuses.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    // The clipboard is missing outside secure contexts, whatever its type says.
    let has_clipboard =
        js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|clipboard| clipboard.is_object());
    has_clipboard && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Hands a file to the person under this name.
pub fn save(file: &Blob, name: &str) -> Result<(), JsValue> {
    let address = Url::create_object_url_with_blob(file)?;
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    // The browser takes its own hold of the blob when the download starts, which may be after this turn.
    leptos::prelude::set_timeout(
        move || {
            let _ = Url::revoke_object_url(&address);
        },
        std::time::Duration::from_secs(60),
    );
    Ok(())
}

/// Today where the person is, as `2026-11-26`.
pub fn today() -> String {
    let now = js_sys::Date::new_0();
    format!("{:04}-{:02}-{:02}", now.get_full_year(), now.get_month() + 1, now.get_date())
}

/// Says something in an element of the page.
pub fn say_in(id: &str, said: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.set_text_content(Some(said));
    }
}

/// The address of a drawing, until it is given back.
fn address_of_drawing(svg: &str) -> Option<String> {
    let options = BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let drawing = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(svg)), &options).ok()?;
    Url::create_object_url_with_blob(&drawing).ok()
}

/// Shows a drawing in an image of the page, or nothing.
pub fn show_drawing(id: &str, svg: Option<&str>) {
    let Some(image) = document().get_element_by_id(id) else { return };
    if let Some(before) = image.get_attribute("src") {
        let _ = Url::revoke_object_url(&before);
    }
    // Neither name is one that an element cannot have.
    let _ = match svg.and_then(address_of_drawing) {
        Some(address) => image.set_attribute("src", &address),
        None => image.remove_attribute("src"),
    };
}

/// Sets an attribute of an element that is there.
pub fn mark(id: &str, name: &str, value: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        // Only a name that is none fails.
        let _ = element.set_attribute(name, value);
    }
}

/// How many pixels a picture may be wide or high, and how many it may have: browsers make no larger ones.
const LARGEST: (f64, f64) = (16_000.0, 120e6);

/// A drawing as a PNG, so many times as large, or as large as can be.
pub async fn picture(svg: &str, larger: f64) -> Option<Blob> {
    let address = address_of_drawing(svg)?;
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&address);
    let drawn = JsFuture::from(image.decode()).await;
    let _ = Url::revoke_object_url(&address);
    drawn.ok()?;
    let (wide, high) = (f64::from(image.natural_width().max(1)), f64::from(image.natural_height().max(1)));
    let larger = larger.min(LARGEST.0 / wide.max(high)).min((LARGEST.1 / (wide * high)).sqrt());
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let (wide, high) = ((wide * larger).round(), (high * larger).round());
    canvas.set_width(wide as u32);
    canvas.set_height(high as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, wide, high).ok()?;
    let mut wait = |done: js_sys::Function, refused: js_sys::Function| {
        if let Err(error) = canvas.to_blob(&done) {
            // Nobody listens any more where this fails.
            let _ = refused.call1(&JsValue::NULL, &error);
        }
    };
    JsFuture::from(js_sys::Promise::new(&mut wait)).await.ok()?.dyn_into().ok()
}

/// A file being put together from pieces, so that a large document is never in memory twice.
pub struct Download {
    pieces: Array,
    buffer: Vec<u8>,
}

const PIECE: usize = 1 << 20;

impl Download {
    /// An empty file.
    pub fn new() -> Self {
        Self { pieces: Array::new(), buffer: Vec::with_capacity(PIECE) }
    }

    /// Hands the file to the person under this name, as a file of this kind.
    pub fn save(self, name: &str, kind: &str) -> Result<(), JsValue> {
        save(&self.blob(kind)?, name)
    }

    /// The file, of this kind.
    pub fn blob(mut self, kind: &str) -> Result<Blob, JsValue> {
        self.flush_buffer();
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        Blob::new_with_u8_array_sequence_and_options(&self.pieces, &options)
    }

    fn flush_buffer(&mut self) {
        if !self.buffer.is_empty() {
            self.pieces.push(&Uint8Array::from(self.buffer.as_slice()));
            self.buffer.clear();
        }
    }
}

impl std::io::Write for Download {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush_buffer();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.flush_buffer();
        Ok(())
    }
}
