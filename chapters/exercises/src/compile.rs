//! Combines an exercise and its check into a program, so that each exercise compiles on its own and within a second.
//!
//! cargo compiles the libraries once, and a note in the target folder says where they are. As long as their sources
//! haven't changed, cargo isn't run again, because that takes half a second, or a minute if another cargo is compiling.
//! The exercise itself is compiled by rustc, as a module of a generated file, because that works for a solution and for
//! any other file as well.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::catalog::Needs;

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here).to_owned()
}

/// The folder in which cargo compiles, in which the generated files are as well.
pub fn target() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let is_profile = |folder: &&Path| folder.join("deps").is_dir() && folder.join(".fingerprint").is_dir();
    let profile = program.ancestors().find(is_profile);
    profile.and_then(Path::parent).map_or_else(|| root().join("target"), Path::to_owned)
}

/// The libraries that an exercise may use.
#[derive(Clone, Debug)]
pub struct Libraries {
    /// The names of the crates, with the files.
    files: Vec<(String, PathBuf)>,
    /// Where the libraries are that these libraries use.
    folder: PathBuf,
    /// The needs of an exercise that they meet.
    needs: Needs,
}

/// The crates that exercises and their checks name.
const CRATES: [&str; 10] = [
    "async_channel",
    "async_nats",
    "chapters",
    "checks",
    "crossbeam",
    "futures",
    "futures_util",
    "nix",
    "tokio",
    "tokio_util",
];

impl Libraries {
    /// The command that compiles the libraries. Only some exercises need the book's own code, which takes longest.
    pub fn command(needs: Needs) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--package=checks", "--lib", "--message-format=json-render-diagnostics", "--target-dir"]);
        cargo.arg(target()).current_dir(root()).stdin(Stdio::null());
        match needs {
            Needs::Crates => _ = cargo.arg("--no-default-features"),
            Needs::Book => {}
            Needs::Broker => _ = cargo.arg("--features=broker"),
        }
        cargo
    }

    /// Compiles the libraries, if that's necessary.
    ///
    /// # Errors
    ///
    /// When cargo can't compile them.
    pub fn compile(needs: Needs) -> Result<Self, String> {
        if let Some(known) = Self::known(needs) {
            return Ok(known);
        }
        let libraries = Self::compile_with_cargo(needs)?;
        libraries.note();
        Ok(libraries)
    }

    /// The file that says where the libraries are.
    fn place_of_the_note(needs: Needs) -> PathBuf {
        target().join("exercises").join(match needs {
            Needs::Crates => "libraries",
            Needs::Book => "libraries-with-book",
            Needs::Broker => "libraries-with-broker",
        })
    }

    /// Notes where the libraries are. Without the note, cargo is asked the next time.
    fn note(&self) {
        let lines = self.files.iter().map(|(name, file)| format!("{name} {}\n", file.display()));
        let text = format!("{}\n{}", self.folder.display(), lines.collect::<String>());
        let place = Self::place_of_the_note(self.needs);
        let new = place.with_extension(std::process::id().to_string());
        _ = fs::create_dir_all(target().join("exercises"));
        _ = fs::write(&new, text).and_then(|()| fs::rename(&new, place));
    }

    /// The needs of an exercise that they meet.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Forgets where the libraries are, because they don't fit together.
    pub fn forget() {
        for needs in [Needs::Crates, Needs::Book, Needs::Broker] {
            // If there's none, that's as well.
            _ = fs::remove_file(Self::place_of_the_note(needs));
        }
    }

    /// The libraries of the note, if they're newer than what they're made of, and older than the note.
    fn known(needs: Needs) -> Option<Self> {
        let place = Self::place_of_the_note(needs);
        let noted = changed(&place)?;
        let text = fs::read_to_string(place).ok()?;
        let mut lines = text.lines();
        let folder = PathBuf::from(lines.next()?);
        let files = lines.map(|line| line.split_once(' ').map(|(name, file)| (name.to_owned(), PathBuf::from(file))));
        let files: Vec<(String, PathBuf)> = files.collect::<Option<_>>()?;
        let are_old = files.iter().all(|(_, file)| changed(file).is_some_and(|compiled| compiled <= noted));
        let mut sources =
            vec!["Cargo.lock", "Cargo.toml", "chapters/exercises/checks/Cargo.toml", "chapters/exercises/checks/src"];
        if needs >= Needs::Book {
            sources.extend(["chapters/Cargo.toml", "chapters/src"]);
        }
        if needs >= Needs::Broker {
            sources.extend(["chapters/machines/Cargo.toml", "chapters/machines/src"]);
        }
        let newest = sources.iter().map(|source| newest(&root().join(source))).max()?;
        (are_old && !files.is_empty() && newest? < noted).then_some(Self { files, folder, needs })
    }

    fn compile_with_cargo(needs: Needs) -> Result<Self, String> {
        let mut cargo = Self::command(needs);
        if env::var_os("CARGO_TERM_QUIET").is_none_or(|quiet| quiet != "true") {
            let what = match needs {
                Needs::Crates => "the crates that this exercise uses",
                Needs::Book => "the book's code, which this exercise uses",
                Needs::Broker => "the client of the broker, which this exercise uses",
            };
            eprintln!("Compiling {what}. That takes a while, but only the first time, and after a change.");
        }
        if io::stderr().is_terminal() {
            // There, cargo shows how far it is.
            cargo.stderr(Stdio::inherit());
        }
        let output = cargo.output().map_err(|error| format!("cannot start cargo: {error}"))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("cargo can't compile the libraries of the exercises\n{reason}"));
        }
        let mut files: Vec<(String, PathBuf)> = printed.lines().filter_map(artifact).collect();
        files.retain(|(name, _)| CRATES.contains(&name.as_str()));
        let checks = files.iter().find(|(name, _)| name == "checks").map(|(_, file)| file);
        let folder = checks.and_then(|file| file.parent()).ok_or("cargo doesn't say where it put the libraries")?;
        Ok(Self { folder: folder.to_owned(), files, needs })
    }
}

/// When a file was changed.
fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// When the newest file of a folder, or a file, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = changed(path)?;
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    Some(entries.filter_map(|entry| newest(&entry.path())).fold(own, SystemTime::max))
}

/// Removes the folders of compilations whose process was killed.
fn clean_up() {
    for entry in fs::read_dir(target().join("exercises")).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.rsplit_once('-')?.1.parse::<u32>().ok());
        if process.is_some_and(|process| cfg!(target_os = "linux") && !Path::new(&format!("/proc/{process}")).exists())
        {
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The name and the file of a library that cargo has compiled, from a line of its messages.
fn artifact(line: &str) -> Option<(String, PathBuf)> {
    if !line.starts_with(r#"{"reason":"compiler-artifact""#) {
        return None;
    }
    let (_, target) = line.split_once(r#""target":{"#)?;
    let (_, name) = target.split_once(r#""name":""#)?;
    let (name, _) = name.split_once('"')?;
    let (_, files) = line.split_once(r#""filenames":["#)?;
    let (files, _) = files.split_once(']')?;
    // A library of the workspace is also copied to a place without a hash, where another cargo may replace it.
    let file = files.split('"').find(|file| file.ends_with(".rmeta"))?.replace(r"\\", r"\");
    Some((name.replace('-', "_"), Path::new(&file).with_extension("rlib")))
}

/// A file with an attempt to solve an exercise, and the file with the check.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The name of the exercise, and of the module in which the check expects it.
    pub name: &'a str,
    /// The file to check.
    pub file: &'a Path,
}

/// The result of a compilation.
#[derive(Debug)]
pub enum Compiled {
    /// The program, and the compiler's warnings.
    Program(PathBuf, String),
    /// The compiler's messages.
    Errors(String),
}

/// The generated file that makes one program of several attempts. The variable `EXERCISE_ATTEMPT` chooses one of them.
fn generate(attempts: &[Attempt<'_>]) -> String {
    let mut modules = String::new();
    let mut choices = String::new();
    for (number, Attempt { name, file }) in attempts.iter().enumerate() {
        let check = root().join(format!("chapters/exercises/checks/{name}.rs"));
        modules += &format!(
            "#[allow(dead_code, unreachable_pub)]\nmod attempt_{number} {{\n    #[path = {file:?}]\n    pub mod {name};\n    \
             #[allow(warnings)]\n    #[path = {check:?}]\n    pub mod check;\n}}\n"
        );
        let text = |file: &Path| {
            let shown = file.strip_prefix(root()).unwrap_or(file);
            format!("checks::Text {{ path: {shown:?}, text: include_str!({file:?}) }}")
        };
        let (text, check) = (text(file), text(&check));
        choices +=
            &format!("        \"{number}\" => checks::main(&attempt_{number}::check::CHECKS, {text}, {check}),\n");
    }
    format!(
        "{modules}\nfn main() -> std::process::ExitCode {{\n    \
         match std::env::var(\"EXERCISE_ATTEMPT\").as_deref().unwrap_or(\"0\") {{\n{choices}        \
         _ => std::process::ExitCode::FAILURE,\n    }}\n}}\n"
    )
}

/// Compiles attempts and their checks into the program `name`.
///
/// # Errors
///
/// When rustc can't be started, or the generated file can't be written.
pub fn compile(name: &str, attempts: &[Attempt<'_>], libraries: &Libraries, colors: bool) -> Result<Compiled, String> {
    let cannot = |error: io::Error| format!("cannot write to {}: {error}", target().display());
    // Two runners may check the same exercise at the same time.
    let folder = target().join("exercises").join(format!("{name}-{}", std::process::id()));
    clean_up();
    fs::create_dir_all(&folder).map_err(cannot)?;
    let (source, program) = (folder.join("main.rs"), folder.join(name).with_extension(env::consts::EXE_EXTENSION));
    fs::write(&source, generate(attempts)).map_err(cannot)?;
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-name", name, "-Cdebuginfo=line-tables-only"]).arg(&source);
    rustc.arg("-o").arg(&program);
    rustc.arg(format!("--color={}", if colors { "always" } else { "never" }));
    rustc.arg(format!("--remap-path-prefix={}/=", root().display()));
    rustc.arg("-L").arg(format!("dependency={}", libraries.folder.display()));
    for (name, file) in &libraries.files {
        rustc.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    let output = rustc.current_dir(root()).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot start rustc: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if output.status.success() { Compiled::Program(program, messages) } else { Compiled::Errors(messages) })
}

/// Removes the files of an earlier compilation.
pub fn clean(program: &Path) {
    if let Some(folder) = program.parent() {
        // They don't matter, except for the room that they take.
        _ = fs::remove_dir_all(folder);
    }
}
