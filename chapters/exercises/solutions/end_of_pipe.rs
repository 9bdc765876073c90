//! The parent has a copy of the writing end, like its children. It drops the copy before it reads to the end.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

// ANCHOR: solution
/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for child in 0..children {
        processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
    }
    drop(writer);
    let mut numbers = Vec::new();
    reader.read_to_end(&mut numbers)?;
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
// ANCHOR_END: solution
