use std::sync::Arc;

use chapters::coroutines::{Condition, Lock};

use crate::explore::{Check, End, Faults, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, none_is_stuck, pause};

#[derive(Clone, Copy, PartialEq)]
enum Note {
    Arrived(usize),
    Notified,
    Woken(usize),
    TimedOut(usize),
}

/// Actors wait for a condition, and another one notifies `n` of them while it holds the lock, and pauses before and
/// after that. Actors that were notified or have timed out have to wait for the lock.
fn notify(stage: &mut Stage, waiters: usize, n: usize, timed: bool) -> Check {
    let shared = Arc::new((Lock::new(), Condition::new(), Notes::default()));
    stage.actors(waiters, &shared, move |shared, who| async move {
        let (lock, condition, notes) = &*shared;
        let guard = lock.acquire().await;
        notes.add(Note::Arrived(who));
        let (_guard, notified) = match timed {
            true => condition.wait_timeout(guard, LONG).await,
            false => (condition.wait(guard).await, true),
        };
        notes.add(if notified { Note::Woken(who) } else { Note::TimedOut(who) });
    });
    stage.steady(&shared, move |shared| async move {
        let (lock, condition, notes) = &*shared;
        let _guard = lock.acquire().await;
        pause().await;
        notes.add(Note::Notified);
        condition.notify(n);
        pause().await;
    });
    Box::new(move |ends| {
        let notes = shared.2.all();
        let before: Vec<Note> = notes.iter().copied().take_while(|note| *note != Note::Notified).collect();
        // A notification that is passed on comes too late for an actor that has timed out by then.
        let timed_out = if ends.contains(&End::Cancelled) { &notes } else { &before };
        let was_waiting = |who: &usize| {
            let has_left = ends[*who] == End::Cancelled || timed_out.contains(&Note::TimedOut(*who));
            before.contains(&Note::Arrived(*who)) && !has_left
        };
        let waiting = (0..waiters).filter(was_waiting).count();
        let woken = notes.iter().filter(|note| matches!(note, Note::Woken(_))).count();
        assert!(woken <= n, "more were woken than notified");
        assert!(woken >= n.min(waiting), "a notification was lost");
        assert!(shared.0.try_acquire().is_some());
    })
}

#[test]
fn wait() {
    explore(TWO, |stage| notify(stage, 2, 1, false));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn wait_of_three() {
    explore(TWO, |stage| notify(stage, 3, 1, false));
}

#[test]
fn wait_timeout() {
    explore(ONE_OR_TIMEOUT, |stage| notify(stage, 2, 1, true));
}

#[test]
fn wait_until_all_are_notified() {
    explore(TWO, |stage| notify(stage, 2, usize::MAX, false));
}

/// An actor adds two jobs, one after the other, and others take them.
fn take_jobs(faults: Faults, takers: usize, timed: bool) {
    explore(faults, |stage| {
        let shared = Arc::new((Lock::guarding(0), Condition::new(), Notes::default()));
        stage.steady(&shared, |boss| async move {
            for _ in 0..2 {
                *boss.0.acquire().await += 1;
                boss.1.notify(1);
                pause().await;
            }
        });
        stage.actors(takers, &shared, move |shared, who| async move {
            let (jobs, added, taken) = &*shared;
            let guard = jobs.acquire().await;
            let (mut guard, available) = match timed {
                true => added.wait_for_timeout(guard, LONG, |jobs| *jobs > 0).await,
                false => (added.wait_for(guard, |jobs| *jobs > 0).await, true),
            };
            assert_eq!(available, *guard > 0);
            if available {
                *guard -= 1;
                taken.add(who);
            }
        });
        Box::new(move |ends| {
            let left = *shared.0.try_acquire().expect("the lock is free");
            assert_eq!(left + shared.2.all().len(), 2, "a job was lost");
            assert!(left == 0 || none_is_stuck(ends), "an actor waits although there is a job");
        })
    });
}

#[test]
fn wait_for() {
    take_jobs(TWO, 3, false);
}

#[test]
fn wait_for_timeout() {
    take_jobs(ONE_OR_TIMEOUT, 2, true);
}
