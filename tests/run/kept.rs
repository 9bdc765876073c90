//! Keeps the programs of the exercises, so that unchanged ones aren't compiled again: there are dozens, and compiling one
//! takes longer than checking it.
//!
//! The program `exercises` lets `RUSTC` name the compiler. As in [`rust`], it names this test program, which calls the real
//! one. It finds a program again by a number that's made from everything that the program is made of.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::rust;

/// The variable that makes this program act as the compiler. Its value is the path of the real one.
const COMPILER: &str = "EXERCISE_COMPILER";

/// Makes this program the compiler of the exercise that `command` checks.
pub fn compiled_by_this(command: snapbox::cmd::Command) -> snapbox::cmd::Command {
    let this = env::current_exe().expect("a program knows where it is");
    let command = command.env_remove(rust::COMPILER).env(COMPILER, rust::real_compiler()).env("RUSTC", this);
    // cargo calls this program as well, to compile the libraries. A wrapper doesn't know what to do with it.
    command.env("RUSTC_WRAPPER", "")
}

/// Does the compiler's work, if this program was called as the compiler.
pub fn as_compiler() -> Option<ExitCode> {
    let compiler = env::var_os(COMPILER)?;
    let words: Vec<String> = env::args().skip(1).collect();
    let mut compiler = Command::new(compiler);
    compiler.args(&words).env_remove(COMPILER);
    // Only an exercise is compiled to a file of this name.
    let program = words.iter().skip_while(|word| *word != "-o").nth(1);
    let is_done = match program {
        Some(program) => keep(Path::new(program), &words, &mut compiler),
        None => compiler.status().map(|status| status.success()),
    };
    Some(if is_done.unwrap_or(false) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts the program that was kept in its place, or compiles it and keeps it, if the compiler has nothing to say.
fn keep(program: &Path, words: &[String], compiler: &mut Command) -> io::Result<bool> {
    let name = program.file_name().unwrap_or_default();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exercises").join(name);
    let kept = folder.join(format!("{:016x}", parts(program, words)?));
    if fs::hard_link(&kept, program).is_ok() {
        return Ok(true);
    }
    let output = compiler.output()?;
    io::stderr().write_all(&output.stderr)?;
    if output.status.success() && output.stderr.is_empty() {
        let _ = fs::remove_dir_all(&folder);
        // Another process may keep the same program now.
        let _ = fs::create_dir_all(&folder).and_then(|()| fs::hard_link(program, &kept));
    }
    Ok(output.status.success())
}

/// A number for what a program is made of: the compiler's arguments, the generated file, the files that it names, and the
/// libraries.
fn parts(program: &Path, words: &[String]) -> io::Result<u64> {
    let mut parts = DefaultHasher::new();
    let source = program.with_file_name("main.rs");
    let is_elsewhere = |word: &&String| Path::new(word.as_str()).parent() != program.parent();
    words.iter().filter(is_elsewhere).for_each(|word| word.hash(&mut parts));
    let source = fs::read_to_string(source)?;
    source.hash(&mut parts);
    for file in source.split('"').map(Path::new).filter(|it| it.is_absolute()) {
        fs::read(file)?.hash(&mut parts);
    }
    for library in
        words.iter().filter_map(|word| Some(PathBuf::from(word.split_once('=')?.1))).filter(|it| it.is_file())
    {
        let file = fs::metadata(library)?;
        (file.len(), file.modified()?).hash(&mut parts);
    }
    Ok(parts.finish())
}
