use super::*;

fn queue<T: Serialize + DeserializeOwned>(maxsize: usize, bytes: usize) -> Queue<T> {
    let memory = Arc::new(Shared::new(Queue::<T>::words(bytes)).unwrap());
    Queue::with_room(&memory, maxsize, bytes).unwrap()
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
fn an_invalid_item_is_an_error_once_and_counts_as_lost() {
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
