//! Checks `fair_share`.

use checks::{Check, Checks};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::fair_share::work;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Four workers share 40 jobs.", check)]);

/// How many jobs there are.
const JOBS: usize = 40;

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let mut done = runtime.block_on(async {
        let (jobs, queue) = async_channel::unbounded();
        (0..JOBS).for_each(|_| jobs.try_send(1_000).expect("the queue is open"));
        drop(jobs);
        (0..4).map(|_| work(queue.clone())).collect::<JoinSet<usize>>().join_all().await
    });
    done.sort_unstable_by(|one, other| other.cmp(one));
    let sum: usize = done.iter().sum();
    match done[..] {
        _ if sum != JOBS => Err(format!("Of {JOBS} jobs {sum} were done.")),
        [_, _, _, least] if least * 8 >= JOBS => Ok(()),
        _ => {
            let [a, b, c, d] = [done[0], done[1], done[2], done[3]];
            Err(format!("Of {JOBS} jobs the four workers did {a}, {b}, {c} and {d}."))
        }
    }
}
