//! A forecast of the minimum time that some work takes, computed in advance. It's wrong.
//!
//! All workers can wait at the same time. They can compute at the same time only on different cores, and not at all if
//! a lock or an event loop lets only one of them run at a time. Correct the forecast.

/// The work, in seconds, if one worker did all of it.
pub struct Work {
    pub computing: f64,
    pub waiting: f64,
}

/// The workers that will do it.
pub struct Workers {
    pub count: f64,
    pub cores: f64,
    /// Whether one lock, or one event loop, lets one of them run at a time.
    pub one_at_a_time: bool,
}

/// The seconds that it takes at least, however well the work is divided.
pub fn at_least(work: &Work, workers: &Workers) -> f64 {
    let can_compute = if workers.one_at_a_time { 1.0 } else { workers.cores.max(workers.count) };
    work.computing / can_compute + work.waiting / workers.count
}
