//! The contract: what every service promises, whatever its workers are, held against the programs that readers run.
//!
//! The tests here never sleep until something should have happened. A test waits for a record, for the end of a
//! process, or for a process to reach a state. If the wait takes too long, the test fails and names it.

#![cfg(target_os = "linux")]

// The tests of scenes and of environments use the rest of it.
#[allow(dead_code)]
#[path = "../common/mod.rs"]
mod common;

mod command_line;
mod crowds;
mod deadline;
mod demos;
mod gil;
mod interrupt;
mod jobs;
mod kill;
mod measure;
mod network;
mod output;
mod panics;
mod python;
mod seeds;
mod work;
