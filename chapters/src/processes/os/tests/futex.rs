use std::cell::Cell;

use super::*;

const LONG: Duration = Duration::from_secs(120);

#[test]
fn spinning_ends_while_other_threads_keep_the_processor() {
    let looks = Cell::new(0);
    assert!(spin_while(|| {
        looks.set(looks.get() + 1);
        thread::sleep(MAX_YIELD_TIME);
        true
    }));
    assert!(looks.get() <= 3, "{} looks", looks.get());
}

#[test]
fn the_upper_half_is_not_looked_at() {
    let word = AtomicU64::new(7 << 32 | 1);
    assert!(!wait(&word, 1, Duration::ZERO));
    assert!(wait(&word, 7 << 32, LONG));
}
