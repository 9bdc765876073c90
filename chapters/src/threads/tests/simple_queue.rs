use super::*;

#[test]
fn every_item_comes_out_once() {
    const ITEMS: u64 = 5000;
    let queue = SimpleQueue::new();
    let mut taken: Vec<u64> = thread::scope(|scope| {
        let getter = || (0..ITEMS).map(|_| queue.get_timeout(LONG).unwrap()).collect::<Vec<_>>();
        let getters = [(); 2].map(|()| scope.spawn(getter));
        for putter in 0..2 {
            let queue = &queue;
            scope.spawn(move || (0..ITEMS).for_each(|n| queue.put(putter * ITEMS + n)));
        }
        getters.into_iter().flat_map(|getter| getter.join().unwrap()).collect()
    });
    taken.sort();
    assert_eq!(taken, (0..2 * ITEMS).collect::<Vec<_>>());
    assert!(queue.is_empty());
}

#[test]
fn an_item_is_tested_before_the_time() {
    let queue = SimpleQueue::default();
    assert_eq!(queue.get_timeout(Duration::ZERO), None);
    queue.put(1);
    assert_eq!(queue.get_timeout(Duration::ZERO), Some(1));
}
