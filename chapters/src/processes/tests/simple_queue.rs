use super::*;

fn queue<T: Serialize + DeserializeOwned>(bytes: usize) -> SimpleQueue<T> {
    SimpleQueue::with_room(&Arc::new(Shared::new(SimpleQueue::<T>::words(bytes)).unwrap()), bytes).unwrap()
}

#[test]
fn room_and_items_are_tested_before_the_time() {
    let queue = queue(64);
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
    assert_eq!(queue.put_timeout(1, Duration::ZERO), Ok(()));
    assert!(!queue.is_empty());
    assert_eq!(queue.get_timeout(Duration::MAX), Ok(1));
    while queue.try_put(2).is_ok() {}
    assert_eq!(queue.put_timeout(3, Duration::from_millis(1)), Err(PutError::Full(3)));
}

#[test]
fn an_invalid_item_is_an_error_once() {
    let numbers = queue::<u64>(256);
    let texts = SimpleQueue::<String>::at(numbers.ring.memory(), numbers.place()).unwrap();
    (0..2).for_each(|_| numbers.put(u64::MAX).unwrap());
    assert_eq!(texts.get(), Err(GetError::Corrupt));
    assert_eq!(numbers.get(), Ok(u64::MAX));
    assert!(numbers.is_empty());
}

#[test]
fn an_item_of_no_bytes_is_an_item() {
    let queue = queue(64);
    queue.put(()).unwrap();
    assert_eq!(queue.try_get(), Ok(()));
    assert_eq!(queue.try_get(), Err(GetError::Empty));
}

#[test]
fn memory_without_a_queue_is_an_error() {
    let memory = Arc::new(Shared::new(SimpleQueue::<u32>::WORDS).unwrap());
    let place = memory.place(SimpleQueue::<u32>::WORDS).unwrap();
    assert_eq!(SimpleQueue::<u32>::at(&memory, place).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
