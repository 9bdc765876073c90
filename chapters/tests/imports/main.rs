//! The imports of the sources: no circle between files, and no import against the order of the parts.
//!
//! Records flow one way through the program, and so do the imports: a service knows jobs, records and the trace, and nothing
//! of the command line or of a view. The order is in [`ORDER`].

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sources::{Crate, Read};

/// The parts of `chapters/src`, from the lowest to the highest. Files import from their own row and from those above it in
/// this list.
const ORDER: &[&[&str]] = &[
    &["random", "errors", "storage", "sync"],
    &["job", "echo", "memory", "usage", "statistics"],
    &["record"],
    &["tally"],
    &["trace"],
    &["service"],
    &["threads"],
    &["processes", "coroutines", "gil"],
    &["options", "interrupt", "environment", "python"],
    &["view"],
    &["demo"],
    &["demos", "measure", "scheduler"],
];

/// All files that a file needs, through the files that it imports.
fn needs<'a>(file: &'a Path, imports: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> BTreeSet<&'a Path> {
    let mut needs = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        let others = imports.get(file).into_iter().flatten();
        open.extend(others.filter(|other| needs.insert(**other)));
    }
    needs
}

/// The circles: sets of files, each of which needs all the others.
fn circles<'a>(imports: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> BTreeSet<Vec<&'a Path>> {
    let needs: BTreeMap<&Path, BTreeSet<&Path>> = imports.keys().map(|file| (*file, needs(file, imports))).collect();
    let circle = |file: &&'a Path| needs[file].iter().copied().filter(|other| needs[other].contains(file)).collect();
    needs.keys().map(circle).filter(|files: &Vec<&Path>| !files.is_empty()).collect()
}

/// The faults in the imports of a crate.
fn faults(root: &Path, order: &[&[&str]], read: Read) -> Vec<String> {
    let found = match Crate::read(root, read) {
        Ok(found) => found,
        Err(error) => return vec![error],
    };
    let imports = found.imports();
    let mut faults = Vec::new();
    for files in circles(&imports) {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        faults.push(format!("a circle of imports: {}", names.join(", ")));
    }
    let folder = root.parent().unwrap_or(Path::new(""));
    let row = |file: &Path| {
        let within = file.strip_prefix(folder).unwrap_or(file);
        let part = within.iter().next()?.to_str()?.trim_end_matches(".rs").to_owned();
        order.iter().position(|row| row.contains(&&*part)).ok_or(part).into()
    };
    for (file, others) in imports.iter().filter(|(file, _)| **file != root && !order.is_empty()) {
        match row(file) {
            Some(Err(part)) => faults.push(format!("{part} has no place in the order of the parts")),
            Some(Ok(own)) => {
                let above = others.iter().filter(|other| matches!(row(other), Some(Ok(row)) if row > own));
                faults.extend(
                    above.map(|other| format!("{} imports {}, which is above it", file.display(), other.display())),
                );
            }
            None => {}
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in a workspace").to_owned()
}

#[test]
fn the_imports_of_the_chapters_go_one_way() {
    assert_eq!(faults(&repository().join("chapters/src/lib.rs"), ORDER, &read), [""; 0]);
}

#[test]
fn the_imports_of_the_reading_room_go_one_way() {
    for root in ["src/lib.rs", "src/main.rs"].map(|root| repository().join(root)).iter().filter(|root| root.exists()) {
        assert_eq!(faults(root, &[], &read), [""; 0]);
    }
}

mod each_fault_is_found {
    use super::*;

    /// The faults in the imports of a crate with these files.
    fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
        let files: BTreeMap<PathBuf, &str> = files.iter().map(|(path, text)| (PathBuf::from(path), *text)).collect();
        let order: &[&[&str]] = &[&["low"], &["middle"], &["high"]];
        faults(Path::new("lib.rs"), order, &|path: &Path| files.get(path).map(|text| (*text).to_owned()))
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod low; mod middle; mod high;");

    #[test]
    fn an_import_against_the_order() {
        let high = ("high.rs", "pub struct High;");
        let expected = ["low.rs imports high.rs, which is above it"];
        for low in ["use crate::high::High;", "use super::high;", "fn low() { crate::high::high() }"] {
            assert_eq!(faults_of(&[ROOT, high, ("middle.rs", ""), ("low.rs", low)]), expected, "{low}");
        }
    }

    #[test]
    fn a_circle_of_files_that_re_exports_hide() {
        let root = ("lib.rs", "mod low;");
        let parent = ("low/mod.rs", "mod one; mod two; pub use one::One; pub use two::{Two as Three};");
        let one = ("low/one.rs", "use super::Three; pub struct One;");
        let two = ("low/two.rs", "use crate::low::One; pub struct Two;");
        assert_eq!(faults_of(&[root, parent, one, two]), ["a circle of imports: low/one.rs, low/two.rs"]);
        let two = ("low/two.rs", "pub struct Two;");
        assert_eq!(faults_of(&[root, parent, one, two]), [""; 0]);
    }

    #[test]
    fn a_parent_that_uses_the_child_that_uses_it() {
        let root = ("lib.rs", "mod low;");
        let parent = ("low/mod.rs", "mod one; use one::One; pub struct Two(One);");
        let one = ("low/one.rs", "use super::Two; pub struct One;");
        assert_eq!(faults_of(&[root, parent, one]), ["a circle of imports: low/mod.rs, low/one.rs"]);
    }

    #[test]
    fn a_part_without_a_place_in_the_order() {
        let root = ("lib.rs", "mod other;");
        assert_eq!(faults_of(&[root, ("other.rs", "")]), ["other has no place in the order of the parts"]);
    }
}
