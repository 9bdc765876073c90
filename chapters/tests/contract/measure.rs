//! The programs that measure, `chapter-gil` and `chapter-choosing`: that their output is complete. Judging the measurements
//! is up to readers and benchmarks.

use std::fs;

use serde_json::Value;

use crate::command_line::refuses;
use crate::common::{CHOOSING, FOREVER, Folder, GIL_PROGRAM, Variant, python};

/// Little work, once.
const QUICK_GIL: [&str; 3] = ["--rounds=1", "--scale=0.03", "--seed=1"];
const PARTS_OF_GIL: [&str; 4] = ["cpu", "io", "interval", "convoy"];
const QUICK: [&str; 3] = ["--quick", "--rounds=1", "--scale=0.02"];
const PARTS: [&str; 6] = ["cpu", "io", "mixed", "empty", "idle", "start"];

/// The rows that a program prints.
fn rows(program: &Variant, quick: &[&str], flags: &[&str]) -> Vec<Value> {
    let run = program.bare(["--format=json"].iter().chain(quick).chain(flags).copied()).finish().exits_with(0);
    assert_eq!(run.stderr, "", "{}", run.line);
    run.lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn column<'a>(rows: &'a [Value], key: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| row.get(key).unwrap_or_else(|| panic!("no {key} in {row}"))).collect()
}

#[test]
fn each_part_of_the_gil_has_all_its_rows_and_a_picture() {
    let folder = Folder::new("gil-pictures");
    let pictures = folder.file("pictures/of/the/parts");
    let rows = rows(&GIL_PROGRAM, &QUICK_GIL, &[&format!("--timelines={pictures}")]);
    let of = |part: &str| -> Vec<Value> { rows.iter().filter(|row| row["part"] == part).cloned().collect() };
    assert_eq!(PARTS_OF_GIL.map(|part| of(part).len()), [6, 4, 3, 4]);
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

    for part in PARTS_OF_GIL {
        let svg = fs::read_to_string(format!("{pictures}/{part}.svg")).expect("a picture");
        assert!(svg.trim_end().ends_with("</svg>") && svg.contains("holds the GIL"), "{part}: {svg}");
    }
}

#[test]
fn each_part_of_the_gil_can_be_shown_alone() {
    for part in PARTS_OF_GIL {
        let flags = [&format!("--only={part}"), "--workers=3", "--switch-interval=0.001"];
        let rows = rows(&GIL_PROGRAM, &QUICK_GIL, &flags);
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
fn no_work_at_all_still_shows_every_part_of_the_gil() {
    assert_eq!(rows(&GIL_PROGRAM, &[], &["--scale=0", "--rounds=1"]).len(), 17);
}

#[test]
fn each_part_has_all_models_and_a_chart() {
    let folder = Folder::new("choosing");
    let charts = folder.file("charts");
    let rows = rows(&CHOOSING, &QUICK, &[&format!("--plot={charts}")]);
    for part in PARTS {
        let of: Vec<&Value> = rows.iter().filter(|row| row["part"] == part).collect();
        for model in ["threads", "processes", "coroutines"] {
            assert!(of.iter().any(|row| row["model"] == model), "{part}: {model}");
        }
        for row in of {
            assert!(row["wall_seconds"].as_f64() > Some(0.0), "{row}");
            assert!(row["peak_rss_bytes"].as_f64() > Some(0.0), "{row}");
            assert_eq!(row["rounds"], 1, "{row}");
            // On Linux, the kernel's part is in it as well. The program may have returned more memory than the workers take.
            let is_weighed = row["memory_bytes"].is_number();
            assert_eq!(is_weighed, part == "idle" && cfg!(target_os = "linux"), "{row}");
        }
        let chart = fs::read_to_string(format!("{charts}/{part}.svg")).expect("a chart");
        let chart = roxmltree::Document::parse(&chart).expect("XML");
        assert!(chart.descendants().any(|node| node.has_tag_name("rect")), "{part}");
    }
    let speedup = fs::read_to_string(format!("{charts}/speedup.svg")).expect("a chart");
    assert!(speedup.contains("the speedup, with ") && speedup.contains("1.00x"), "{speedup}");
}

#[test]
fn python_does_the_same_jobs() {
    python_does_the_same("mixed");
}

#[test]
#[ignore = "long: run by .ci/run"]
fn python_has_as_many_workers_without_work() {
    python_does_the_same("idle");
}

fn python_does_the_same(part: &str) {
    if python().is_none() {
        return;
    }
    let rows = rows(&CHOOSING, &QUICK, &["--python", &format!("--only={part}")]);
    let pythons: Vec<&Value> = rows.iter().filter(|row| row["python"] == true).collect();
    let models: Vec<&str> = pythons.iter().filter_map(|row| row["model"].as_str()).collect();
    for model in ["threads", "processes", "coroutines"] {
        assert!(models.contains(&model), "{part}: {models:?}");
    }
    for row in pythons {
        let interpreter = row["interpreter"].as_str().expect("the interpreter");
        let version = interpreter.split(' ').nth(1).expect("a version");
        assert!(row["variant"].as_str().is_some_and(|variant| variant.ends_with(version)), "{row}");
        let ours = rows.iter().find(|it| it["model"] == row["model"] && it["workers"] == row["workers"]);
        let ours = ours.unwrap_or_else(|| panic!("nothing to compare {row} with"));
        assert_eq!(row["jobs"], ours["jobs"], "{row}");
        assert!(row["wall_seconds"].as_f64() > Some(0.0) && row["peak_rss_bytes"].as_f64() > Some(0.0), "{row}");
    }
}

#[test]
fn it_is_each_demo_if_it_is_called_so() {
    for model in ["threads", "processes", "coroutines"] {
        let run = CHOOSING.bare([model, "--jobs=3", "--seed=1", "--scale=0", "--until-done", FOREVER, "--format=json"]);
        let run = run.finish().exits_with(0);
        let last: Value = serde_json::from_str(run.lines.last().expect("a summary")).expect("JSON");
        assert_eq!((&last["summary"]["model"], &last["summary"]["completed"]), (&model.into(), &3.into()));
        refuses(&CHOOSING, &[model, "--jobs=-1"], &["--jobs"]);
    }
}
