//! The workers of a scene, in each of the three worlds: started, let play their parts, and waited for.
//!
//! A scene has a *stage*, which is what its workers share, such as a lock. The crews differ in how a stage gets to its
//! workers: threads and coroutines have it in the same memory; a process is sent where it lies in memory that all share.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod threads;
