use super::*;
use crate::broken::queue_ as broken;
use crate::errors::{GetError, PutError};
use crate::threads::Queue;

type Put = fn(&Queue<u32>, u32);
type Get = fn(&Queue<u32>) -> u32;

fn put(queue: &Queue<u32>, item: u32) {
    queue.put(item).unwrap();
}

fn get(queue: &Queue<u32>) -> u32 {
    queue.get().unwrap()
}

/// Two items go from one thread to another, in order, through a queue with room for `maxsize`.
fn items_pass(maxsize: usize, put: Put, get: Get) {
    let preemptions = if maxsize == 0 { None } else { Some(5) };
    explore(&format!("queue: 2 items, maxsize {maxsize}"), preemptions, move || {
        let queue = Arc::new(Queue::new(maxsize));
        let getter = start(&queue, move |queue| (get(queue), get(queue)));
        put(&queue, 1);
        put(&queue, 2);
        assert_eq!(getter.join().unwrap(), (1, 2));
        assert!(queue.is_empty());
    });
}

/// Two threads take two items, and each gets one.
fn each_getter_gets_one(get: Get) {
    explore("queue: 2 getters", 3, move || {
        let queue = Arc::new(Queue::new(1));
        let getters = [(); 2].map(|()| start(&queue, get));
        put(&queue, 1);
        put(&queue, 2);
        assert_eq!(getters.map(|getter| getter.join().unwrap()).iter().sum::<u32>(), 3);
    });
}

/// A shutdown ends the wait of both threads that wait for items.
fn a_shutdown_wakes_both_getters(shutdown: fn(&Queue<u32>)) {
    explore("queue: shutdown and 2 getters", 2, move || {
        let queue = Arc::new(Queue::new(0));
        let getters = [(); 2].map(|()| start(&queue, |queue: &Queue<u32>| queue.get()));
        shutdown(&queue);
        getters.into_iter().for_each(|getter| assert_eq!(getter.join().unwrap(), Err(GetError::ShutDown)));
    });
}

/// `join` returns after the last `task_done`, and not earlier.
fn join_waits_until_all_is_done(task_done: fn(&Queue<u32>)) {
    explore("queue: join", 3, move || {
        let shared = Arc::new((Queue::new(0), AtomicUsize::new(0)));
        put(&shared.0, 1);
        let worker = start(&shared, move |(queue, done)| {
            get(queue);
            done.fetch_add(1, Relaxed);
            task_done(queue);
        });
        shared.0.join();
        assert_eq!(shared.1.load(Relaxed), 1, "joined before it was done");
        worker.join().unwrap();
    });
}

#[test]
fn items_pass_in_order() {
    items_pass(0, put, get);
    items_pass(1, put, get);
}

#[test]
fn each_of_two_getters_gets_one() {
    each_getter_gets_one(get);
}

/// One thread puts and one takes, each with a timeout. An item that wasn't put is returned, and one that wasn't taken
/// is in the queue.
#[test]
fn a_timeout_loses_nothing() {
    let outcomes = [(false, false), (true, false), (true, true)];
    explore_outcomes("queue: timeouts on both sides", 2, &outcomes, || {
        let queue = Arc::new(Queue::new(1));
        queue.put(1).unwrap();
        let getter = start(&queue, |queue: &Queue<u32>| (queue.get_timeout(LONG), queue.get_timeout(LONG)));
        let clock = thread::spawn(time_passes);
        let second = queue.put_timeout(2, LONG);
        let (first, next) = getter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(first, Ok(1));
        let was_put = second == Ok(());
        assert!(was_put || second == Err(PutError::Full(2)));
        // An item that was put and not taken is in the queue.
        match queue.try_get() {
            Ok(left) => assert_eq!((was_put, next, left), (true, Err(GetError::Empty), 2)),
            Err(_) => assert_eq!(next, if was_put { Ok(2) } else { Err(GetError::Empty) }),
        }
        (was_put, next.is_ok())
    });
}

#[test]
fn a_shutdown_ends_waiting_for_items() {
    a_shutdown_wakes_both_getters(|queue| queue.shutdown(false));
    a_shutdown_wakes_both_getters(|queue| queue.shutdown(true));
}

/// A thread waits for room while the queue is shut down. Its item is in the queue, or is returned.
#[test]
fn a_shutdown_returns_the_item() {
    explore_outcomes("queue: shutdown and a putter", 3, &[false, true], || {
        let queue = Arc::new(Queue::new(1));
        queue.put(1).unwrap();
        let putter = start(&queue, |queue: &Queue<u32>| queue.put(2));
        let first = queue.get();
        queue.shutdown(false);
        let put = putter.join().unwrap();
        assert_eq!(first, Ok(1));
        match put {
            Ok(()) => assert_eq!(queue.get(), Ok(2)),
            Err(back) => assert_eq!(back, PutError::ShutDown(2)),
        }
        assert_eq!(queue.get(), Err(GetError::ShutDown));
        put.is_ok()
    });
}

#[test]
fn join_waits() {
    join_waits_until_all_is_done(|queue| queue.task_done().unwrap());
}

#[test]
fn join_waits_for_what_was_taken_before_an_immediate_shutdown() {
    explore("queue: join and an immediate shutdown", 3, || {
        let shared = Arc::new((Queue::new(0), AtomicUsize::new(0)));
        put(&shared.0, 1);
        put(&shared.0, 2);
        let worker = start(&shared, |(queue, done)| {
            while queue.get().is_ok() {
                done.fetch_add(1, Relaxed);
                queue.task_done().unwrap();
            }
        });
        shared.0.shutdown(true);
        shared.0.join();
        let done = shared.1.load(Relaxed);
        worker.join().unwrap();
        assert_eq!(shared.1.load(Relaxed), done, "joined before it was done");
    });
}

mod without {
    use super::*;

    #[test]
    fn notifying_of_an_item_the_getter_waits_forever() {
        fails("deadlock", || items_pass(0, broken::put_without_wake, get));
    }

    #[test]
    fn notifying_of_room_the_putter_waits_forever() {
        fails("deadlock", || items_pass(1, put, broken::get_without_wake));
    }

    #[test]
    fn checking_again_the_item_is_gone() {
        fails("there is an item", || each_getter_gets_one(broken::get_without_loop));
    }

    #[test]
    fn checking_with_the_lock_the_item_is_missed() {
        fails("deadlock", || items_pass(0, put, broken::get_after_unlocked_check));
    }

    #[test]
    fn notifying_of_the_last_task_join_waits_forever() {
        fails("deadlock", || join_waits_until_all_is_done(broken::task_done_without_wake));
    }

    #[test]
    fn notifying_all_of_the_shutdown_a_getter_waits_forever() {
        fails("deadlock", || a_shutdown_wakes_both_getters(broken::shutdown_waking_one));
    }
}
