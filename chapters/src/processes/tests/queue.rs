use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn queue<T: Serialize + DeserializeOwned>(maxsize: usize, bytes: usize) -> Queue<T> {
    let memory = Arc::new(Shared::new(Queue::<T>::words(bytes)).unwrap());
    Queue::with_room(&memory, maxsize, bytes).unwrap()
}

#[test]
fn every_item_comes_out_once_and_in_order_of_each_putter() {
    const ITEMS: u64 = 5000;
    for (maxsize, bytes) in [(0, DEFAULT_ROOM), (0, 64), (1, 64), (3, DEFAULT_ROOM)] {
        let queue: Queue<(u64, u64)> = queue(maxsize, bytes);
        let taken: Vec<Vec<(u64, u64)>> = thread::scope(|scope| {
            let getter = || {
                let mut mine = Vec::new();
                while let Ok(item) = queue.get_timeout(LONG) {
                    mine.push(item);
                    queue.task_done().unwrap();
                }
                mine
            };
            let getters: Vec<_> = (0..2).map(|_| scope.spawn(getter)).collect();
            let putters = [0, 1].map(|putter| {
                let queue = &queue;
                scope.spawn(move || (0..ITEMS).for_each(|n| queue.put_timeout((putter, n), LONG).unwrap()))
            });
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            queue.join();
            assert!(queue.is_empty());
            queue.shutdown(false);
            getters.into_iter().map(|getter| getter.join().unwrap()).collect()
        });
        for putter in [0, 1] {
            let of_putter = |mine: &Vec<_>| mine.iter().copied().filter(|item: &(u64, _)| item.0 == putter).collect();
            let parts: Vec<Vec<(u64, u64)>> = taken.iter().map(of_putter).collect();
            assert!(parts.iter().all(|part| part.is_sorted()));
            let mut all = parts.concat();
            all.sort();
            assert_eq!(all, (0..ITEMS).map(|n| (putter, n)).collect::<Vec<_>>());
        }
        assert_eq!(queue.lost(), 0);
    }
}

#[test]
fn items_of_all_lengths_go_around_the_ring() {
    let queue: Queue<Vec<u8>> = queue(0, 256);
    let item = |n: usize| vec![n as u8; n % 240];
    thread::scope(|scope| {
        scope.spawn(|| (0..5000).for_each(|n| queue.put_timeout(item(n), LONG).unwrap()));
        (0..5000).for_each(|n| assert_eq!(queue.get_timeout(LONG), Ok(item(n))));
    });
}

#[test]
fn an_item_that_cannot_be_sent_comes_back() {
    let queue = queue(0, 64);
    // Its length takes one byte.
    let longest = "x".repeat(55);
    assert_eq!(queue.put(longest.clone()), Ok(()));
    assert_eq!(queue.try_put(String::new()), Err(PutError::Full(String::new())));
    assert_eq!(queue.get(), Ok(longest));
    let longer = "x".repeat(56);
    let error = queue.put(longer.clone()).unwrap_err();
    assert_eq!(error.to_string(), "the item cannot be sent: it takes 57 bytes where there is room for 56");
    assert_eq!(error.into_item(), longer);
    assert!(queue.is_empty());
}

#[test]
fn what_is_no_item_is_an_error_once_and_counts_as_lost() {
    let numbers = queue::<u64>(0, 256);
    let texts = Queue::<String>::at(numbers.ring.memory(), numbers.place()).unwrap();
    (0..3).for_each(|_| numbers.put(u64::MAX).unwrap());
    assert_eq!(texts.get(), Err(GetError::Corrupt));
    assert_eq!((texts.len(), texts.lost()), (2, 1));
    // An invalid length: the queue can't find the end of this item.
    let words = numbers.ring.memory().at(numbers.place(), Queue::<u64>::words(256)).unwrap();
    let taken = 3;
    words[Queue::<u64>::BEFORE_RING + taken].store(200, Ordering::Relaxed);
    assert_eq!(numbers.get(), Err(GetError::Corrupt));
    assert_eq!((numbers.len(), numbers.lost()), (0, 3));
    numbers.join();
    numbers.put(7).unwrap();
    assert_eq!(numbers.get(), Ok(7));
}

#[test]
fn memory_without_a_queue_is_an_error() {
    let memory = Arc::new(Shared::new(Queue::<u32>::WORDS).unwrap());
    let place = memory.place(Queue::<u32>::WORDS).unwrap();
    assert_eq!(Queue::<u32>::at(&memory, place).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
