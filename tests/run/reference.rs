//! The command line: the tables of the reference list exactly the flags that `--help` lists.
//!
//! A table follows a line `For `program`, `program`:`, and holds for these. A row names a flag with its value or with all
//! values that it may have, `--kind=cpu\|io`, and in its last cell the default if there is one; or, without dashes, a value
//! of the first argument.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;
use reading_room::room::labs;

use crate::common::{self, Page};
use crate::console;

/// The flags of a program: the values after the `=`, if any, and the default, if it is given.
type Flags = BTreeMap<String, (String, Option<String>)>;

/// The arguments that a program accepts.
#[derive(Debug, Default, PartialEq)]
struct Reference {
    flags: Flags,
    scenes: BTreeSet<String>,
}

/// A test for each program that the page names.
pub fn trials() -> Vec<Trial> {
    let programs = read(&common::page("book/src/commands.md"));
    let trial = |(program, page): (String, Reference)| {
        Trial::test(format!("the_command_line_of::{program}"), move || {
            if program == console::MACHINES && console::machines_are_passed_over() {
                return Ok(());
            }
            let help = console::output(&format!("cargo run --bin {program} -- --help"))?;
            Ok(compare(&page, &read_help(&help))?)
        })
    };
    let machines = Trial::test("the_lab_past_one_machine_has_options_of_its_program", || {
        if console::machines_are_passed_over() {
            return Ok(());
        }
        let help = console::output(&format!("cargo run --bin {} -- --help", console::MACHINES))?;
        Ok(compare_lab(&labs::machines(), &read_help(&help))?)
    });
    programs.into_iter().map(trial).chain([machines]).collect()
}

/// Fails unless each option of a lab is one of the program, with the same values and the same default.
fn compare_lab(lab: &clap::Command, program: &Reference) -> Result<(), String> {
    for option in lab.get_arguments() {
        let Some(name) = option.get_long() else { continue };
        let known = program.flags.get(name).ok_or_else(|| format!("the program has no --{name}"))?;
        let values: Vec<String> =
            option.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if known.0.contains('/') && known.0 != values.join("/") {
            return Err(format!("--{name}: the values are {}, not {}", known.0, values.join("/")));
        }
        let default = option.get_default_values().first().map(|it| it.to_string_lossy().into_owned());
        if known.1 != default {
            return Err(format!("--{name}: the default is {:?}, not {default:?}", known.1));
        }
    }
    Ok(())
}

/// Reads the tables of a page, program by program.
fn read(page: &Page) -> BTreeMap<String, Reference> {
    let mut programs: BTreeMap<String, Reference> = BTreeMap::new();
    let mut current: Vec<String> = Vec::new();
    for line in page.text.lines() {
        if let Some(names) = line.strip_prefix("For `") {
            current = names.split('`').step_by(2).filter(|it| it.starts_with("chapter-")).map(str::to_owned).collect();
        }
        let Some(row) = line.strip_prefix("| `") else { continue };
        let row = row.replace("\\|", "/");
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let name = cells[0].trim_end_matches('`');
        for program in &current {
            let program = programs.entry(program.clone()).or_default();
            if let Some(flag) = name.strip_prefix("--") {
                let (flag, value) = flag.split_once('=').unwrap_or((flag, ""));
                let default = cells.last().map(|cell| (*cell).to_owned());
                program.flags.insert(flag.to_owned(), (value.to_owned(), default));
            } else {
                program.scenes.insert(name.to_owned());
            }
        }
    }
    programs
}

/// Reads the output of `--help`.
fn read_help(help: &str) -> Reference {
    let mut found = Reference::default();
    let mut flag = None;
    for line in help.lines().map(str::trim) {
        if let Some(named) = line.strip_prefix("--") {
            // An optional value is in brackets: `--python[=<PATH>]`.
            let named = named.replace("[=<", " <").replace(">]", ">");
            let (name, value) = named.split_once(' ').unwrap_or((&named, ""));
            found.flags.insert(name.to_owned(), (value.trim_matches(['<', '>']).to_owned(), None));
            flag = Some(name.to_owned());
        } else if line.starts_with("-h, ") {
            flag = None;
        } else if let Some(default) = line.strip_prefix("[default: ").and_then(|it| it.strip_suffix(']')) {
            let flag = flag.as_ref().and_then(|flag| found.flags.get_mut(flag));
            flag.expect("a flag has the default").1 = Some(default.to_owned());
        } else if let Some((value, _)) = line.strip_prefix("- ").and_then(|it| it.split_once(':')) {
            match flag.as_ref().and_then(|flag| found.flags.get_mut(flag)) {
                Some((values, _)) if values.chars().all(|it| it.is_uppercase()) => *values = value.to_owned(),
                Some((values, _)) => *values += &format!("/{value}"),
                None => _ = found.scenes.insert(value.to_owned()),
            }
        }
    }
    found
}

/// Fails unless a table has exactly the names that `--help` lists, and names those that differ.
fn compare_names(what: &str, page: &BTreeSet<String>, help: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<&String> = help.difference(page).collect();
    let unknown: Vec<&String> = page.difference(help).collect();
    if missing.is_empty() && unknown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "book/src/commands.md and `--help` list different {what}: the page lacks {missing:?}, and `--help` lacks \
         {unknown:?}"
    ))
}

fn compare(page: &Reference, help: &Reference) -> Result<(), String> {
    let names = |reference: &Reference| reference.flags.keys().cloned().collect::<BTreeSet<_>>();
    compare_names("flags", &names(page), &names(help))?;
    compare_names("values", &page.scenes, &help.scenes)?;
    for (name, (value, default)) in &help.flags {
        let (shown, shown_default) = &page.flags[name];
        if shown != value {
            return Err(format!("the page says --{name}={shown}, the program --{name}={value}"));
        }
        if default.is_some() && shown_default != default {
            return Err(format!(
                "the page says that --{name} is {shown_default:?} by default, the program {default:?}"
            ));
        }
    }
    Ok(())
}

/// Shows that the comparison can fail.
pub fn faults() {
    let help = "Arguments:\n  [PART]\n   - one: The first\n\nOptions:\n   --jobs <N>\n  Jobs\n  [default: 20]\n\n   --kind <KIND>\n  \
                - cpu: A\n  - io:  B\n\n   --quiet\n  No\n\n  -h, --help\n  Print\n";
    let table = "For `chapter-a` and `chapter-b`:\n\n| Flag |\n| --- |\n| `--jobs=N` | jobs | 20 |\n| `--kind=cpu\\|io` | kind | cpu |\n\
                 | `--quiet` | no | off |\n\nFor `chapter-a`:\n\n| `one` | it |\n";
    let check = |from: &str, to: &str| {
        let page = Page { path: "commands.md".into(), text: table.replace(from, to) };
        compare(&read(&page)["chapter-a"], &read_help(help))
    };
    assert_eq!(check("", ""), Ok(()));
    let fails = |from: &str, to: &str, words: &str| {
        let fault = check(from, to).expect_err(words);
        assert!(fault.contains(words), "{fault}\ndoes not say\n{words}");
    };
    fails("--quiet", "--silent", "flags: the page lacks [\"quiet\"], and `--help` lacks [\"silent\"]");
    fails("=N", "=NUMBER", "the page says --jobs=NUMBER, the program --jobs=N");
    fails("cpu\\|io", "cpu", "the page says --kind=cpu, the program --kind=cpu/io");
    fails("| 20 |", "| 10 |", "--jobs is Some(\"10\") by default");
    fails("`one`", "`two`", "values: the page lacks [\"one\"], and `--help` lacks [\"two\"]");
}
