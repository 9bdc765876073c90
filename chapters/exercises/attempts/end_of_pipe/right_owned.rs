//! Moves the writing end into an iterator that drops it.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let start = move |child| fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"));
    let processes = (0..children).map(start).collect::<io::Result<Vec<_>>>()?;
    let mut numbers = Vec::new();
    reader.read_to_end(&mut numbers)?;
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
