use super::*;
use crate::broken::semaphore_ as broken;
use crate::threads::Semaphore;

fn acquire(semaphore: &Semaphore) {
    semaphore.acquire().forget();
}

fn release_one(semaphore: &Semaphore) {
    semaphore.release(1);
}

/// Threads acquire permits, and never hold more than there are.
fn holders_never_exceed_permits(permits: usize, threads: usize) {
    explore(&format!("semaphore: {threads} threads, {permits} permits"), 3, move || {
        let shared = Arc::new((Semaphore::new(permits), AtomicUsize::new(0)));
        let work = move |(semaphore, inside): &(Semaphore, AtomicUsize)| {
            let permit = semaphore.acquire();
            assert!(inside.fetch_add(1, Relaxed) < permits, "too many at a time");
            thread::yield_now();
            inside.fetch_sub(1, Relaxed);
            drop(permit);
        };
        let others: Vec<_> = (1..threads).map(|_| start(&shared, work)).collect();
        work(&shared);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(shared.0.available(), permits);
    });
}

/// One thread releases two permits, one after the other, and two threads acquire them.
fn a_permit_is_handed_over(acquire: fn(&Semaphore), release_one: fn(&Semaphore)) {
    explore("semaphore: a permit for 2 threads, twice", 2, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let others = [(); 2].map(|()| start(&semaphore, acquire));
        release_one(&semaphore);
        release_one(&semaphore);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.available(), 0);
    });
}

/// One thread releases two permits at once, and two threads acquire them.
fn a_release_of_two_wakes_two(release: fn(&Semaphore, usize)) {
    explore("semaphore: a release of 2", 2, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let others = [(); 2].map(|()| start(&semaphore, acquire));
        release(&semaphore, 2);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn one_permit_is_for_one_thread() {
    holders_never_exceed_permits(1, 2);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn two_permits_are_for_two_threads() {
    holders_never_exceed_permits(2, 3);
}

#[test]
fn a_permit_reaches_the_waiter() {
    a_permit_is_handed_over(acquire, release_one);
}

#[test]
fn two_permits_wake_two_threads() {
    a_release_of_two_wakes_two(Semaphore::release);
}

#[test]
fn a_timeout_takes_no_permit() {
    explore_outcomes("semaphore: a timeout", 3, &[false, true], move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = start(&semaphore, release_one);
        let clock = thread::spawn(time_passes);
        let got_it = semaphore.acquire_timeout(LONG).map(crate::threads::semaphore::Permit::forget).is_some();
        other.join().unwrap();
        clock.join().unwrap();
        assert_eq!(semaphore.available(), usize::from(!got_it));
        got_it
    });
}

mod without {
    use super::*;

    #[test]
    fn notifying_a_thread_waits_forever() {
        fails("deadlock", || a_permit_is_handed_over(acquire, broken::release_without_wake));
    }

    #[test]
    fn checking_again_a_permit_is_acquired_twice() {
        fails("there is a permit", || {
            a_permit_is_handed_over(broken::acquire_without_loop, |semaphore| {
                semaphore.release(1);
                drop(semaphore.try_acquire()); // barges in
            });
        });
    }

    #[test]
    fn waking_one_for_each_permit_a_thread_waits_forever() {
        fails("deadlock", || a_release_of_two_wakes_two(broken::release_waking_one));
    }
}
