//! Nonsense, wherever another process could have written it: into the memory of a primitive, a queue, or a ring, and into
//! a socket. A process that reads it gets an error or an item. There is no panic, no process waits forever, and afterward
//! everything works again.

#![cfg(target_os = "linux")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use chapters::job::{Job, Kind};
use chapters::processes::connection::Connection;
use chapters::processes::queue::GetError;
use chapters::processes::service::record_ring::{self, RecordRing};
use chapters::processes::shared::{LINE, Place, Shared, Words};
use chapters::processes::{Barrier, Condition, Event as Flag, Lock, Queue, RLock, Semaphore, SimpleQueue};
use chapters::record::{Event, WorkerId};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Each test, how many cases `cargo test` tries, and how many `.ci/run`. Cases of locks take some hundredths of a second,
/// and those of the primitives made of them take seconds: a process sleeps before it checks by itself.
macro_rules! tests {
    ($($name:ident: $few:literal or $many:literal;)+) => {$(
        mod $name {
            #[test]
            fn in_few_cases() {
                super::$name($few);
            }

            #[test]
            #[ignore = "long: run by .ci/run"]
            fn in_many_cases() {
                super::$name($many);
            }
        }
    )+};
}
tests! {
    nonsense_in_the_memory_of_a_lock: 100 or 1_000;
    nonsense_in_the_memory_of_a_primitive_that_is_made_of_locks: 4 or 40;
    nonsense_in_the_memory_of_a_queue: 300 or 10_000;
    nonsense_in_the_memory_of_a_simple_queue: 300 or 10_000;
    nonsense_in_a_record_ring: 300 or 10_000;
    nonsense_from_a_connection: 300 or 10_000;
}

/// A timeout that must not expire.
const LONG: Duration = Duration::from_secs(30);

/// Items of all kinds of lengths.
type Item = (u64, Vec<u8>, Option<String>);

/// Runs `test` on that many values. Fails if it has not ended after a time in which it could have ended a hundred times.
fn holds<S>(cases: u32, values: S, test: impl Fn(S::Value) + Send + 'static)
where
    S: Strategy + Send + 'static,
{
    let (end, ended) = mpsc::channel::<()>();
    let run = move || {
        let _end = end;
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&values, |value| {
            test(value);
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{failure}"));
    };
    let test = thread::spawn(run);
    let limit = Duration::from_secs(if cases <= 300 { 300 } else { 1800 });
    assert_eq!(ended.recv_timeout(limit), Err(RecvTimeoutError::Disconnected), "it hangs");
    test.join().expect("it holds");
}

/// A word as it may stand in the memory: a small number, or all bits, or any.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, Just(u64::MAX), any::<u64>(), any::<u32>().prop_map(u64::from)]
}

fn fill(words: &Words, begin: usize, garbage: &[u64]) {
    words[begin..].iter().zip(garbage).for_each(|(word, &garbage)| word.store(garbage, Ordering::Relaxed));
}

/// How many bytes of room the queue has.
const ROOM: usize = 256;
/// How many words the queue's lock guards: where the items are, how many, and so on.
const HEADER: usize = 9;

fn memory(words: usize) -> Arc<Shared> {
    Arc::new(Shared::new(words).expect("memory"))
}

/// Writes `garbage`, again and again, to all words at `place`.
fn overwrite(memory: &Arc<Shared>, place: Place, words: usize, garbage: &[u64]) {
    let words = memory.at(place, words).expect("the words of a primitive");
    words.iter().zip(garbage.iter().cycle()).for_each(|(word, &garbage)| word.store(garbage, Ordering::Relaxed));
}

fn nonsense_in_the_memory_of_a_lock(cases: u32) {
    type Triple = Lock<[u64; 3]>;
    holds(cases, vec(word(), Triple::WORDS), |garbage| {
        let memory = memory(Triple::WORDS);
        let lock = Lock::guarding(&memory, [0; 3]).expect("room");
        overwrite(&memory, lock.place(), Triple::WORDS, &garbage);
        *lock.acquire() = [1, 2, 3];
        assert_eq!(*lock.try_acquire().expect("it is free"), [1, 2, 3]);
        assert!(!lock.is_locked());
    });
}

/// How many permits and parties there are.
const MEMBERS: usize = 2;

fn an_rlock(garbage: &[u64]) {
    let memory = memory(RLock::WORDS);
    let lock = RLock::new(&memory).expect("room");
    overwrite(&memory, lock.place(), RLock::WORDS, garbage);
    drop((lock.acquire(), lock.acquire()));
    assert!(!lock.is_locked());
}

fn a_semaphore(garbage: &[u64]) {
    let memory = memory(Semaphore::words(MEMBERS));
    let semaphore = Semaphore::new(&memory, MEMBERS).expect("room");
    overwrite(&memory, semaphore.place(), Semaphore::words(MEMBERS), garbage);
    for _ in 0..=MEMBERS {
        assert!(semaphore.acquire_timeout(LONG).is_some(), "no permit is left");
    }
}

fn a_barrier(garbage: &[u64]) {
    let memory = memory(Barrier::words(MEMBERS));
    let barrier = Barrier::new(&memory, MEMBERS).expect("room");
    overwrite(&memory, barrier.place(), Barrier::words(MEMBERS), garbage);
    let _ = barrier.wait_timeout(Duration::from_millis(1));
    barrier.reset();
    assert!(!barrier.is_broken());
    let wait = || barrier.wait_timeout(LONG).expect("all parties arrive");
    thread::scope(|scope| (0..MEMBERS).for_each(|_| _ = scope.spawn(wait)));
}

fn an_event(garbage: &[u64]) {
    let memory = memory(Flag::WORDS);
    let event = Flag::new(&memory).expect("room");
    overwrite(&memory, event.place(), Flag::WORDS, garbage);
    event.set();
    event.wait();
    event.clear();
    assert!(!event.is_set());
}

fn a_condition(garbage: &[u64]) {
    let memory = memory(Condition::WORDS + Lock::<u64>::WORDS);
    let (value, changed) = (Lock::guarding(&memory, 0).expect("room"), Condition::new(&memory).expect("room"));
    overwrite(&memory, changed.place(), Condition::WORDS, garbage);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| changed.wait_for_timeout(value.acquire(), LONG, |value| *value == 1).1);
        *value.acquire() = 1;
        changed.notify(1);
        assert!(waiter.join().expect("it doesn't panic"));
    });
}

fn nonsense_in_the_memory_of_a_primitive_that_is_made_of_locks(cases: u32) {
    for primitive in [an_rlock, a_semaphore, a_barrier, an_event, a_condition] {
        holds(cases, vec(word(), 64), move |garbage| primitive(&garbage));
    }
}

/// A queue whose memory has nonsense in everything but the locks and conditions.
fn garbled_queue(maxsize: usize, header: Vec<u64>, tallies: Vec<u64>, ring: Vec<u64>) -> Queue<Item> {
    let all = Queue::<Item>::words(ROOM);
    let memory = Arc::new(Shared::new(all).expect("memory"));
    let queue = Queue::with_room(&memory, maxsize, ROOM).expect("room");
    let words = memory.at(queue.place(), all).expect("the queue's words");
    // The lock has two words for itself, and then the header twice.
    fill(&words, LINE + 2, &header);
    let ring_begins = all - ROOM / 8;
    fill(&words, ring_begins - tallies.len(), &tallies);
    fill(&words, ring_begins, &ring);
    assert!(Lock::<[u64; HEADER]>::WORDS >= 2 + header.len());
    queue
}

fn nonsense_in_the_memory_of_a_queue(cases: u32) {
    let tallies = vec(word(), 0..32);
    let values = (0..3_usize, vec(word(), 2 * HEADER), tallies, vec(word(), ROOM / 8), vec(0..10_u8, 0..20));
    holds(cases, values, |(maxsize, header, tallies, ring, calls)| {
        let queue = garbled_queue(maxsize, header, tallies, ring);
        for call in calls {
            match call {
                0..3 => _ = queue.try_put((7, vec![7; 7], None)),
                3 => _ = queue.put_timeout((7, Vec::new(), None), Duration::from_micros(1)),
                4..6 => _ = queue.try_get(),
                6 => _ = queue.get_timeout(Duration::from_micros(1)),
                7 => _ = queue.task_done(),
                8 => _ = (queue.len(), queue.is_full(), queue.lost()),
                _ => queue.shutdown(call == 9),
            }
        }
        let mut gets = (0..=ROOM).map(|_| queue.try_get());
        let last = gets.find(|got| !matches!(got, Ok(_) | Err(GetError::Corrupt)));
        assert!(matches!(last, Some(Err(GetError::Empty | GetError::ShutDown))), "it never ends: {last:?}");
        match queue.try_put((7, Vec::new(), None)) {
            Ok(()) => assert_eq!(queue.try_get(), Ok((7, Vec::new(), None))),
            Err(error) => assert_eq!(error.to_string(), "the queue was shut down"),
        }
    });
}

/// How many words the lock of a simple queue guards.
const SIMPLE_HEADER: usize = 3;

fn nonsense_in_the_memory_of_a_simple_queue(cases: u32) {
    let values = (vec(word(), 2 * SIMPLE_HEADER), vec(word(), ROOM / 8), vec(0..5_u8, 0..20));
    holds(cases, values, |(header, ring, calls)| {
        let all = SimpleQueue::<Item>::words(ROOM);
        let memory = Arc::new(Shared::new(all).expect("memory"));
        let queue = SimpleQueue::<Item>::with_room(&memory, ROOM).expect("room");
        let words = memory.at(queue.place(), all).expect("the queue's words");
        fill(&words, LINE + 2, &header);
        fill(&words, all - ROOM / 8, &ring);
        assert!(Lock::<[u64; SIMPLE_HEADER]>::WORDS >= 2 + header.len());
        for call in calls {
            match call {
                0 => _ = queue.try_put((7, vec![7; 7], None)),
                1 => _ = queue.put_timeout((7, Vec::new(), None), Duration::from_micros(1)),
                2 => _ = queue.try_get(),
                3 => _ = queue.get_timeout(Duration::from_micros(1)),
                _ => _ = (queue.len(), queue.is_empty()),
            }
        }
        let mut gets = (0..=ROOM).map(|_| queue.try_get());
        let last = gets.find(|got| !matches!(got, Ok(_) | Err(GetError::Corrupt)));
        assert_eq!(last, Some(Err(GetError::Empty)), "it never ends");
        assert_eq!(queue.try_put((7, Vec::new(), None)), Ok(()));
        assert_eq!(queue.try_get(), Ok((7, Vec::new(), None)));
    });
}

/// Bytes that no process would write, and beginnings and corruptions of messages.
fn bytes(of: impl Fn(Item) -> Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = vec(any::<u8>(), 1..2000);
    let item = (any::<u64>(), vec(any::<u8>(), 0..100), any::<Option<String>>());
    let nearly = (item, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(move |change| {
        let (item, index, byte, cut) = change;
        let mut bytes = of(item);
        let index = index.index(bytes.len());
        bytes[index] = byte;
        bytes.truncate(if cut { index.max(1) } else { bytes.len() });
        bytes
    });
    prop_oneof![any_bytes, nearly]
}

/// As a message begins in a connection.
fn serialized(item: Item) -> Vec<u8> {
    postcard::to_stdvec(&(1_u8, item)).expect("an item can be serialized")
}

fn nonsense_in_a_record_ring(cases: u32) {
    let values = (vec(word(), 64), vec((0..record_ring::WORDS, word()), 0..64), any::<bool>());
    holds(cases, values, |(begin, scattered, unfinished)| {
        let memory = Arc::new(Shared::new(record_ring::WORDS).expect("memory"));
        let ring = RecordRing::new(&memory, WorkerId(0), Instant::now()).expect("room");
        let words = memory.at(ring.place(), record_ring::WORDS).expect("the ring's words");
        if unfinished {
            ring.record(Event::WorkerStarted);
        }
        fill(&words, 0, &begin);
        scattered.iter().for_each(|&(word, garbage)| words[word].store(garbage, Ordering::Relaxed));
        ring.is_complete();
        ring.peak();
        ring.read();
        assert_eq!(ring.read(), []);
        let job = Job { number: 7, kind: Kind::Io, size: 1.0 };
        ring.record(Event::JobStarted(job));
        let read: Vec<Event> = ring.read().into_iter().map(|record| record.event).collect();
        assert_eq!(read, [Event::JobStarted(job)]);
    });
}

/// Sends what [`Connection::send`] never would.
fn send(connection: &Connection, bytes: &[u8], files: &[BorrowedFd]) {
    let raw: Vec<i32> = files.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[] } else { &rights[..] };
    let bytes = [io::IoSlice::new(bytes)];
    let sent = sendmsg::<()>(connection.as_fd().as_raw_fd(), &bytes, control, MsgFlags::empty(), None);
    sent.expect("somebody listens");
}

fn nonsense_from_a_connection(cases: u32) {
    holds(cases, vec((bytes(serialized), 0..12_usize), 1..5), |messages| {
        let (here, there) = Connection::pair().expect("two sockets");
        for (bytes, files) in &messages {
            send(&here, bytes, &vec![here.as_fd(); *files]);
            if let Ok(received) = there.receive::<Item>() {
                let (_, received) = received.expect("the connection is open");
                assert_eq!(received.len(), *files);
            }
        }
        here.send(&(7_u64, Vec::<u8>::new(), None::<String>), &[here.as_fd()]).expect("a message that fits");
        let (item, files) = there.receive::<Item>().expect("a message").expect("the connection is open");
        assert_eq!((item, files.len()), ((7, Vec::new(), None), 1));
    });
}
