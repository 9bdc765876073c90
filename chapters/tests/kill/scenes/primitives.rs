//! The primitives.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chapters::processes::holder::Holder;
use chapters::processes::shared::{Place, Shared, Words};
use chapters::processes::{Barrier, Condition, Event, Lock, RLock, RLockGuard, Semaphore};

use super::Scene;
use crate::board::Board;
use crate::controller::{Me, WAIT_TIMEOUT};

/// Work that was done but not counted: at most one iteration for each process that was killed.
fn uncounted(done: u64, counted: u64, killed: &[u64]) -> String {
    let possible = counted..=counted + killed.iter().sum::<u64>();
    assert!(possible.contains(&done), "{done} done, {counted} counted, {killed:?} killed");
    format!("{counted} iterations counted, {} not", done - counted)
}

/// Marks this process as inside, and checks that no other process was inside, except for a dead one whose guard was
/// `abandoned`.
fn go_in(inside: &AtomicU64, abandoned: bool, board: &Board) {
    board.count_abandoned(abandoned);
    let other = inside.swap(Holder::this_process().word(), Relaxed);
    board.holds(other == 0 || abandoned, "another process is inside, or its death there wasn't reported");
}

/// An array that takes long to copy: about as long as the rest of an iteration.
pub type Many = [u64; 1024];

/// Workers change many numbers under a lock. All numbers are equal before and after each critical section.
#[derive(Debug)]
pub struct Alone {
    pub lock: Lock<Many>,
    pub inside: Words,
}

impl Scene for Alone {
    fn iterate(&self, me: &mut Me) -> bool {
        let guard = match me.random_below(8) {
            0 => self.lock.try_acquire(),
            1 => self.lock.acquire_timeout(Duration::from_micros(me.random_below(500))),
            _ => Some(self.lock.acquire()),
        };
        let Some(mut numbers) = guard else { return false };
        go_in(&self.inside[0], numbers.is_abandoned(), &me.board);
        let first = numbers[0];
        me.board.holds(numbers.iter().all(|&number| number == first), "a change is half done");
        for number in numbers.iter_mut() {
            *number += 1;
        }
        me.spin(2);
        self.inside[0].store(0, Relaxed);
        drop(numbers);
        me.spin(2);
        true
    }

    fn hold(&self, board: &Board, during: &mut dyn FnMut()) {
        let numbers = self.lock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        go_in(&self.inside[0], numbers.is_abandoned(), board);
        during();
        self.inside[0].store(0, Relaxed);
    }

    fn check(&self, board: &Board, iterations: u64, killed: &[u64]) -> String {
        let numbers = self.lock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        board.holds(numbers.iter().all(|&number| number == numbers[0]), "a change is half done");
        uncounted(numbers[0], iterations, killed)
    }
}

/// Workers acquire a lock twice, and change two numbers that the lock itself doesn't contain.
#[derive(Debug)]
pub struct Twice {
    pub lock: RLock,
    /// The process inside, and the two numbers.
    pub words: Words,
}

impl Twice {
    fn go_in(&self, guard: &RLockGuard, board: &Board) {
        let [inside, one, other] = [0, 1, 2].map(|word| &self.words[word]);
        go_in(inside, guard.is_abandoned(), board);
        if guard.is_abandoned() {
            other.store(one.load(Relaxed), Relaxed); // the dead one did not come so far
        }
        board.holds(one.load(Relaxed) == other.load(Relaxed), "a change is half done, and no death was reported");
    }
}

impl Scene for Twice {
    fn iterate(&self, me: &mut Me) -> bool {
        let guard = match me.random_below(8) {
            0 => self.lock.try_acquire(),
            1 => self.lock.acquire_timeout(Duration::from_micros(me.random_below(500))),
            _ => Some(self.lock.acquire()),
        };
        let Some(outer) = guard else { return false };
        self.go_in(&outer, &me.board);
        let inner = self.lock.acquire();
        me.board.holds(!inner.is_abandoned(), "the owner of the lock was told of a death");
        self.words[1].fetch_add(1, Relaxed);
        me.spin(3);
        self.words[2].fetch_add(1, Relaxed);
        drop(inner);
        me.board.holds(self.lock.is_locked(), "the outer guard keeps the lock");
        self.words[0].store(0, Relaxed);
        drop(outer);
        me.spin(2);
        true
    }

    fn hold(&self, board: &Board, during: &mut dyn FnMut()) {
        let guard = self.lock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        self.go_in(&guard, board);
        during();
        self.words[0].store(0, Relaxed);
    }

    fn check(&self, board: &Board, iterations: u64, killed: &[u64]) -> String {
        let guard = self.lock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        self.go_in(&guard, board);
        uncounted(self.words[1].load(Relaxed), iterations, killed)
    }
}

/// Producers and consumers: how much was produced, and how much was consumed. Each change notifies two waiters, or all.
#[derive(Debug)]
pub struct Stock {
    pub stock: Lock<[u64; 2]>,
    pub changed: Condition,
}

impl Stock {
    const ROOM: u64 = 3;
}

impl Scene for Stock {
    fn iterate(&self, me: &mut Me) -> bool {
        let makes = me.number.is_multiple_of(2);
        let possible = |stock: &[u64; 2]| {
            let left = stock[0] - stock[1];
            if makes { left < Self::ROOM } else { left > 0 }
        };
        let guard = self.stock.acquire();
        me.board.count_abandoned(guard.is_abandoned());
        let (mut stock, possible) = match me.random_below(8) {
            0 => self.changed.wait_for_timeout(guard, Duration::from_micros(me.random_below(500)), possible),
            _ => (self.changed.wait_for(guard, possible), true),
        };
        me.board.count_abandoned(stock.is_abandoned());
        me.board.holds(stock[0] - stock[1] <= Self::ROOM, "what was never made was taken, or too much was made");
        if possible {
            stock[if makes { 0 } else { 1 }] += 1;
        }
        me.spin(3);
        drop(stock);
        me.spin(3);
        match me.random_below(4) {
            _ if !possible => {}
            0 => self.changed.notify_all(),
            // Waiters wait for one of two conditions, so the first waiter may be the wrong one.
            _ => self.changed.notify(2),
        }
        possible
    }

    fn hold(&self, board: &Board, during: &mut dyn FnMut()) {
        let guard = self.stock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        board.count_abandoned(guard.is_abandoned());
        during();
    }

    fn check(&self, board: &Board, iterations: u64, killed: &[u64]) -> String {
        let stock = self.stock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free at last");
        board.holds(stock[0] - stock[1] <= Self::ROOM, "what was never made was taken, or too much was made");
        uncounted(stock[0] + stock[1], iterations, killed)
    }
}

/// Some workers set and clear a flag that others wait for.
#[derive(Debug)]
pub struct Signal {
    pub event: Event,
}

impl Scene for Signal {
    fn iterate(&self, me: &mut Me) -> bool {
        if me.number.is_multiple_of(2) {
            self.event.set();
            me.spin(3);
            self.event.clear();
            me.spin(3);
        } else if me.random_below(4) == 0 {
            return self.event.wait_timeout(Duration::from_micros(me.random_below(500)));
        } else {
            self.event.wait();
        }
        true
    }

    fn check(&self, _: &Board, iterations: u64, _: &[u64]) -> String {
        self.event.set();
        assert!(self.event.is_set() && self.event.wait_timeout(Duration::ZERO));
        self.event.clear();
        assert!(!self.event.is_set() && !self.event.wait_timeout(Duration::ZERO));
        format!("{iterations} iterations counted")
    }
}

pub const PERMITS: usize = 2;

/// As many seats as permits: each permit holder finds a seat that is free, or whose owner is dead.
#[derive(Debug)]
pub struct Seats {
    pub semaphore: Semaphore,
    pub seats: Words,
}

impl Seats {
    fn sit_down(&self, me: u64) -> Option<&AtomicU64> {
        self.seats.iter().find(|seat| {
            let other = seat.load(Relaxed);
            let free = other == 0 || Holder::in_word(other).is_dead();
            free && seat.compare_exchange(other, me, Relaxed, Relaxed).is_ok()
        })
    }
}

impl Scene for Seats {
    fn iterate(&self, me: &mut Me) -> bool {
        let permit = match me.random_below(8) {
            0 => self.semaphore.try_acquire(),
            1 => self.semaphore.acquire_timeout(Duration::from_micros(me.random_below(500))),
            _ => Some(self.semaphore.acquire()),
        };
        let Some(permit) = permit else { return false };
        let seat = self.sit_down(Holder::this_process().word());
        me.board.holds(seat.is_some(), "more have a permit than there are permits");
        me.spin(3);
        seat.inspect(|seat| seat.store(0, Relaxed));
        drop(permit);
        me.spin(2);
        true
    }

    fn hold(&self, _: &Board, during: &mut dyn FnMut()) {
        let permits = [(); PERMITS].map(|()| self.semaphore.acquire_timeout(WAIT_TIMEOUT));
        assert!(permits.iter().all(Option::is_some), "a permit is free at last");
        during();
    }

    fn check(&self, _: &Board, iterations: u64, _: &[u64]) -> String {
        let permits = [(); PERMITS].map(|()| self.semaphore.try_acquire());
        assert!(permits.iter().all(Option::is_some), "the dead have no permit");
        assert!(self.semaphore.try_acquire().is_none(), "there is a permit too many");
        drop(permits);
        assert_eq!(self.semaphore.available(), PERMITS);
        format!("{iterations} iterations counted, no permit lost")
    }
}

pub const PARTIES: usize = 3;

/// Rounds counted by the barrier's action, and for each index how many times a worker passed with it.
#[derive(Debug)]
pub struct Rounds {
    pub barrier: Barrier,
    pub words: Words,
}

impl Rounds {
    pub fn at(memory: &Arc<Shared>, barrier: Place, words: Words) -> io::Result<Self> {
        let rounds = words.clone();
        let action = move || _ = rounds[0].fetch_add(1, Relaxed);
        Ok(Self { barrier: Barrier::at_with_action(memory, barrier, action)?, words })
    }
}

impl Scene for Rounds {
    fn iterate(&self, me: &mut Me) -> bool {
        let before = self.words[0].load(Relaxed);
        let passed = match me.random_below(4) {
            0 => self.barrier.wait_timeout(2 * WAIT_TIMEOUT),
            _ => self.barrier.wait(),
        };
        if let Ok(index) = passed {
            me.board.holds(self.words[0].load(Relaxed) > before, "a round is complete without its action");
            self.words[1 + index].fetch_add(1, Relaxed);
        } else if self.barrier.is_broken() {
            self.barrier.reset();
        }
        me.spin(3);
        true
    }

    fn rounds(&self) -> u64 {
        self.words[0].load(Relaxed)
    }

    fn check(&self, _: &Board, iterations: u64, killed: &[u64]) -> String {
        let rounds = self.rounds();
        let passed: Vec<u64> = self.words[1..].iter().map(|passed| passed.load(Relaxed)).collect();
        let missing =
            passed.iter().map(|&passed| rounds.checked_sub(passed).expect("no process passes twice")).sum::<u64>();
        let most = killed.iter().sum::<u64>() * PARTIES as u64;
        assert!(missing <= most, "{rounds} rounds, {passed:?} passed, {killed:?} killed");
        self.barrier.reset();
        assert!(!self.barrier.is_broken());
        format!("{iterations} iterations counted, {rounds} rounds, {missing} not counted by those that passed")
    }
}
