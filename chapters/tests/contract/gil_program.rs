//! `chapter-gil`: that its output is complete. Judging the measurements is up to benchmarks.

use std::fs;

use serde_json::Value;

use crate::common::{Folder, GIL_PROGRAM};

/// Little work, once.
const QUICK: [&str; 3] = ["--rounds=1", "--scale=0.03", "--seed=1"];
const PARTS: [&str; 4] = ["cpu", "io", "interval", "convoy"];

fn rows(flags: &[&str]) -> Vec<Value> {
    let run = GIL_PROGRAM.bare(QUICK.iter().copied().chain(["--format=json"]).chain(flags.iter().copied()));
    let run = run.finish().exits_with(0);
    assert_eq!(run.stderr, "", "{}", run.line);
    run.lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn column<'a>(rows: &'a [Value], key: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| row.get(key).unwrap_or_else(|| panic!("no {key} in {row}"))).collect()
}

#[test]
fn each_part_has_all_its_rows_and_a_picture() {
    let folder = Folder::new("gil-pictures");
    let pictures = folder.file("pictures/of/the/parts");
    let rows = rows(&[&format!("--timelines={pictures}")]);
    let of = |part: &str| -> Vec<Value> { rows.iter().filter(|row| row["part"] == part).cloned().collect() };
    assert_eq!(PARTS.map(|part| of(part).len()), [6, 4, 3, 4]);
    assert!(column(&rows, "seed").iter().all(|seed| **seed == 1));

    let locks = ["none", "none", "one", "one", "per-worker", "per-worker"];
    assert_eq!(column(&of("cpu"), "gil"), locks);
    assert_eq!(column(&of("cpu"), "workers"), [1, 2, 1, 2, 1, 2]);
    assert_eq!(column(&of("io"), "gil"), locks[..4]);
    for row in of("cpu").into_iter().chain(of("io")) {
        assert_eq!(row["switches"].is_null(), row["gil"] == "none", "{row}");
        assert_eq!(row["median_hold_seconds"].is_null(), row["gil"] == "none", "{row}");
        assert!(["wall_seconds", "cpu_seconds", "speedup"].iter().all(|key| row[key].is_number()), "{row}");
        if row["workers"] == 1 {
            assert_eq!((&row["speedup"], row["switches"].as_u64().unwrap_or(0)), (&1.0.into(), 0), "{row}");
        }
    }
    assert_eq!(column(&of("interval"), "switch_interval_seconds"), [0.0005, 0.005, 0.05]);
    assert_eq!(column(&of("convoy"), "gil"), locks[..4]);
    // On a busy machine, a worker may not get to wait at all.
    assert!(column(&of("convoy"), "waits_per_second").iter().all(|rate| rate.is_number() || rate.is_null()));

    for part in PARTS {
        let svg = fs::read_to_string(format!("{pictures}/{part}.svg")).expect("a picture");
        assert!(svg.trim_end().ends_with("</svg>") && svg.contains("holds the GIL"), "{part}: {svg}");
    }
}

#[test]
fn each_part_can_be_shown_alone() {
    for part in PARTS {
        let rows = rows(&[&format!("--only={part}"), "--workers=3", "--switch-interval=0.001"]);
        assert!(!rows.is_empty() && rows.iter().all(|row| row["part"] == part), "{rows:#?}");
        assert!(rows.iter().all(|row| row["switch_interval_seconds"].is_number()));
    }
}

#[test]
fn text_has_tables_and_the_flags_that_repeat_them() {
    let run = GIL_PROGRAM.bare(["--only=io", "--rounds=1", "--scale=0.1", "--seed=-7"]).finish().exits_with(0);
    let text = run.lines.join("\n");
    for words in ["io: ", "This takes about 1 s.", "\ngil ", "speedup", "\nnone ", "\none ", "--seed=-7"] {
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
}

#[test]
fn no_work_at_all_still_shows_every_part() {
    let run = GIL_PROGRAM.bare(["--scale=0", "--rounds=1", "--format=json"]).finish().exits_with(0);
    assert_eq!(run.lines.len(), 17, "{:#?}", run.lines);
    run.lines.iter().for_each(|line| _ = serde_json::from_str::<Value>(line).expect("a row"));
}
