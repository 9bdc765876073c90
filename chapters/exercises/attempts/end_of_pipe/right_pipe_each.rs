//! Each child has a pipe of its own.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let mut started = Vec::new();
    for child in 0..children {
        let (reader, writer) = io::pipe()?;
        let process = fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?;
        started.push((process, reader));
    }
    let mut numbers = Vec::new();
    for (process, mut reader) in started {
        reader.read_to_end(&mut numbers)?;
        process.wait()?;
    }
    Ok(numbers.into_iter().map(u64::from).sum())
}
