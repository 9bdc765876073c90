//! The pages on a phone and on a large screen, by keyboard, and without a network.
//!
//! The page `look.html` loads each page of the book in a frame and checks it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Test;
use crate::driver::{Browser, Fault};

/// Loading all pages takes a browser a long time, so `.ci/run` does it.
pub const LONG: &[Test] = tests! {
    every_page_is_readable_on_a_phone_by_keyboard_and_offline
    every_page_is_readable_on_a_desk_by_keyboard_and_offline
    the_book_is_printed
};

/// The printed book has more pages than this.
const MIN_PAGES: usize = 100;

/// The time limit for checking all pages.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The names of a built book's pages, except for those that repeat others.
pub fn pages(book: &Path) -> Vec<String> {
    let entries = fs::read_dir(book).expect("the book is there");
    let names = entries.map(|entry| entry.expect("a folder can be read").file_name().to_string_lossy().into_owned());
    let other = ["404.html", "index.html", "print.html", "toc.html", "look.html"];
    // A page that redirects to another one has nothing to show.
    let redirects =
        |name: &str| fs::read_to_string(book.join(name)).is_ok_and(|page| page.contains("http-equiv=\"refresh\""));
    let pages = names.filter(|name| name.ends_with(".html") && !other.contains(&&**name) && !redirects(name));
    let mut pages: Vec<String> = pages.collect();
    pages.sort();
    pages
}

/// The elements of a page that would load something from another host.
fn foreign(html: &str) -> Vec<&str> {
    let tags = html.split('<').filter(|tag| {
        ["script ", "link ", "img ", "iframe ", "source ", "image "].iter().any(|name| tag.starts_with(name))
    });
    tags.filter(|tag| ["\"http:", "\"https:", "\"//"].iter().any(|scheme| tag.contains(scheme))).collect()
}

/// Checks that `foreign` finds foreign resources and nothing else.
pub fn a_page_that_loads_something_from_elsewhere_is_found() -> Fault {
    let fine = r#"<a href="https://a.b">b</a><img src="a.svg"><svg xmlns="http://www.w3.org/2000/svg">"#;
    let foreigners = r#"<link rel="x" href="https://a.b/c.css"><script src="//a.b/c.js">"#;
    match (foreign(fine).len(), foreign(foreigners).len()) {
        (0, 2) => Ok(()),
        found => Err(format!("{found:?} instead of none and two")),
    }
}

fn every_page_is_readable_on_a_phone_by_keyboard_and_offline(browser: &Browser) -> Fault {
    look(browser, 360)
}

fn every_page_is_readable_on_a_desk_by_keyboard_and_offline(browser: &Browser) -> Fault {
    look(browser, 1200)
}

/// The program starts a browser of its own.
fn the_book_is_printed(_: &Browser) -> Fault {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("book.pdf");
    let printed = Command::new(env!("CARGO_BIN_EXE_reading-room")).arg("pdf").arg(&file).output();
    let printed = printed.map_err(|error| error.to_string())?;
    if !printed.status.success() {
        return Err(String::from_utf8_lossy(&printed.stderr).into_owned());
    }
    let pdf = fs::read(file).map_err(|error| error.to_string())?;
    match pdf.split(|byte| *byte == b'\n').filter(|line| line.ends_with(b"/Type /Page")).count() {
        pages if pages > MIN_PAGES && pdf.starts_with(b"%PDF-") => Ok(()),
        pages => Err(format!("{pages} pages are printed")),
    }
}

/// Checks each page of the book on disk in a window of some width, in pixels.
fn look(browser: &Browser, width: u32) -> Fault {
    let book = browser.book()?;
    let pages = pages(book);
    if pages.len() < 4 {
        return Err(format!("there is no book: {pages:?}"));
    }
    for page in &pages {
        let html = fs::read_to_string(book.join(page)).map_err(|error| format!("{page}: {error}"))?;
        if let [first, ..] = foreign(&html)[..] {
            return Err(format!("{page}: {first}"));
        }
    }
    let look = include_str!("look.html").replace("PAGES", &pages.join(" ")).replace("WIDTH", &width.to_string());
    fs::write(book.join("look.html"), look).map_err(|error| error.to_string())?;
    browser.open(&browser.file("look.html")?)?;
    let result = "document.querySelector('#result').textContent";
    let begin = Instant::now();
    while browser.get(0, result)? == json!("not done") && begin.elapsed() < TIMEOUT {
        thread::sleep(Duration::from_millis(100));
    }
    match browser.get(0, result)? {
        Value::String(said) if said == format!("{} pages\nfine", pages.len()) => Ok(()),
        said => Err(said.as_str().unwrap_or("the page returned nothing").to_owned()),
    }
}
