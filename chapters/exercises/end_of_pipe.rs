//! Child processes write numbers into a pipe, and their parent adds up the numbers that it reads, until the pipe ends.
//! But the parent waits forever.
//!
//! Make the program end. You may not count the numbers, because a child may exit without writing one.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for child in 0..children {
        processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
    }
    let mut numbers = Vec::new();
    reader.read_to_end(&mut numbers)?;
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
