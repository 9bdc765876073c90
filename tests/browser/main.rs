//! The book in a browser: on a phone and on a desk, by keyboard, and without a network.
//!
//! A page of ours, `look.html`, shows each page of the book in a frame and looks at it. The browser is Chromium, and the book
//! is built by mdbook.

#[path = "../common/programs.rs"]
mod programs;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use programs::{CHROMIUM, ROOT, find, skip};

/// Runs a program to its end, and gives what it said on standard output and on standard error.
#[track_caller]
fn run(command: &mut Command) -> (String, String) {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{err}", output.status);
    (out, err)
}

/// The names of the pages in a built book, but for those that are no pages of their own.
fn pages(book: &Path) -> Vec<String> {
    let entries = fs::read_dir(book).expect("the book is there");
    let names = entries.map(|entry| entry.expect("a folder can be read").file_name().to_string_lossy().into_owned());
    let other = ["404.html", "index.html", "print.html", "toc.html", "look.html"];
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".html") && !other.contains(&&**name)).collect();
    pages.sort();
    pages
}

/// What a page would load from elsewhere, and that as soon as it is read.
fn foreign(html: &str) -> Vec<&str> {
    let tags = html.split('<').filter(|tag| {
        ["script ", "link ", "img ", "iframe ", "source ", "image "].iter().any(|name| tag.starts_with(name))
    });
    tags.filter(|tag| ["\"http:", "\"https:", "\"//"].iter().any(|scheme| tag.contains(scheme))).collect()
}

#[test]
fn a_page_that_loads_something_from_elsewhere_is_found() {
    assert_eq!(
        foreign(r#"<a href="https://a.b">b</a><img src="a.svg"><svg xmlns="http://www.w3.org/2000/svg">"#),
        [""; 0]
    );
    assert_eq!(foreign(r#"<link rel="x" href="https://a.b/c.css"><script src="//a.b/c.js">"#).len(), 2);
}

#[test]
fn every_page_is_readable_on_a_phone_by_keyboard_and_offline() {
    let (Some(mdbook), Some(chromium)) = (find(&["mdbook"]), find(CHROMIUM)) else {
        return skip("mdbook or Chromium", "nobody looks at the pages in a browser");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("book");
    run(Command::new(mdbook).arg("build").arg(Path::new(ROOT).join("book")).arg("--dest-dir").arg(&book));
    let pages = pages(&book);
    assert!(pages.len() > 3, "{pages:?}");
    for page in &pages {
        let html = fs::read_to_string(book.join(page)).expect("a page is text");
        assert!(foreign(&html).is_empty(), "{page}: {:?}", foreign(&html));
    }
    let look = include_str!("look.html").replace("PAGES", &pages.join(" "));
    fs::write(book.join("look.html"), look).expect("the folder can be written");
    let flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
                 --disable-sync --allow-file-access-from-files --enable-logging=stderr --virtual-time-budget=60000 --dump-dom";
    let (dom, log) = run(Command::new(chromium)
        .args(flags.split_whitespace())
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", book.join("look.html").display())));
    let result = dom.split("<pre id=\"result\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or(&dom);
    assert_eq!(result, format!("{} pages\nfine", pages.len()), "\n{result}\n");
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "the pages complain:\n{}", console.join("\n"));
}
