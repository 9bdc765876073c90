//! Starts the workers of a scene with each of the three models, and joins them.
//!
//! The workers of a scene share a *stage*, such as a lock. The models differ in how a stage reaches its workers:
//! threads and coroutines have it in the same memory; a process receives its position in shared memory.
//!
//! A worker may die in the middle of a scene: it panics, or its process is killed. Locks and permits that it held are
//! released then, but a notification, a signal, or an item that only this worker would have sent never comes. So the
//! starting thread watches the workers, and once one of them has died, it *abandons* the stage, which ends every such
//! wait: queues are shut down, a barrier breaks, an event is set. The other workers return from their waits, and leave.
//! The service does the same when it stops.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod threads;
