//! Reads as many numbers as there are children, and closes the writing end.
//! Refused: Children 0 and 3 of 6 exit without a number

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for child in 0..children {
        processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
    }
    drop(writer);
    let mut numbers = vec![0; children.into()];
    reader.read_exact(&mut numbers)?;
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
