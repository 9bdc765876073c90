//! Waits for the children, and reads what is there, although the writing end is open.
//! Refused: It doesn't end

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for child in 0..children {
        processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
    }
    processes.iter().for_each(|process| _ = process.wait());
    let mut numbers = vec![0; 256];
    let length = reader.read(&mut numbers)?;
    numbers.truncate(length);
    Ok(numbers.into_iter().map(u64::from).sum())
}
