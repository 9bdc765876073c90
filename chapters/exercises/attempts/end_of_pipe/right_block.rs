//! The writing end belongs to a block that ends before the parent reads.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// The sum of the numbers that `number` returns for the numbers below `children`, each in a process of its own.
pub fn sum(children: u8, number: impl Fn(u8) -> u8) -> io::Result<u64> {
    let mut processes = Vec::new();
    let mut reader = {
        let (reader, writer) = io::pipe()?;
        for child in 0..children {
            processes.push(fork::start(|| (&writer).write_all(&[number(child)]).expect("the parent reads the pipe"))?);
        }
        reader
    };
    let mut sum = 0;
    let mut byte = [0];
    while reader.read(&mut byte)? > 0 {
        sum += u64::from(byte[0]);
    }
    processes.iter().for_each(|process| _ = process.wait());
    Ok(sum)
}
