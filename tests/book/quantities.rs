//! Quantities that are quoted in several places, with the same value in each.
//!
//! A comment after a quantity names it: `38 KiB <!-- same: memory of a thread -->`. Each place may round in its own way, so a
//! number stands for all numbers that are rounded to it: `38` for 37.5 to 38.5, `370` for 365 to 375, and `35 to 40` for
//! everything between the two. The ranges of all places must overlap.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use regex::Regex;

use crate::common::{Page, pages};
use crate::{assert_finds, assert_none, example};

/// Quantities that several pages need, so that a page can't lose its comment unnoticed.
const QUOTED: &[&str] = &[
    "eight jobs, one Rust thread",
    "eight jobs, four Rust threads",
    "eight jobs, one Python thread",
    "eight jobs, four Python threads",
    "memory of a thread",
    "memory of 10,000 threads",
    "memory of a coroutine",
    "time to start a thread",
    "time to fork a process",
];

/// A place that quotes a quantity.
struct Quote {
    place: String,
    text: String,
    stands_for: RangeInclusive<f64>,
}

/// The factor of a unit, for times in seconds and sizes in bytes.
fn factor(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "second" | "seconds" => 1.0,
        "ms" | "milliseconds" => 1e-3,
        "µs" | "microseconds" => 1e-6,
        "ns" | "nanoseconds" => 1e-9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    })
}

/// The numbers that are rounded to this one.
fn rounded_to(number: &str) -> Option<RangeInclusive<f64>> {
    let number = number.replace(',', "");
    let value: f64 = number.parse().ok()?;
    let unit = match number.split_once('.') {
        Some((_, decimals)) => 0.1_f64.powi(decimals.len() as i32),
        None => 10_f64.powi((number.len() - number.trim_end_matches('0').len()) as i32),
    };
    Some(value - unit / 2.0..=value + unit / 2.0)
}

/// The quotes of a page by the name of the quantity, and the comments without a quantity before them.
fn quotes(page: &Page) -> (Vec<(String, Quote)>, Vec<String>) {
    let comment = Regex::new(r"\s*<!-- same: ([^>]+?) -->").expect("a regular expression");
    let number = Regex::new(r"(?:([\d.,]*\d) to )?([\d.,]*\d)\s+(\S+)$").expect("a regular expression");
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for captures in comment.captures_iter(&page.text) {
        let at = captures.get(0).expect("a match").start();
        let line = page.text[..at].matches('\n').count() + 1;
        let quantity = number.captures(&page.text[..at]).and_then(|quantity| {
            let (from, to) = (quantity.get(1).unwrap_or(quantity.get(2)?).as_str(), quantity.get(2)?.as_str());
            let factor = factor(&quantity[3])?;
            let (from, to) = (rounded_to(from)?, rounded_to(to)?);
            Some((quantity[0].to_owned(), from.start() * factor..=to.end() * factor))
        });
        match quantity {
            Some((text, stands_for)) => {
                let place = format!("{}:{line}", page.path.display());
                found.push((captures[1].to_owned(), Quote { place, text, stands_for }));
            }
            None => faults.push(page.fault(line, format!("no quantity before the comment {:?}", &captures[1]))),
        }
    }
    (found, faults)
}

/// The quantities that are quoted with different values, or in one place only.
fn faults(pages: &[Page], expected: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut all: BTreeMap<String, Vec<Quote>> = expected.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    for page in pages {
        let (found, wrong) = quotes(page);
        faults.extend(wrong);
        found.into_iter().for_each(|(name, quote)| all.entry(name).or_default().push(quote));
    }
    for (name, quotes) in &all {
        if quotes.len() < 2 {
            let places: Vec<&str> = quotes.iter().map(|quote| quote.place.as_str()).collect();
            faults.push(format!("{name}: quoted in {} places: {}", quotes.len(), places.join(", ")));
        }
        for (index, one) in quotes.iter().enumerate() {
            for other in &quotes[index + 1..] {
                let overlap = one.stands_for.start().max(*other.stands_for.start())
                    < one.stands_for.end().min(*other.stands_for.end()) * (1.0 - 1e-9);
                if !overlap {
                    let (here, there) = (&one.place, &other.place);
                    faults.push(format!("{name}: {} in {here}, and {} in {there}", one.text, other.text));
                }
            }
        }
    }
    faults
}

#[test]
fn every_quantity_has_the_same_value_wherever_it_is_quoted() {
    assert_none(faults(&pages(), QUOTED));
}

mod each_check_can_fail {
    use super::*;

    #[track_caller]
    fn finds(one: &str, other: &str, expected: &[&str]) {
        let page = |text: &str| example(&format!("It takes {text}.\n"));
        assert_finds(faults(&[page(one), page(other)], &[]), expected);
    }

    #[test]
    fn different_values() {
        finds("38 KiB <!-- same: a -->", "35 to 40 KiB\n<!-- same: a -->", &[]);
        finds(
            "1.6 s <!-- same: a -->",
            "1.7 s <!-- same: a -->",
            &["a: 1.6 s in book/src/page.md:1, and 1.7 s in book/"],
        );
        finds("10 KiB <!-- same: a -->", "35 to 40 KiB <!-- same: a -->", &["a: 10 KiB"]);
    }

    #[test]
    fn other_mistakes() {
        finds("1.6 s <!-- same: a -->", "1.6 s", &["a: quoted in 1 places: book/src/page.md:1"]);
        finds("1.6 s <!-- same: a -->", "long <!-- same: a -->", &["no quantity before", "a: quoted in 1 places"]);
        assert_finds(faults(&[], &["a"]), &["a: quoted in 0 places"]);
    }
}
