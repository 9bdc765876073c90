//! `chapter-choosing`: that its output is complete. Judging the measurements is up to readers.

use std::fs;

use serde_json::Value;

use crate::command_line::refuses;
use crate::common::{CHOOSING, FOREVER, Folder, python};

/// Little work, once.
const QUICK: [&str; 3] = ["--quick", "--rounds=1", "--scale=0.02"];
const PARTS: [&str; 6] = ["cpu", "io", "mixed", "empty", "idle", "start"];

fn rows(flags: &[&str]) -> Vec<Value> {
    let run = CHOOSING.bare(QUICK.iter().copied().chain(["--format=json"]).chain(flags.iter().copied()));
    let run = run.finish().exits_with(0);
    assert_eq!(run.stderr, "", "{}", run.line);
    run.lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[test]
fn each_part_has_all_models_and_a_chart() {
    let folder = Folder::new("choosing");
    let charts = folder.file("charts");
    let rows = rows(&[&format!("--plot={charts}")]);
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
    let rows = rows(&["--python", &format!("--only={part}")]);
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
