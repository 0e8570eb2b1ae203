//! The user guide: docs/guide, a book in each language, as plain pages in the site's `guide/`.
//!
//! mdBook makes the pages, as a tool rather than as a library: a library of a hundred crates would be a part of everything that
//! `cargo xtask` does, before its first command. Its own theme is left out: our page has no script, so that none of mdBook's scripts,
//! fonts and styles are taken over, and a policy that allows none.

mod markers;

use std::fs;
use std::path::Path;
use std::process::Command;

pub use markers::Sources;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say};

/// Where the guide lies in a site. Nobody needs it to use the page.
pub const FOLDER: &str = "guide";

/// The guide's source, in the checkout.
const SOURCE: &str = "docs/guide";
/// What all pages share.
const STYLE: &str = "guide.css";

/// The page's icon.
const ICON: &str = "web/page/assets/icon.svg";

/// A language that the guide is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its folder in the source, and the page's name of it.
    pub name: &'static str,
    /// Where it lies in the guide.
    place: &'static str,
}

/// The languages of the guide.
pub const LANGUAGES: [Language; 2] = [Language { name: "en", place: "" }, Language { name: "zh", place: "zh" }];

/// Makes the guide in the site's folder.
///
/// # Errors
/// When a chapter names what is not there, mdBook fails, or a file can't be read or written.
pub fn build(paths: &Paths, mdbook: &Path) -> Result<()> {
    say::step("Making the user guide (a second).");
    let source = paths.root.join(SOURCE);
    let guide = paths.dist().join(FOLDER);
    empty(&guide)?;
    for language in LANGUAGES {
        let work = paths.target.join(FOLDER).join(language.name);
        empty(&work)?;
        let sources = Sources::read(&paths.root, language.name)?;
        let folder = source.join(language.name);
        copy(&folder.join("book.toml"), &work.join("book.toml"))?;
        for name in names(&folder.join("src"), "md")? {
            let path = folder.join("src").join(&name);
            let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
            let text = sources.written(&text).map_err(|what| Error::Check(format!("{}: {what}", path.display())))?;
            write(&work.join("src").join(&name), text)?;
        }
        copy(&source.join("theme/index.hbs"), &work.join("theme/index.hbs"))?;
        let mut command = Command::new(mdbook);
        process::run(command.arg("build").arg(&work).env("MDBOOK_LOG", "warn"))?;
        let book = work.join("book");
        let to = guide.join(language.place);
        for name in names(&book, "html")? {
            // Nothing of ours names this one.
            if name != "toc.html" {
                let path = book.join(&name);
                let page = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
                write(&to.join(&name), finished(&page, &name))?;
            }
        }
    }
    copy(&source.join(STYLE), &guide.join(STYLE))?;
    copy(&paths.root.join(ICON), &guide.join("icon.svg"))?;
    for language in LANGUAGES {
        let pictures = Path::new("images").join(language.place);
        for name in names(&source.join(&pictures), "png")? {
            let picture = pictures.join(name);
            copy(&source.join(&picture), &guide.join(&picture))?;
        }
    }
    Ok(())
}

/// A page with what mdBook cannot say of it: which chapter of the list it is, where it is in the other language, and that what may be
/// wider than a phone is scrolled with the keyboard too.
fn finished(page: &str, name: &str) -> String {
    let page = page.replacen(&format!("<a href=\"{name}\">"), &format!("<a href=\"{name}\" aria-current=\"page\">"), 1);
    let wide = "tabindex=\"0\" role=\"group\"";
    let page = page.replace("<div class=\"table-wrapper\">", &format!("<div class=\"table-wrapper\" {wide}>"));
    let page = page.replace("<pre>", &format!("<pre {wide}>"));
    let page = figures(&page);
    // The policy lets no element have a style of its own.
    let page = page.replace("style=\"text-align: right\"", "class=\"number\"");
    // mdBook gives a template the chapter's source.
    let source = name.replace(".html", ".md");
    ["../", "zh/"].iter().fold(page, |page, folder| {
        page.replace(&format!("href=\"{folder}{source}\""), &format!("href=\"{folder}{name}\""))
    })
}

/// A page with every picture there once, with what is said of it below, and its file, larger, behind it: mdBook puts each into a box that
/// is ticked to see it large, and there a second time, for which our pages have no style.
fn figures(page: &str) -> String {
    const BEFORE: &str = "<label class=\"checkbox-label\">";
    const AFTER: &str = "</label>";
    let mut parts = page.split(BEFORE);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, after) = part.split_once(AFTER).unwrap_or(("", part));
        let picture =
            inside.find("<img").and_then(|at| inside.get(at..)).and_then(|from| from.split_inclusive('>').next());
        let picture = picture.unwrap_or_default();
        let said = between(picture, " title=\"", "\"");
        match (between(picture, " src=\"", "\""), said, written.strip_suffix("<p>"), after.strip_prefix("</p>")) {
            (Some(file), Some(said), Some(before), Some(after)) => {
                let picture = picture.replacen(&format!(" title=\"{said}\""), "", 1);
                written = format!(
                    "{before}<figure><a href=\"{file}\">{picture}</a><figcaption>{said}</figcaption></figure>{after}"
                );
            }
            _ => {
                written.push_str(picture);
                written.push_str(after);
            }
        }
    }
    written
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// The names of a folder's files that end so, in order.
fn names(folder: &Path, extension: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let files = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|found| found == extension));
    let mut names: Vec<_> = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io("delete", folder))?;
    }
    fs::create_dir_all(folder).map_err(Error::io("create", folder))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).map_err(Error::io("read", from))?;
    write(to, bytes)
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    fs::write(path, content).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use headlight_catalogue::document::{HeadFigure, Measure, Method, Task};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
    }

    /// Every chapter of a language, with what stands for its markers.
    fn chapters(language: &str) -> Vec<(String, String)> {
        let sources = Sources::read(&root(), language).unwrap();
        let folder = root().join(SOURCE).join(language).join("src");
        let read = |name: String| {
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            let text = sources.written(&text).unwrap_or_else(|what| panic!("{language}/{name}: {what}"));
            (name, text)
        };
        names(&folder, "md").unwrap().into_iter().map(read).collect()
    }

    /// The anchors of headings, `{#name}`.
    fn anchors(chapters: &[(String, String)]) -> BTreeSet<String> {
        let lines = chapters.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with('#'));
        lines.filter_map(|line| Some(line.rsplit_once("{#")?.1.trim_end_matches('}').to_owned())).collect()
    }

    #[test]
    fn every_panel_task_method_measure_and_figure_has_a_section_in_every_language() {
        for language in LANGUAGES {
            let found = anchors(&chapters(language.name));
            let tasks = Task::ALL.iter().map(|one| format!("task_{one}"));
            let figures = HeadFigure::ALL.iter().map(|one| format!("figure_{one}"));
            let help = fs::read_to_string(root().join("web/page/assets/help/en.json")).unwrap();
            let help: serde_json::Value = serde_json::from_str(&help).unwrap();
            let panels: Vec<_> = help["entries"].as_object().unwrap().keys().cloned().collect();
            let panels = panels.into_iter().filter(|name| name.starts_with("panel_"));
            let named = Method::ALL.iter().map(ToString::to_string).chain(Measure::ALL.iter().map(ToString::to_string));
            for wanted in named.chain(tasks).chain(figures).chain(panels) {
                assert!(found.contains(&wanted), "{}: no heading ends in {{#{wanted}}}", language.name);
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_chapters_with_the_same_sections() {
        let [english, chinese] = LANGUAGES.map(|language| chapters(language.name));
        let names = |chapters: &[(String, String)]| chapters.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&english), names(&chinese));
        for (one, other) in english.iter().zip(&chinese) {
            let of = |chapter: &(String, String)| anchors(std::slice::from_ref(chapter));
            assert_eq!(of(one), of(other), "{}", one.0);
        }
        for chapters in [&english, &chinese] {
            let (_, summary) = chapters.iter().find(|(name, _)| name == "SUMMARY.md").unwrap();
            for (name, _) in chapters.iter().filter(|(name, _)| name != "SUMMARY.md") {
                assert!(summary.contains(&format!("({name})")), "{name} is in no list of chapters");
            }
        }
    }

    #[test]
    fn every_option_of_the_command_line_is_in_the_guide() {
        let code = fs::read_to_string(root().join("crates/cli/src/arguments.rs")).unwrap();
        let mut options = BTreeSet::new();
        let mut given: Option<String> = None;
        for line in code.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("#[arg(long") {
                let named = rest.split_once("= \"").filter(|(before, _)| before.trim().is_empty());
                given = Some(named.map(|(_, name)| name.split('"').next().unwrap().to_owned()).unwrap_or_default());
            } else if let (Some(name), Some(field)) = (&given, line.strip_prefix("pub ")) {
                let field = field.split(':').next().unwrap().replace('_', "-");
                options.insert(if name.is_empty() { field } else { name.clone() });
                given = None;
            }
        }
        assert!(options.len() > 30 && options.contains("method") && options.contains("patch-from"), "{options:?}");
        for language in LANGUAGES {
            let chapters = chapters(language.name);
            let (_, text) = chapters.iter().find(|(name, _)| name == "command-line.md").unwrap();
            for option in &options {
                assert!(text.contains(&format!("`--{option}")), "{}: --{option} is not in it", language.name);
            }
        }
    }

    #[test]
    fn a_picture_is_there_once_and_what_is_said_of_it_stands_below() {
        let page = |title: &str| {
            let picture = format!("<img src=\"a.png\" alt=\"A\"{title}>");
            let mdbook = format!("<input type=\"checkbox\">{picture}<span>{picture}</span>");
            format!("<p>1</p><p><label class=\"checkbox-label\">{mdbook}</label></p><p>2</p>")
        };
        assert_eq!(figures(&page("")), "<p>1</p><p><img src=\"a.png\" alt=\"A\"></p><p>2</p>");
        let wanted = "<p>1</p><figure><a href=\"a.png\"><img src=\"a.png\" alt=\"A\"></a><figcaption>“A”.</figcaption></figure><p>2</p>";
        assert_eq!(figures(&page(" title=\"“A”.\"")), wanted);
    }

    #[test]
    fn a_page_is_marked_in_the_list_and_knows_the_other_language() {
        let page = "<a href=\"tasks.html\">1</a> <a href=\"zh/tasks.md\">中文</a> <a href=\"tasks.html\">next</a>";
        let wanted = "<a href=\"tasks.html\" aria-current=\"page\">1</a> <a href=\"zh/tasks.html\">中文</a> <a href=\"tasks.html\">next</a>";
        assert_eq!(finished(page, "tasks.html"), wanted);
    }
}
