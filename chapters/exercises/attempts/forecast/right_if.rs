//! Compares the two limits.

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
    let share = (work.computing + work.waiting) / workers.count;
    let cores = if workers.one_at_a_time { 1.0 } else { workers.cores };
    if share > work.computing / cores { share } else { work.computing / cores }
}
