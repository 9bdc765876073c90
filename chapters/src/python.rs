//! The Python interpreters on the reader's machine: which version one is, and whether its threads take turns under a GIL.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The interpreter that's used when the command line names none.
pub const DEFAULT: &str = "python3";

/// The oldest version that runs the programs of this crate.
const OLDEST: (u32, u32) = (3, 8);

/// How long an interpreter may take to print its version, which is far longer than a working one takes.
const TO_ANSWER: Duration = Duration::from_secs(30);

/// The maximum length of an answer, in bytes. A program that isn't an interpreter may print without end.
const MAX_ANSWER: u64 = 4096;

/// A program that prints four lines about the interpreter. It also runs in Python 2.
const QUESTION: &str = "\
import sys
print(getattr(getattr(sys, 'implementation', None), 'name', 'cpython'))
print('.'.join(str(part) for part in sys.version_info[:3]))
print(getattr(sys, '_is_gil_enabled', lambda: True)())
print(sys.executable)
";

/// An interpreter that can run the programs of this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The path of the program itself. The one on the command line may be a script that chooses a version and runs it.
    pub path: PathBuf,
    /// The name of the implementation.
    name: String,
    /// The version, such as `3.13.0`.
    version: String,
    /// Whether its threads take turns under a global interpreter lock.
    has_gil: bool,
}

/// `CPython 3.13.0 with the GIL`.
impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { name, version, has_gil, .. } = self;
        write!(f, "{name} {version} {} the GIL", if *has_gil { "with" } else { "without" })
    }
}

impl Interpreter {
    /// Asks the program `path` what it is.
    ///
    /// # Errors
    ///
    /// If the program can't be run, isn't a Python interpreter, or is too old. The error names it.
    pub fn find(path: &Path) -> Result<Self, String> {
        let error = |why: String| format!("--python={}: expected Python 3.8 or later, but {why}", path.display());
        let answer = ask(path).map_err(error)?;
        Self::parse(&answer).ok_or_else(|| error("this program isn't an interpreter".to_owned()))?.map_err(error)
    }

    /// The version, such as `3.13.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version, with a `t` if its threads don't take turns, as in the name of its program: `3.14.1t`.
    pub fn label(&self) -> String {
        format!("{}{}", self.version, if self.has_gil { "" } else { "t" })
    }

    /// Whether the version is at least this one.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map_while(|part| part.parse().ok());
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
    }

    /// An interpreter for tests that don't run it.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self { path: "python3".into(), name: "CPython".to_owned(), version: "3.13.0".to_owned(), has_gil: true }
    }

    /// Reads an answer, which is `None` if it isn't one, and an error if the version is too old.
    fn parse(answer: &str) -> Option<Result<Self, String>> {
        let mut lines = answer.lines();
        let (name, version, gil, path) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let mut parts = version.split('.').map(str::parse::<u32>);
        let major_and_minor = (parts.next()?.ok()?, parts.next()?.ok()?);
        let name = if name == "cpython" { "CPython" } else { name };
        if major_and_minor < OLDEST {
            return Some(Err(format!("this is {name} {version}")));
        }
        let has_gil = gil == "True";
        Some(Ok(Self { path: path.into(), name: name.to_owned(), version: version.to_owned(), has_gil }))
    }
}

/// Asks the program, and returns the beginning of its answer.
fn ask(path: &Path) -> Result<String, String> {
    let mut command = Command::new(path);
    command.args(["-S", "-c", QUESTION]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("this program can't be run: {error}"))?;
    let stdout = child.stdout.take();
    let (sender, answer) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stdout.map(|stdout| stdout.take(MAX_ANSWER).read_to_end(&mut text));
        sender.send(String::from_utf8_lossy(&text).into_owned())
    });
    let answer = answer.recv_timeout(TO_ANSWER);
    let _ = child.kill();
    let _ = child.wait();
    answer.map_err(|_| "this program doesn't answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_version_and_the_gil() {
        let find = |text: &str| Interpreter::parse(text).map(|found| found.map(|it| it.to_string()));
        assert_eq!(find("cpython\n3.13.0\nTrue\n/p\n"), Some(Ok("CPython 3.13.0 with the GIL".to_owned())));
        assert_eq!(find("cpython\n3.14.1\nFalse\n/p\n"), Some(Ok("CPython 3.14.1 without the GIL".to_owned())));
        assert_eq!(find("cpython\n3.8.0\nTrue\n/p\n"), Some(Ok("CPython 3.8.0 with the GIL".to_owned())));
        assert_eq!(find("cpython\n3.7.9\nTrue\n/p\n"), Some(Err("this is CPython 3.7.9".to_owned())));
        assert_eq!(find("cpython\n2.7.18\nTrue\n/p\n"), Some(Err("this is CPython 2.7.18".to_owned())));
        let of = |version: &str, gil: &str| {
            Interpreter::parse(&format!("cpython\n{version}\n{gil}\n/p\n")).unwrap().unwrap()
        };
        assert_eq!([of("3.14.1", "False").label(), of("3.13.0", "True").label()], ["3.14.1t", "3.13.0"]);
        assert!(of("3.14.0", "True").is_at_least(3, 14) && !of("3.9.18", "True").is_at_least(3, 14));
        for text in ["", "y\ny\ny\ny\n", "cpython\n3.13.0\n", "cpython\n3\nTrue\n/p\n"] {
            assert_eq!(find(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_program_that_is_no_interpreter_is_named() {
        let error = Interpreter::find(Path::new("/no/such/python")).unwrap_err();
        let start = "--python=/no/such/python: expected Python 3.8 or later, but this program can't be run: ";
        assert!(error.starts_with(start), "{error}");
    }
}
