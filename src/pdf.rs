//! `cargo run -- pdf`: prints the book with Chromium, with a title page and a table of contents.
//!
//! Chromium can't print the page number of another place, so the book is printed twice. The first copy shows on which
//! page each heading is, and the second one has these numbers in its contents. Both have the same number of pages,
//! because the contents begin with as many digits as they'll need.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use installed::CHROMIUM;
use lopdf::{Document, Object};
use url::Url;

use crate::book::{self, Chapter};

/// The file that the book is printed to by default.
pub fn default_path() -> PathBuf {
    book::folder().join("book/threads-processes-coroutines.pdf")
}

/// Prints the book into a file. This takes about twenty seconds.
///
/// # Errors
///
/// When the book can't be built, when no browser is installed, or when the browser fails.
pub fn print(file: &Path) -> Result<(), String> {
    let browser = installed::find(&CHROMIUM, &[])
        .ok_or_else(|| format!("printing needs a browser: install one of {}", CHROMIUM.join(", ")))?;
    let cannot = |what: &str, error: std::io::Error| format!("cannot {what}: {error}");
    let folder = tempfile::tempdir().map_err(|error| cannot("create a temporary folder", error))?;
    let built = folder.path().join("book");
    book::build(&built)?;
    let file = std::path::absolute(file).map_err(|error| cannot("resolve the path of the file", error))?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot(&format!("create {}", folder.display()), error))?;
    }
    let page = built.join("print.html");
    let html = fs::read_to_string(&page).map_err(|error| cannot(&format!("read {}", page.display()), error))?;
    let chapters = book::chapters()?;
    let printed = folder.path().join("book.pdf");
    let mut numbers = HashMap::new();
    for is_last in [false, true] {
        let with_numbers = with_front_matter(&html, &chapters, &numbers)?;
        fs::write(&page, with_numbers).map_err(|error| cannot(&format!("write {}", page.display()), error))?;
        print_page(&browser, &page, &folder.path().join("profile"), &printed)?;
        let before = std::mem::replace(&mut numbers, page_numbers(&printed)?);
        if let Some(missing) = headings(&html, 1).iter().find(|title| !numbers.contains_key(title.id)) {
            return Err(format!("the printed book doesn't say on which page {:?} is", missing.text));
        }
        if is_last && before != numbers {
            return Err("the page numbers in the contents have moved the chapters".to_owned());
        }
    }
    fs::copy(&printed, &file).map(drop).map_err(|error| cannot(&format!("write {}", file.display()), error))
}

/// Prints an HTML page.
fn print_page(browser: &Path, page: &Path, profile: &Path, printed: &Path) -> Result<(), String> {
    let page = Url::from_file_path(page).map_err(|()| format!("{} is not an absolute path", page.display()))?;
    let option = |name: &str, path: &Path| {
        let mut option = std::ffi::OsString::from(name);
        option.push(path);
        option
    };
    let mut command = Command::new(browser);
    command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-sync", "--no-pdf-header-footer"]);
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    // Chromium's sandbox doesn't work for root, as in a container. The page is our own.
    #[cfg(unix)]
    if nix::unistd::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    command.arg(option("--user-data-dir=", profile));
    command.arg(option("--print-to-pdf=", printed));
    command.arg(page.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| format!("cannot start {}: {error}", browser.display()))?;
    if !output.status.success() || !printed.is_file() {
        return Err(format!("{} printed nothing:\n{}", browser.display(), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(())
}

/// A heading of the printed book.
#[derive(Debug, PartialEq)]
struct Heading<'a> {
    /// Where it begins, in bytes.
    at: usize,
    id: &'a str,
    text: &'a str,
}

/// The headings of a level, as mdBook writes them: `<h1 id="a"><a class="header" href="#a">Text</a></h1>`.
fn headings<'a>(html: &'a str, level: u32) -> Vec<Heading<'a>> {
    let (start, end) = (format!("<h{level} id=\""), format!("</a></h{level}>"));
    let heading = |(at, _): (usize, &str)| -> Option<Heading<'a>> {
        let rest = &html[at + start.len()..];
        let (id, rest) = rest.split_once('"')?;
        let (_, rest) = rest.split_once(&format!("href=\"#{id}\">"))?;
        Some(Heading { at, id, text: rest.split_once(&end)?.0 })
    };
    html.match_indices(&start).filter_map(heading).collect()
}

/// The sections that every chapter has. They aren't in the contents, and neither are those named after a chapter.
const EVERYWHERE: [&str; 3] = ["Questions", "Exercises", "Recap"];

/// Adds a title page and a table of contents with page numbers, and the name of its part above each chapter's title.
fn with_front_matter(html: &str, chapters: &[Chapter], numbers: &HashMap<String, u32>) -> Result<String, String> {
    let titles = headings(html, 1);
    if titles.len() != chapters.len() {
        return Err(format!("the book has {} chapters, and print.html {}", chapters.len(), titles.len()));
    }
    let number = |id: &str| numbers.get(id).copied().unwrap_or(100);
    let sections = headings(html, 2);
    let mut contents = String::new();
    let mut result = String::new();
    let mut part = None;
    let mut begin = 0;
    for (index, (title, chapter)) in titles.iter().zip(chapters).enumerate() {
        if part != chapter.part.as_deref() {
            part = chapter.part.as_deref();
            let _ = write!(contents, "<h2>{}</h2>", part.unwrap_or("Appendices"));
        }
        let _ = write!(contents, "{}", entry("chapter", title, number(title.id)));
        let end = titles.get(index + 1).map_or(html.len(), |next| next.at);
        let is_elsewhere =
            |it: &&Heading| EVERYWHERE.contains(&it.text) || titles.iter().any(|title| title.text == it.text);
        let own = sections.iter().filter(|it| (title.at..end).contains(&it.at) && !is_elsewhere(it));
        own.for_each(|section| _ = write!(contents, "{}", entry("section", section, number(section.id))));
        result.push_str(&html[begin..title.at]);
        if let Some(part) = part {
            let _ = write!(result, "<p class=\"print-part\">{part}</p>");
        }
        begin = title.at;
    }
    result.push_str(&html[begin..]);
    let title = "<div class=\"print-title\"><h1>Threads, Processes, Coroutines</h1><p>A book about concurrency in Rust \
                 whose every page runs</p></div>";
    let front = format!("<main>{title}<nav class=\"print-contents\"><h1>Contents</h1>{contents}</nav>");
    Ok(result.replacen("<main>", &front, 1))
}

/// A line of the table of contents.
fn entry(kind: &str, Heading { id, text, .. }: &Heading, number: u32) -> String {
    format!("<p class=\"print-{kind}\"><a href=\"#{id}\">{text}</a><span></span><a href=\"#{id}\">{number}</a></p>")
}

/// The number of the page, from 1, on which each place is that a link in the PDF file leads to.
fn page_numbers(file: &Path) -> Result<HashMap<String, u32>, String> {
    let read = || -> lopdf::Result<HashMap<String, u32>> {
        let document = Document::load(file)?;
        let pages: HashMap<_, _> = document.get_pages().into_iter().map(|(number, page)| (page, number)).collect();
        let (_, places) = document.dereference(document.catalog()?.get(b"Dests")?)?;
        let number = |place: &Object| {
            let page = place.as_array().ok()?.first()?.as_reference().ok()?;
            pages.get(&page).copied()
        };
        let places = places.as_dict()?.iter();
        Ok(places
            .filter_map(|(name, place)| {
                let (_, place) = document.dereference(place).ok()?;
                Some((String::from_utf8_lossy(name).into_owned(), number(place)?))
            })
            .collect())
    };
    read().map_err(|error| format!("the printed book cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<main><h1 id=\"a\"><a class=\"header\" href=\"#a\">A &amp; B</a></h1>\
                        <h2 id=\"s\"><a class=\"header\" href=\"#s\">First</a></h2>\
                        <h2 id=\"q\"><a class=\"header\" href=\"#q\">Questions</a></h2></main>";

    fn chapters() -> Vec<Chapter> {
        vec![Chapter { part: Some("One".to_owned()), title: "A & B".to_owned() }]
    }

    #[test]
    fn the_contents_have_the_page_numbers_of_chapters_and_sections() {
        let numbers = HashMap::from([("a".to_owned(), 7), ("s".to_owned(), 8), ("q".to_owned(), 9)]);
        let html = with_front_matter(HTML, &chapters(), &numbers).expect("a chapter and a title");
        assert!(html.contains("<a href=\"#a\">A &amp; B</a><span></span><a href=\"#a\">7</a>"), "{html}");
        assert!(html.contains("<a href=\"#s\">First</a><span></span><a href=\"#s\">8</a>"), "{html}");
        assert!(!html.contains("<a href=\"#q\">9</a>"), "{html}");
        assert!(html.contains("<p class=\"print-part\">One</p><h1 id=\"a\">"), "{html}");
    }

    #[test]
    fn a_chapter_without_a_title_is_an_error() {
        assert!(with_front_matter("<main></main>", &chapters(), &HashMap::new()).is_err());
    }
}
