//! The open connections, whose number is limited. To accept one more, the room closes the connection that has been
//! unused longest, so idle connections can't keep a reader out. With a limit that makes new connections wait, such as a
//! semaphore or tower's concurrency limit, they could do that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::task::AbortHandle;

/// The number of connections with which a browser works well, and the most that the room keeps. A browser opens six.
const LIMITS: (usize, usize) = (8, 100);

/// The open connections by number.
pub struct Connections {
    limit: usize,
    open: Mutex<HashMap<u64, Connection>>,
}

struct Connection {
    task: AbortHandle,
    last_used: Instant,
    /// The connection carries the records of a run, so it isn't closed for another one.
    streams: bool,
}

impl Default for Connections {
    /// No connections yet. Their limit is a quarter of the limit on file descriptors, so that runs and builds have enough.
    fn default() -> Self {
        #[cfg(unix)]
        let descriptors = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
            .map_or(usize::MAX, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX));
        #[cfg(not(unix))]
        let descriptors = usize::MAX;
        Self { limit: (descriptors / 4).clamp(LIMITS.0, LIMITS.1), open: Mutex::default() }
    }
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection, for which `start` starts a task, and closes another one if there are too many.
    pub fn add(&self, number: u64, start: impl FnOnce() -> AbortHandle) {
        let mut open = self.open();
        if open.len() >= self.limit {
            Self::close_one(&mut open);
        }
        open.insert(number, Connection { task: start(), last_used: Instant::now(), streams: false });
    }

    /// Closes the connection that has been unused longest.
    pub fn close_unused(&self) {
        Self::close_one(&mut self.open());
    }

    fn close_one(open: &mut HashMap<u64, Connection>) {
        let idle = open.iter().filter(|(_, connection)| !connection.streams);
        let oldest = idle.min_by_key(|(_, connection)| connection.last_used).map(|(number, _)| *number);
        if let Some(connection) = oldest.and_then(|number| open.remove(&number)) {
            connection.task.abort();
        }
    }

    /// Notes that a connection is used now.
    pub fn touch(&self, number: u64) {
        if let Some(connection) = self.open().get_mut(&number) {
            connection.last_used = Instant::now();
        }
    }

    /// Notes whether a connection carries the records of a run.
    pub fn set_streams(&self, number: u64, streams: bool) {
        if let Some(connection) = self.open().get_mut(&number) {
            (connection.streams, connection.last_used) = (streams, Instant::now());
        }
    }

    /// Removes a connection that has ended.
    pub fn remove(&self, number: u64) {
        self.open().remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_connection_that_has_been_unused_longest_is_closed() {
        let connections = Connections { limit: 3, open: Mutex::default() };
        let add = |number| connections.add(number, || tokio::spawn(std::future::pending::<()>()).abort_handle());
        (0..3).for_each(add);
        connections.set_streams(0, true);
        connections.touch(1);
        add(3);
        let mut numbers: Vec<u64> = connections.open().keys().copied().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 3]);
        connections.remove(0);
        assert_eq!(connections.open().len(), 2);
    }
}
