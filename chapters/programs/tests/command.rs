//! The program `chapter-scheduler`, as a reader runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

fn run_with(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chapter-scheduler"));
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("it's piped").write_all(input.as_bytes()).expect("the program reads its input");
    child.wait_with_output().expect("the program ends")
}

fn run(arguments: &[&str]) -> String {
    let output = run_with(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it's text")
}

/// Runs the program with a wrong command line, and returns its message.
fn usage(arguments: &[&str]) -> String {
    let output = run_with(arguments, "");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).expect("it's text")
}

#[test]
fn exploring_prints_the_endings_and_the_shortest_schedule() {
    let text = run(&["two_locks", "--explore"]);
    for line in [
        "6 schedules, 2 endings:",
        "          2  yes   deadlock: A waits for right, which B holds; B waits for left, which A holds",
        "The shortest schedule that reaches the goal has 2 steps and 1 switch:",
        "     2                           lock right: finds 20 (15)",
        "  --schedule=A,B",
    ] {
        assert!(text.lines().any(|other| other == line), "{line:?} is missing in:\n{text}");
    }
    assert!(run(&["two_locks_fixed", "--explore"]).ends_with("No schedule reaches the goal.\n"));
}

#[test]
fn a_question_has_endings_but_no_goal() {
    let text = run(&["two_lines", "--explore"]);
    assert!(text.contains("2 endings:") && !text.contains("goal"), "{text}");
    let text = run(&["two_lines", "--schedule=A,main"]);
    assert!(!text.contains("goal"), "{text}");
    let output = run_with(&["two_lines"], "h\n");
    let text = String::from_utf8(output.stdout).expect("it's text");
    assert!(text.contains("no goal but to find all of its endings"), "{text}");
}

#[test]
fn exploring_as_json_gives_counts_as_strings_and_schedules_that_can_be_replayed() {
    for name in ["store_buffering", "select_loses_job"] {
        let json: Json = serde_json::from_str(&run(&[name, "--explore", "--format=json"])).expect("it's JSON");
        let endings = json["endings"].as_array().expect("there are endings");
        let counts = endings
            .iter()
            .map(|ending| ending["schedules"].as_str().expect("a string").parse::<u64>().expect("a number"));
        assert_eq!(counts.sum::<u64>().to_string(), json["schedules"]);
        for ending in endings {
            let schedule = format!("--schedule={}", ending["schedule"].as_str().expect("a string"));
            let replayed: Json = serde_json::from_str(&run(&[name, &schedule, "--format=json"])).expect("it's JSON");
            assert_eq!(replayed["ending"]["text"], ending["text"]);
            assert_eq!(replayed["steps"], ending["steps"]);
        }
    }
}

#[test]
fn an_unfinished_schedule_shows_the_state() {
    let text = run(&["two_locks", "--schedule=a"]);
    assert!(text.contains("  left = 10, held by A\n"), "{text}");
}

#[test]
fn a_wrong_command_line_is_explained() {
    assert!(usage(&["two_lock"]).contains("a similar value exists: 'two_locks'"));
    assert!(usage(&[]).contains("`--list` lists them"));
    assert!(usage(&["--explore"]).contains("`--list` lists them"));
    assert!(usage(&["two_locks", "--explore", "--schedule=A"]).contains("cannot be used with"));
    let step = |schedule: &str| usage(&["two_locks", &format!("--schedule={schedule}")]);
    assert_eq!(step("A,C"), "error: step 2: `C` isn't one of the threads main, A, B; possible: A, B\n");
    assert_eq!(
        step("A,B,A"),
        "error: step 3: A can't take a step: it waits for right, which B holds; it's a deadlock\n"
    );
    assert_eq!(step("main"), "error: step 1: main can't take a step: it waits for A and B to finish; possible: A, B\n");
    assert_eq!(step("A,A,A,A,A"), "error: step 5: A can't take a step: it has finished; possible: B\n");
    assert_eq!(step("A.2"), "error: step 1: A has one possible step, `A`; possible: A, B\n");
    assert_eq!(step("A.x"), "error: step 1: `A.x` isn't one of the threads main, A, B; possible: A, B\n");
    assert!(step("").contains("isn't one of the threads"));
}

#[test]
fn a_number_out_of_range_is_refused_by_the_name_of_its_flag_and_its_range() {
    let wrong = ["-1", "99999999999999999999", "1.5", ""];
    for (flag, expected, more) in [
        ("--limit", "from 1 to 100000000", "0"),
        ("--spurious-wakeups", "from 0 to 1000", "1001"),
        ("--timeouts", "from 0 to 1000", "1001"),
    ] {
        for value in wrong.into_iter().chain([more]) {
            let error = usage(&["two_locks", "--explore", flag, value]);
            assert!(error.starts_with("error: ") && error.contains(flag) && error.contains(expected), "{error}");
        }
    }
    for flags in ["--limit 1000 --spurious-wakeups 1000 --timeouts 1000", "--spurious-wakeups=0 --timeouts=0"] {
        run(&["two_locks", "--explore"].into_iter().chain(flags.split(' ')).collect::<Vec<_>>());
    }
}

#[test]
fn help_that_cannot_be_printed_is_a_failure() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    for flag in ["--help", "--version"] {
        let full = full.try_clone().expect("another handle");
        let output = Command::new(env!("CARGO_BIN_EXE_chapter-scheduler")).arg(flag).stdout(full).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).starts_with("error: cannot write standard output: "),
            "{output:?}"
        );
    }
}

#[test]
fn too_many_states_are_an_error_and_not_the_readers_fault() {
    let output = run_with(&["book_queue", "--explore", "--limit=100"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: stopped after 100 states"), "{output:?}");
}

#[test]
fn a_program_is_played_with_lines_of_text() {
    let output = run_with(&["two_locks"], "A\nb\nA\nu\nh\ne\nr\nq\n");
    let text = String::from_utf8(output.stdout).expect("it's text");
    for part in [
        "Goal: Reach a deadlock.",
        "B lock right: finds 20\n",
        "Deadlock: A waits for right, which B holds",
        "The goal is reached.",
        "A can't take a step: it waits for right, which B holds; it's a deadlock",
        "Hint: B",
        "2 schedules: deadlock",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    assert_eq!(text.matches("At the start:").count(), 2, "it was restarted once");
}

#[test]
fn the_protocol_answers_each_line_by_one_line_and_survives_deadlocks_and_mistakes() {
    let commands = [
        r#"{"step":0}"#,
        r#"{"step":1}"#,
        r#"{"step":0}"#,
        r#"{"back":1}"#,
        r#"{"hint":true}"#,
        "nonsense",
        r#"{"back":99}"#,
        r#"{"step":1}"#,
        r#"{"step":0}"#,
        r#"{"endings":true}"#,
    ];
    let output = run_with(&["two_locks", "--live"], &(commands.join("\n") + "\n"));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it's text");
    let answers: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("it's JSON")).collect();
    assert_eq!(answers.len(), 1 + commands.len());
    assert_eq!(answers[0]["step"], 0);
    assert_eq!(answers[2]["ending"]["cycle"], serde_json::json!([1, 2]));
    assert_eq!(answers[2]["ending"]["goal"], true);
    assert!(answers[3]["error"].as_str().expect("an error").contains("there are 0"));
    assert_eq!(answers[4], answers[1]);
    assert_eq!(answers[5]["hint"], 1);
    assert!(answers[6]["error"].as_str().expect("an error").starts_with("expected"));
    assert_eq!(answers[7], answers[0]);
    assert_eq!(answers[9]["ending"]["kind"], "deadlock");
    assert_eq!(answers[10]["endings"][0]["schedules"], "2");
}

#[test]
fn the_protocol_returns_the_whole_recording_or_says_why_not() {
    let ask = |arguments: &[&str]| {
        let output = run_with(arguments, "{\"recording\":true}\n");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("it's text");
        serde_json::from_str::<Json>(text.lines().nth(1).expect("an answer")).expect("it's JSON")
    };
    let answer = ask(&["mine", "--live"]);
    assert_eq!(answer["recording"]["name"], "mine");
    // The page that shows the recording doesn't have a listing of the program, so the recording contains it.
    let lines = answer["recording"]["sources"][0]["parts"][0]["lines"].as_array().expect("the program's lines");
    assert!(lines.iter().any(|line| line == "pub fn main() {"), "{lines:?}");
    let answer = ask(&["book_queue", "--live", "--limit=100"]);
    assert!(answer["error"].as_str().expect("an error").starts_with("stopped after 100 states"), "{answer}");
}

#[test]
fn every_listed_program_has_a_goal_that_is_a_sentence() {
    for line in run(&["--list", "--format=json"]).lines() {
        let program: Json = serde_json::from_str(line).expect("it's JSON");
        assert!(program["goal"].as_str().is_some_and(|goal| goal.ends_with('.')), "{program}");
    }
}
