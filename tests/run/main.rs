//! Runs the programs and commands on the pages, in Rust, Python, and a shell, and compares the output with the page.
//! Also compares the reference of the command line with the output of `--help`.
//!
//! Each block is a test that is named after its page and line: `cargo test --test run service` runs one chapter, and
//! `cargo test --test run service.md:35` one block. Most blocks spend most of their time waiting, so several run at
//! once.
//!
//! A comment before a block, which readers don't see, says how the block is tested if not as it stands; [`console`] and
//! [`python`] list the possible comments. An unknown comment is a fault. A comment can also make a block of text a [`session`] with a tool.

mod console;
mod contract;
mod faults;
mod kept;
mod python;
mod reference;
mod rust;
mod session;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use libtest_mimic::{Arguments, Trial};

use reading_room::pages as common;
use reading_room::pages::{Block, Page};

/// The number of blocks that run at once.
const TEST_THREADS: usize = 8;

fn main() -> ExitCode {
    if let Some(exit) = rust::as_compiler().or_else(kept::as_compiler) {
        return exit;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    rust::prepare();
    let pages = common::pages();
    let mut trials: Vec<(Turn, Trial)> = faults::trials().into_iter().map(|trial| (Turn::Long, trial)).collect();
    for page in &pages {
        let blocks = page.blocks();
        trials.extend(blocks.iter().filter_map(|block| Some((turn(block), trial(page, &blocks, block)?))));
    }
    in_turn(&mut trials);
    let mut trials: Vec<Trial> = trials.into_iter().map(|(_, trial)| trial).collect();
    trials.extend(reference::trials());
    trials.push(python::the_names());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The order of the blocks: those that wait and those that compute alternate, so that the machine is always busy.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Long,
    Short,
}

fn in_turn(trials: &mut [(Turn, Trial)]) {
    let mut begun = [0; 2];
    trials.sort_by_cached_key(|(turn, _)| {
        let begun = &mut begun[usize::from(*turn == Turn::Long)];
        *begun += 1;
        *begun
    });
}

fn turn(block: &Block) -> Turn {
    match block.note.as_deref() {
        Some(python::HANGS) => Turn::Long,
        Some(note) if note.starts_with(session::SESSION) => Turn::Long,
        _ if block.text.starts_with("$ cargo run --bin exercises") => Turn::Long,
        _ => Turn::Short,
    }
}

/// The test of a block, if the block can be run.
fn trial(page: &Page, blocks: &[Block], block: &Block) -> Option<Trial> {
    let name = format!("{}:{}", page.path.display(), block.line);
    let kind = block.info.split(',').next().unwrap_or_default().to_owned();
    let (needed, block) = match python::needed(block) {
        Ok(found) => found,
        Err(fault) => return Some(Trial::test(name, || Err(fault.into())).with_kind(kind)),
    };
    let too_old = needed.is_some_and(|needed| python::is_too_old(&name, needed));
    let trial = match kind.as_str() {
        "text" => session::trial(name, &block)?,
        "rust" if !block.info.contains("ignore") => Trial::test(name, move || Ok(rust::run(&block)?)),
        "python" => python::trial(name, page, block),
        "console" => {
            let contract = contract::Contract::of(page, blocks, &block);
            Trial::test(name, move || Ok(console::run(&block, &contract?)?))
        }
        _ => return None,
    };
    let trial = if too_old { trial.with_ignored_flag(true) } else { trial };
    Some(trial.with_kind(kind))
}

/// The folder into which this test was compiled, `target/debug` or `target/release`.
fn profile() -> PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    program.parent().and_then(Path::parent).expect("a test is in deps").to_owned()
}

/// An empty folder for the files of one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("run").join(name.replace(['/', ':'], "-"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test's files");
    path
}
