//! The state that a copied process shares with its parent: a variable, a word of shared memory, and an open file.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::{Shared, Words};
use chapters::processes::start::fork;

pub fn show() -> io::Result<()> {
    let memory = Arc::new(Shared::new(1)?);
    // ANCHOR: copies
    let mut variable = 1;
    let word = memory.at(memory.place(1)?, 1)?;
    word[0].store(1, Relaxed);
    let mut file = File::open("/proc/self/exe")?;
    print("before", variable, &word, &file);

    let child = fork::start(|| {
        variable += 1;
        word[0].fetch_add(1, Relaxed);
        file.read_exact(&mut [0; 4]).expect("a program has four bytes");
        print("in the child", variable, &word, &file);
    })?;
    child.wait()?;
    print("in the parent", variable, &word, &file);
    // ANCHOR_END: copies
    Ok(())
}

fn print(whose: &str, variable: u32, word: &Words, mut file: &File) {
    let (word, position) = (word[0].load(Relaxed), file.stream_position().expect("a file has a position"));
    println!("{whose:<13}  variable {variable}, shared word {word}, position in the file {position}");
}
