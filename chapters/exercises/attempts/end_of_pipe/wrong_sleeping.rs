//! Sleeps until the children should have written, and reads what is there.
//! Refused: It doesn't end

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for child in 0..children {
        processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
    }
    thread::sleep(Duration::from_secs(1));
    let mut numbers = vec![0; 256];
    let length = reader.read(&mut numbers)?;
    numbers.truncate(length);
    processes.iter().for_each(|process| _ = process.wait());
    Ok(numbers.into_iter().map(u64::from).sum())
}
