//! The program's own file, which the room starts again for each run.

use std::env;
use std::io;
use std::path::PathBuf;

/// The file of the running program, to start it again.
///
/// On Linux this is a link that the kernel keeps valid even after cargo has replaced the file.
///
/// # Errors
///
/// When the system doesn't know.
pub fn executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { env::current_exe() }
}
