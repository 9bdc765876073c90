//! Checks `payments` on a real broker. Each consumer is a process of its own, so that it can be killed.

use checks::broker::{Fault, Scenario, child, run_all};
use checks::{Check, Checks};

use super::payments::consume;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A consumer gets 22 payments, two of them a second time.", || run_all(&[MANY])).or_hangs(ENDLESS),
    Check::new("A consumer is killed, and another one goes on.", || {
        run_all(&[
            Scenario::killed(Fault::BeforeCommit(1)),
            Scenario::killed(Fault::AfterCommit(1)),
            Scenario::killed(Fault::BeforeCommit(2)),
            Scenario::killed(Fault::AfterCommit(2)),
        ])
    })
    .or_hangs(ENDLESS),
    Check::new("A consumer takes so long for a payment that another one gets it as well.", || {
        run_all(&[Scenario::slow(Fault::Slow(1)), Scenario::slow(Fault::Slow(2))])
    })
    .or_hangs(ENDLESS),
])
.with_child(|| child(consume));

/// Payments with their numbers and amounts. Some amounts are equal, although the payments aren't.
const MANY: Scenario = Scenario::many(&[
    (1, 10),
    (2, 10),
    (3, 25),
    (1, 10),
    (4, 5),
    (5, 1),
    (6, 2),
    (7, 3),
    (8, 4),
    (9, 10),
    (10, 10),
    (11, 7),
    (12, 8),
    (3, 25),
    (13, 9),
    (14, 10),
    (15, 11),
    (16, 12),
    (17, 13),
    (18, 14),
    (19, 15),
    (20, 16),
]);

const ENDLESS: &str = "A payment that isn't acknowledged comes again, for ever.";
