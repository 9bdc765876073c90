//! Programs in Rust, by skeptic: each `rust` block is compiled against the libraries of this test and run.
//!
//! skeptic usually gets the pages from a build script that writes a test for each block. Here there isn't one, so that
//! the program starts sooner: the harness finds the blocks, as in the other tests, and calls the function that
//! skeptic's tests would call.
//!
//! This file adds two things. skeptic compiles as edition 2021 at most, but lets `RUSTC` name the compiler. `RUSTC`
//! names this test program, which replaces the edition and calls the real compiler, so it works wherever cargo does.
//! And a program that doesn't end fails after a time limit, instead of hanging the test.
//!
//! `rust,should_panic` must compile and then fail. `rust,no_run` is only compiled. Code that must not compile is a file
//! in `chapters/tests/ui` rather than a block.

use std::cell::Cell;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, ExitCode};
use std::sync::{LazyLock, OnceLock, mpsc};
use std::time::Duration;
use std::{env, fs, thread};

use crate::common::{self, Block};
use crate::profile;

/// The edition of the programs in this book.
const EDITION: &str = "2024";

/// The variable that makes this program act as the compiler. Its value is the path of the real one.
pub const COMPILER: &str = "SNIPPET_COMPILER";

/// The time limit of a program. Most need a second, to be compiled.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How many times to start a program whose file is busy.
const STARTS: usize = 5;

/// How many megabytes of programs the cache keeps, so that unchanged programs aren't compiled again. All take half of
/// it.
const KEPT: &str = "1024";

/// Does the compiler's work, if this program was called as the compiler.
pub fn as_compiler() -> Option<ExitCode> {
    let compiler = env::var_os(COMPILER)?;
    let edition = |word: String| if word.starts_with("--edition=") { format!("--edition={EDITION}") } else { word };
    let words = env::args().skip(1).map(edition);
    // With `-Dwarnings`, a reader who compiles the program sees no warnings.
    let status = Command::new(compiler).args(words).arg("-Dwarnings").env_remove(COMPILER).status();
    Some(if status.is_ok_and(|it| it.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The variables that [`prepare`] changes: the compiler, and a program such as sccache that calls it.
const CHANGED: [&str; 2] = ["RUSTC", "RUSTC_WRAPPER"];

/// The values of these variables before.
static BEFORE: OnceLock<[Option<OsString>; 2]> = OnceLock::new();

/// Undoes the changes of [`prepare`] for a command.
pub fn with_the_real_compiler(command: &mut Command) {
    command.env_remove(COMPILER);
    for (name, before) in CHANGED.into_iter().zip(BEFORE.get().into_iter().flatten()) {
        match before {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// The compiler that cargo uses.
pub fn real_compiler() -> OsString {
    let [compiler, _] = BEFORE.get().cloned().unwrap_or_default();
    compiler.unwrap_or_else(|| "rustc".into())
}

thread_local! {
    /// Whether the current panic is skeptic's way of reporting a fault.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes this program the compiler of the programs that it starts.
pub fn prepare() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !QUIET.get() {
            hook(panic)
        }
    }));
    BEFORE.get_or_init(|| CHANGED.map(env::var_os));
    let this = env::current_exe().expect("a program knows where it is");
    // SAFETY: no other thread exists yet.
    unsafe { env::set_var(COMPILER, real_compiler()) };
    // SAFETY: no other thread exists yet.
    unsafe { env::set_var("RUSTC", this) };
    // A wrapper doesn't know what to do with this program. An empty value also overrides the configuration of cargo.
    // SAFETY: no other thread exists yet.
    unsafe { env::set_var("RUSTC_WRAPPER", "") };
    // SAFETY: no other thread exists yet.
    unsafe { env::set_var("SKEPTIC_BINARY_CACHE_MB", KEPT) };
}

/// Compiles the program of a block and runs it.
pub fn run(block: &Block) -> Result<(), String> {
    let program = unhidden(&block.text);
    match block.info.as_str() {
        "rust,no_run" => within(TIMEOUT, move || compile(&program)),
        "rust,should_panic" => within(TIMEOUT, move || {
            compile(&program)?;
            compile_and_run(&program).map_or(Ok(()), |()| Err("it should have panicked, and did not".to_owned()))
        }),
        _ => run_within(TIMEOUT, &program),
    }
}

/// Compiles a program and runs it, with this time limit.
pub fn run_within(limit: Duration, program: &str) -> Result<(), String> {
    let program = program.to_owned();
    within(limit, move || compile_and_run(&program))
}

/// Uncomments the lines that mdBook hides, which begin with `# `.
fn unhidden(text: &str) -> String {
    let line = |line: &str| match line.trim_start() {
        "#" => String::new(),
        rest => rest.strip_prefix("# ").unwrap_or(line).to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn compile(program: &str) -> Result<(), String> {
    skeptically(|root, out, target| skeptic::rt::compile_test(root, out, target, program))
}

fn compile_and_run(program: &str) -> Result<(), String> {
    let run = || skeptically(|root, out, target| skeptic::rt::run_test(root, out, target, program));
    // A program that has just been written can't start while another process has its file open for writing. A process
    // forked for another block inherits the open file until it calls `exec`.
    let busy = |result: &Result<(), String>| result.as_ref().is_err_and(|error| error.contains("Text file busy"));
    (1..STARTS).fold(run(), |result, _| if busy(&result) { run() } else { result })
}

/// Calls a function of skeptic, which prints the output of the compiler or the program and panics if there is a fault.
fn skeptically(call: impl FnOnce(&str, &str, &str)) -> Result<(), String> {
    // skeptic looks for the libraries starting from the folder that a build script of this package would write to.
    let out = profile().join("build").join("run").join("out");
    let out = out.to_str().ok_or("the path of the repository is not in UTF-8")?;
    let root = common::root().to_str().ok_or("the path of the repository is not in UTF-8")?;
    QUIET.set(true);
    let called = panic::catch_unwind(AssertUnwindSafe(|| call(root, out, &TARGET)));
    QUIET.set(false);
    called.map_err(|cause| match cause.downcast::<String>() {
        Ok(text) => text.lines().next().unwrap_or_default().to_owned(),
        Err(_) => "it failed".to_owned(),
    })
}

/// The target triple of this test, as the compiler prints it.
static TARGET: LazyLock<String> = LazyLock::new(|| {
    let compiler = env::var_os(COMPILER).expect("it has been set");
    let output = Command::new(compiler).arg("-vV").output().expect("there is a compiler");
    let text = String::from_utf8(output.stdout).expect("what it prints is text");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("it names its host").to_owned()
});

/// Waits for `work`, with this time limit.
fn within(limit: Duration, work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), String> {
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(work()));
    end.recv_timeout(limit).unwrap_or_else(|_| {
        end_programs();
        Err(format!("it has not ended after {limit:?}: if that is what the page shows, make it `rust,no_run`"))
    })
}

/// Kills the programs of blocks that this test has started, on systems that list them.
fn end_programs() {
    let parent = format!("PPid:\t{}", std::process::id());
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let is_ours = fs::read_to_string(entry.path().join("status")).is_ok_and(|it| it.lines().any(|it| it == parent));
        let program = fs::read_link(entry.path().join("exe")).unwrap_or_default();
        if is_ours && program.starts_with(profile().join(".skeptic-bin")) {
            let _ = Command::new("kill").arg("-KILL").arg(entry.file_name()).status();
        }
    }
}
