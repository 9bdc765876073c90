//! stub
use std::process::ExitCode;
/// The program `chapter-processes`.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
