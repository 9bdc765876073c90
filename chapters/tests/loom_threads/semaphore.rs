use super::*;
use crate::broken::semaphore_ as broken;
use crate::threads::Semaphore;

fn acquire(semaphore: &Semaphore) {
    semaphore.acquire().forget();
}

fn release_one(semaphore: &Semaphore) {
    semaphore.release(1);
}

/// Threads that hold permits, never more of them than permits.
fn so_many_at_a_time(permits: usize, threads: usize, preemptions: Option<usize>) {
    explore(&format!("semaphore: {threads} threads, {permits} permits"), preemptions, move || {
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

/// A permit goes back and forth, as an item does between a producer and a consumer.
fn a_permit_is_handed_over(preemptions: usize, acquire: fn(&Semaphore), release_one: fn(&Semaphore)) {
    explore("semaphore: a permit for 2 threads, twice", preemptions, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let others = [(); 2].map(|()| start(&semaphore, acquire));
        release_one(&semaphore);
        release_one(&semaphore);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.available(), 0);
    });
}

/// One release of two permits is enough for two threads.
fn a_release_of_two_wakes_two(preemptions: usize, release: fn(&Semaphore, usize)) {
    explore("semaphore: a release of 2", preemptions, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let others = [(); 2].map(|()| start(&semaphore, acquire));
        release(&semaphore, 2);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn one_permit_is_for_one_thread() {
    so_many_at_a_time(1, 2, Some(3));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn two_permits_are_for_two_threads() {
    so_many_at_a_time(2, 3, Some(3));
}

#[test]
fn a_permit_reaches_who_waits() {
    a_permit_is_handed_over(2, acquire, release_one);
}

#[test]
fn permits_wake_as_many_as_they_are() {
    a_release_of_two_wakes_two(2, Semaphore::release);
}

#[test]
fn a_timeout_takes_no_permit() {
    let in_time = Seen::default();
    let seen = in_time.clone();
    explore("semaphore: a timeout", 3, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = start(&semaphore, release_one);
        let clock = thread::spawn(time_passes);
        let got_it = semaphore.acquire_timeout(LONG).map(crate::threads::semaphore::Permit::forget).is_some();
        seen.note(got_it);
        other.join().unwrap();
        clock.join().unwrap();
        assert_eq!(semaphore.available(), usize::from(!got_it));
    });
    in_time.both();
}

mod without {
    use super::*;

    #[test]
    fn the_notification_a_waiter_is_left() {
        fails("deadlock", || a_permit_is_handed_over(2, acquire, broken::release_without_wake));
    }

    #[test]
    fn a_second_look_a_permit_is_taken_twice() {
        fails("there is a permit", || {
            a_permit_is_handed_over(2, broken::acquire_with_one_look, |semaphore| {
                semaphore.release(1);
                drop(semaphore.try_acquire()); // barges in
            });
        });
    }

    #[test]
    fn waking_as_many_one_is_left() {
        fails("deadlock", || a_release_of_two_wakes_two(2, broken::release_waking_one));
    }
}
