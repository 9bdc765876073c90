//! Programs that must not compile, with the compiler's messages. The book shows both.
//!
//! The compiler is called for each program in `ui`, with the libraries that were compiled for this test, and its messages
//! must be those of the file `.stderr` beside the program. `UI=overwrite cargo test --test ui` writes these files.
//!
//! The programs have bounds of their own where the compiler would otherwise quote the standard library's source, with
//! the path at which it is installed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, thread};

use serde_json::Value;

/// The crates that the programs use.
const CRATES: [&str; 3] = ["chapters", "serde", "tokio"];

/// Asks cargo for the files of these crates. They are there already after `cargo test` has built the tests.
fn libraries() -> Vec<(&'static str, PathBuf)> {
    let test = env::current_exe().expect("a program knows where it is");
    let profile = test.parent().and_then(Path::parent).expect("a test is in deps");
    let name = profile.file_name().and_then(OsStr::to_str).expect("the name of a profile");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--bins", "--examples", "--message-format=json", "--profile"]);
    cargo.arg(if name == "debug" { "dev" } else { name });
    cargo.arg("--target-dir").arg(profile.parent().expect("a target folder"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace"));
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).expect("it's text");
    let messages: Vec<Value> = messages.lines().map(|line| serde_json::from_str(line).expect("it's JSON")).collect();
    let library = |name: &'static str| {
        let is_it = |it: &&Value| it["target"]["name"] == name && it["target"]["kind"][0] == "lib";
        let files = messages.iter().find(is_it).and_then(|it| it["filenames"].as_array());
        let mut files = files.into_iter().flatten().filter_map(Value::as_str).map(PathBuf::from);
        (name, files.find(|file| file.extension() == Some("rmeta".as_ref())).expect("cargo names the library's file"))
    };
    CRATES.map(library).to_vec()
}

/// The compiler's messages about a program that doesn't compile, without the lines that count the errors.
fn messages(program: &Path, libraries: &[(&str, PathBuf)]) -> String {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--emit=metadata", "--color=never", "--diagnostic-width=140", "-o"]);
    rustc.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui.rmeta")).arg(program);
    rustc.arg("-L").arg(format!("dependency={}", libraries[0].1.parent().expect("a folder").display()));
    for (name, file) in libraries {
        rustc.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    // The messages name the program as it is named here.
    let output = rustc.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("there is a compiler");
    assert!(!output.status.success(), "{} compiles", program.display());
    let text = String::from_utf8(output.stderr).expect("it's text");
    let text = text.split("\nerror: aborting due to ").next().unwrap_or_default();
    // How many types implement a trait depends on the versions of crates.
    let line = |line: &str| match line.trim_start().strip_prefix("and ").and_then(|rest| rest.split_once(' ')) {
        Some((number, "others")) => line.replace(number, "$N"),
        _ => line.to_owned(),
    };
    text.lines().map(|it| line(it) + "\n").collect()
}

/// Compares the messages about a program with its file.
fn check(program: &Path, libraries: &[(&str, PathBuf)]) {
    let said = messages(program, libraries);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(program).with_extension("stderr");
    if env::var_os("UI").is_some_and(|it| it == "overwrite") {
        fs::write(&file, &said).expect("the file can be written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(said == expected, "{} has:\n{expected}\nthe compiler says:\n{said}", file.display());
}

#[test]
fn the_compiler_rejects_faulty_programs() {
    let mut programs = Vec::new();
    for folder in if cfg!(target_os = "linux") { &["tests/ui", "tests/ui/linux"][..] } else { &["tests/ui"] } {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder is there") {
            let name = entry.expect("the folder can be read").file_name();
            programs.extend(
                Path::new(&name).extension().is_some_and(|it| it == "rs").then(|| Path::new(folder).join(&name)),
            );
        }
    }
    assert!(programs.len() >= 8, "{programs:?}");
    let libraries = libraries();
    thread::scope(|scope| {
        for program in &programs {
            scope.spawn(|| check(program, &libraries));
        }
    });
}
