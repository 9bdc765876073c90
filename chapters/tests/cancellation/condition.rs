use std::sync::Arc;

use chapters::coroutines::{Condition, Lock};

use crate::explore::{Check, End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, nobody_is_stuck, now, pause};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Came(usize),
    Notified,
    Woken(usize),
    TimedOut(usize),
}

/// Where sleepers wait to be woken, and others hold the lock now and then.
#[derive(Default)]
struct Bedroom {
    lock: Lock,
    condition: Condition,
    notes: Notes<Note>,
}

impl Bedroom {
    fn with_sleepers(stage: &mut Stage, count: usize) -> Arc<Self> {
        let bedroom = Arc::new(Self::default());
        for who in 0..count {
            let bed = Arc::clone(&bedroom);
            stage.actor(async move {
                let guard = bed.lock.acquire().await;
                bed.notes.add(Note::Came(who));
                let _guard = bed.condition.wait(guard).await;
                bed.notes.add(Note::Woken(who));
            });
        }
        bedroom
    }

    fn with_light_sleepers(stage: &mut Stage, count: usize) -> Arc<Self> {
        let bedroom = Arc::new(Self::default());
        for who in 0..count {
            let bed = Arc::clone(&bedroom);
            stage.actor(async move {
                let guard = bed.lock.acquire().await;
                bed.notes.add(Note::Came(who));
                let (_guard, notified) = bed.condition.wait_timeout(guard, LONG).await;
                bed.notes.add(if notified { Note::Woken(who) } else { Note::TimedOut(who) });
            });
        }
        bedroom
    }

    /// Notifies with the lock held, which it has had for a while and keeps for a while: who was notified must wait for it,
    /// and so must who has waited too long.
    fn notifier(self: &Arc<Self>, stage: &mut Stage, n: usize) {
        let bedroom = Arc::clone(self);
        stage.steady(async move {
            let _guard = bedroom.lock.acquire().await;
            pause().await;
            bedroom.notes.add(Note::Notified);
            bedroom.condition.notify(n);
            pause().await;
        });
    }

    /// Who was in the line when the notification was made, and was not cancelled.
    fn in_line(&self, ends: &[End]) -> Vec<usize> {
        let notes = self.notes.all();
        let before = notes.iter().take_while(|note| **note != Note::Notified);
        let came: Vec<usize> =
            before.clone().filter_map(|note| if let Note::Came(who) = note { Some(*who) } else { None }).collect();
        let has_left = |who: usize| before.clone().any(|note| *note == Note::TimedOut(who));
        came.into_iter().filter(|who| ends[*who] != End::Cancelled && !has_left(*who)).collect()
    }

    fn woken(&self) -> usize {
        self.notes.all().iter().filter(|note| matches!(note, Note::Woken(_))).count()
    }

    /// A notification of one wakes one: if the one it met was cancelled, another.
    fn has_woken_one(&self, ends: &[End]) {
        let woken = self.woken();
        assert!(woken <= 1, "one notification wakes one");
        assert!(woken == 1 || self.in_line(ends).is_empty(), "the notification was lost");
        assert!(self.lock.try_acquire().is_some());
    }
}

#[test]
fn wait() {
    explore("Condition::wait", TWO, |stage| one_is_woken_of(stage, 2));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn wait_of_three() {
    explore("Condition::wait of three", TWO, |stage| one_is_woken_of(stage, 3));
}

fn one_is_woken_of(stage: &mut Stage, sleepers: usize) -> Check {
    let bedroom = Bedroom::with_sleepers(stage, sleepers);
    bedroom.notifier(stage, 1);
    Box::new(move |ends| bedroom.has_woken_one(ends))
}

#[test]
fn wait_timeout() {
    explore("Condition::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let bedroom = Bedroom::with_light_sleepers(stage, 2);
        bedroom.notifier(stage, 1);
        Box::new(move |ends| bedroom.has_woken_one(ends))
    });
}

#[test]
fn wait_until_all_are_notified() {
    explore("Condition::notify_all", TWO, |stage| {
        let bedroom = Bedroom::with_sleepers(stage, 2);
        bedroom.notifier(stage, usize::MAX);
        Box::new(move |ends| {
            assert!(bedroom.in_line(ends).iter().all(|who| ends[*who] == End::Done));
            assert!(bedroom.lock.try_acquire().is_some());
        })
    });
}

/// Where two coins are put down, one after the other, and taken.
#[derive(Default)]
struct Table {
    coins: Lock<usize>,
    added: Condition,
    taken: Notes<usize>,
}

impl Table {
    fn with_two_coins(stage: &mut Stage) -> Arc<Self> {
        let table = Arc::new(Self::default());
        let giver = Arc::clone(&table);
        stage.steady(async move {
            for _ in 0..2 {
                *giver.coins.acquire().await += 1;
                giver.added.notify(1);
                pause().await;
            }
        });
        table
    }

    fn is_whole(&self, ends: &[End]) {
        let left = *now(self.coins.acquire()).expect("nobody has the lock");
        assert_eq!(left + self.taken.all().len(), 2, "a coin was lost");
        assert!(left == 0 || nobody_is_stuck(ends), "a coin is there, and somebody waits for one");
    }
}

#[test]
fn wait_for() {
    explore("Condition::wait_for", TWO, |stage| {
        let table = Table::with_two_coins(stage);
        for who in 0..3 {
            let table = Arc::clone(&table);
            stage.actor(async move {
                let mut coins = table.added.wait_for(table.coins.acquire().await, |coins| *coins > 0).await;
                *coins -= 1;
                table.taken.add(who);
            });
        }
        Box::new(move |ends| table.is_whole(ends))
    });
}

#[test]
fn wait_for_timeout() {
    explore("Condition::wait_for_timeout", ONE_OR_TIMEOUT, |stage| {
        let table = Table::with_two_coins(stage);
        for who in 0..2 {
            let table = Arc::clone(&table);
            stage.actor(async move {
                let coins = table.coins.acquire().await;
                let (mut coins, there_is_one) = table.added.wait_for_timeout(coins, LONG, |coins| *coins > 0).await;
                assert_eq!(there_is_one, *coins > 0);
                if there_is_one {
                    *coins -= 1;
                    table.taken.add(who);
                }
            });
        }
        Box::new(move |ends| table.is_whole(ends))
    });
}
