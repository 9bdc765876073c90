//! Scheduler labs: each has the recording of the program that it names, and the same program as static HTML.
//!
//! ```text
//! <div class="scheduler" data-program="two_locks">
//! <script type="application/json">{{#include ../schedules/two_locks.json}}</script>
//! {{#include ../schedules/two_locks.html}}
//! </div>
//! ```
//!
//! The package `programs`, which makes the recordings, checks that they are up to date.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Page, pages, root};
use crate::{assert_finds, assert_none, example};

/// The lines of a lab.
fn lab(program: &str) -> String {
    format!(
        "<div class=\"scheduler\" data-program=\"{program}\">\n<script type=\"application/json\">{{{{#include \
         ../schedules/{program}.json}}}}</script>\n{{{{#include ../schedules/{program}.html}}}}\n</div>\n"
    )
}

/// The programs that have been recorded.
fn recorded() -> BTreeSet<String> {
    let names = fs::read_dir(root().join("book/schedules")).expect("there are recordings");
    let names = names.map(|entry| entry.expect("a folder can be read").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect()
}

/// What's wrong with the labs of a page.
fn faults_of_labs(page: &Page, recorded: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, _) in page.text.match_indices("class=\"scheduler\"") {
        let begin = page.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let text = &page.text[begin..];
        let program = text.split("data-program=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let line = page.line(at);
        if !recorded.contains(program) {
            let advice = "record the programs, after `Program::is_recorded` names it if it's a fixed version";
            faults.push(page.fault(line, format!("book/schedules has no recording of {program:?}: {advice}")));
        } else if !text.starts_with(&lab(program)) {
            faults.push(page.fault(line, format!("a scheduler lab has these lines:\n{}", lab(program))));
        }
    }
    faults
}

#[test]
fn every_scheduler_lab_has_its_recording() {
    let recorded = recorded();
    assert_none(pages().iter().flat_map(|page| faults_of_labs(page, &recorded)).collect());
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn labs_without_their_recording() {
        let recorded = BTreeSet::from(["two_locks".to_owned()]);
        let check = |text: String| faults_of_labs(&example(&text), &recorded);
        assert_finds(check(lab("two_locks")), &[]);
        assert_finds(check(lab("three_locks")), &["no recording of \"three_locks\""]);
        assert_finds(check(lab("two_locks").replace("two_locks.html", "other.html")), &["has these lines"]);
    }
}
