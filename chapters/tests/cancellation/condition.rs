use std::sync::Arc;

use chapters::coroutines::{Condition, Lock};

use crate::explore::{Check, End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, none_is_stuck, now, pause};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Arrived(usize),
    Notified,
    Woken(usize),
    TimedOut(usize),
}

/// A condition that actors wait for, and a lock that others hold now and then.
#[derive(Default)]
struct Shared {
    lock: Lock,
    condition: Condition,
    notes: Notes<Note>,
}

impl Shared {
    fn with_waiters(stage: &mut Stage, count: usize) -> Arc<Self> {
        let shared = Arc::new(Self::default());
        stage.actors(count, &shared, |its, who| async move {
            let guard = its.lock.acquire().await;
            its.notes.add(Note::Arrived(who));
            let _guard = its.condition.wait(guard).await;
            its.notes.add(Note::Woken(who));
        });
        shared
    }

    fn with_timed_waiters(stage: &mut Stage, count: usize) -> Arc<Self> {
        let shared = Arc::new(Self::default());
        stage.actors(count, &shared, |its, who| async move {
            let guard = its.lock.acquire().await;
            its.notes.add(Note::Arrived(who));
            let (_guard, notified) = its.condition.wait_timeout(guard, LONG).await;
            its.notes.add(if notified { Note::Woken(who) } else { Note::TimedOut(who) });
        });
        shared
    }

    /// Adds an actor that notifies while it holds the lock, and pauses before and after that. Actors that were notified
    /// or have timed out have to wait for the lock.
    fn notifier(self: &Arc<Self>, stage: &mut Stage, n: usize) {
        stage.steady(self, |shared| async move {
            let _guard = shared.lock.acquire().await;
            pause().await;
            shared.notes.add(Note::Notified);
            shared.condition.notify(n);
            pause().await;
        });
    }

    /// Returns the actors that were waiting when the notification was sent, without those that were cancelled.
    fn waiting(&self, ends: &[End]) -> Vec<usize> {
        let notes = self.notes.all();
        let before = notes.iter().take_while(|note| **note != Note::Notified);
        let arrived: Vec<usize> =
            before.clone().filter_map(|note| if let Note::Arrived(who) = note { Some(*who) } else { None }).collect();
        let has_left = |who: usize| before.clone().any(|note| *note == Note::TimedOut(who));
        arrived.into_iter().filter(|who| ends[*who] != End::Cancelled && !has_left(*who)).collect()
    }

    fn woken(&self) -> usize {
        self.notes.all().iter().filter(|note| matches!(note, Note::Woken(_))).count()
    }

    /// Checks that `notify(1)` woke one actor: if the first one was cancelled, another one.
    fn check_one_woken(&self, ends: &[End]) {
        let woken = self.woken();
        assert!(woken <= 1, "one notification wakes one actor");
        assert!(woken == 1 || self.waiting(ends).is_empty(), "the notification was lost");
        assert!(self.lock.try_acquire().is_some());
    }
}

#[test]
fn wait() {
    explore("Condition::wait", TWO, |stage| notify_one_of(stage, 2));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn wait_of_three() {
    explore("Condition::wait of three", TWO, |stage| notify_one_of(stage, 3));
}

fn notify_one_of(stage: &mut Stage, waiters: usize) -> Check {
    let shared = Shared::with_waiters(stage, waiters);
    shared.notifier(stage, 1);
    Box::new(move |ends| shared.check_one_woken(ends))
}

#[test]
fn wait_timeout() {
    explore("Condition::wait_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Shared::with_timed_waiters(stage, 2);
        shared.notifier(stage, 1);
        Box::new(move |ends| shared.check_one_woken(ends))
    });
}

#[test]
fn wait_until_all_are_notified() {
    explore("Condition::notify_all", TWO, |stage| {
        let shared = Shared::with_waiters(stage, 2);
        shared.notifier(stage, usize::MAX);
        Box::new(move |ends| {
            assert!(shared.waiting(ends).iter().all(|who| ends[*who] == End::Done));
            assert!(shared.lock.try_acquire().is_some());
        })
    });
}

/// A number of jobs: an actor adds two, one after the other, and others take them.
#[derive(Default)]
struct Jobs {
    jobs: Lock<usize>,
    added: Condition,
    taken: Notes<usize>,
}

impl Jobs {
    fn with_two_jobs(stage: &mut Stage) -> Arc<Self> {
        let shared = Arc::new(Self::default());
        stage.steady(&shared, |boss| async move {
            for _ in 0..2 {
                *boss.jobs.acquire().await += 1;
                boss.added.notify(1);
                pause().await;
            }
        });
        shared
    }

    fn check_jobs(&self, ends: &[End]) {
        let left = *now(self.jobs.acquire()).expect("the lock is free");
        assert_eq!(left + self.taken.all().len(), 2, "a job was lost");
        assert!(left == 0 || none_is_stuck(ends), "an actor waits although there is a job");
    }
}

#[test]
fn wait_for() {
    explore("Condition::wait_for", TWO, |stage| {
        let shared = Jobs::with_two_jobs(stage);
        stage.actors(3, &shared, |shared, who| async move {
            let mut jobs = shared.added.wait_for(shared.jobs.acquire().await, |jobs| *jobs > 0).await;
            *jobs -= 1;
            shared.taken.add(who);
        });
        Box::new(move |ends| shared.check_jobs(ends))
    });
}

#[test]
fn wait_for_timeout() {
    explore("Condition::wait_for_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Jobs::with_two_jobs(stage);
        stage.actors(2, &shared, |shared, who| async move {
            let jobs = shared.jobs.acquire().await;
            let (mut jobs, available) = shared.added.wait_for_timeout(jobs, LONG, |jobs| *jobs > 0).await;
            assert_eq!(available, *jobs > 0);
            if available {
                *jobs -= 1;
                shared.taken.add(who);
            }
        });
        Box::new(move |ends| shared.check_jobs(ends))
    });
}
