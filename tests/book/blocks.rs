//! Code blocks: the words after the fence say how each block is tested.
//!
//! | after the fence | what it holds |
//! | --- | --- |
//! | `rust` | a whole program; it is compiled and run |
//! | `rust,should_panic` | the same, and it must fail |
//! | `rust,no_run` | the same, but it is only compiled; a comment before it gives the reason that it never ends |
//! | `rust,ignore` | an include of code that is compiled elsewhere |
//! | `python` | a program, or a part of one; it is run |
//! | `console` | commands and what they print; they are run |
//! | `text`, `toml`, `json`, `sql` | text that isn't run, unless a comment makes it a session with a tool |
//!
//! `tests/run` explains how the blocks are run, and the possible comments before them.

use crate::common::{Page, pages};
use crate::{assert_finds, assert_none, example};

/// The words that may follow a fence.
const KINDS: [&str; 10] =
    ["rust", "rust,should_panic", "rust,no_run", "rust,ignore", "python", "console", "text", "toml", "json", "sql"];

/// Every block is of a known kind.
fn blocks_of_no_kind(page: &Page) -> Vec<String> {
    let wrong = page.blocks().into_iter().filter(|block| !KINDS.contains(&block.info.as_str()));
    wrong.map(|block| page.fault(block.line, format!("there are no blocks of the kind `{}`", block.info))).collect()
}

/// A program that isn't run has a reason.
fn programs_that_end_and_are_not_run(page: &Page) -> Vec<String> {
    let silent = page.blocks().into_iter().filter(|block| {
        let reason = block.note.as_deref().and_then(|note| note.strip_prefix("never ends: "));
        block.info == "rust,no_run" && reason.is_none()
    });
    let what = "a program that is not run needs a comment before it: <!-- never ends: why -->";
    silent.map(|block| page.fault(block.line, what)).collect()
}

#[test]
fn every_block_is_of_a_known_kind() {
    assert_none(pages().iter().flat_map(blocks_of_no_kind).collect());
}

#[test]
fn every_program_that_is_not_run_has_a_reason() {
    assert_none(pages().iter().flat_map(programs_that_end_and_are_not_run).collect());
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn kinds() {
        let check = |text: &str| blocks_of_no_kind(&example(text));
        assert_finds(check("```rust\n```\n\n```console\n```\n"), &[]);
        assert_finds(check("```rust,compile_fail\n```\n"), &["page.md:1: there are no blocks of the kind `rust,comp"]);
        assert_finds(check("\n```sh\n```\n"), &["page.md:2: there are no blocks of the kind `sh`"]);
        assert_finds(check("```\n```\n"), &["kind ``"]);
        assert_finds(check("    let x;\n"), &["kind `indented`"]);
    }

    #[test]
    fn reasons() {
        let check = |text: &str| programs_that_end_and_are_not_run(&example(text));
        assert_finds(check("<!-- never ends: both wait -->\n```rust,no_run\n```\n"), &[]);
        assert_finds(check("```rust,no_run\n```\n"), &["page.md:1: a program that is not run"]);
        assert_finds(check("<!-- later -->\n```rust,no_run\n```\n"), &["page.md:2: a program that is not run"]);
    }
}
