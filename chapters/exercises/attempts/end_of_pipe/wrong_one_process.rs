//! Starts one process for all numbers.
//! Refused: the number of processes was 1

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    processes.push(fork::start(|| {
        (0..children).for_each(|child| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"));
    })?);
    drop(writer);
    let mut numbers = Vec::new();
    reader.read_to_end(&mut numbers)?;
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
