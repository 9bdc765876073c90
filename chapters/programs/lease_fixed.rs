use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread::{scope, sleep};
use std::time::Duration;

const TERM: Duration = Duration::from_secs(10);

/// On another machine: the newest token that it has seen, and the total.
type Store = Mutex<(u32, u32)>;

fn read(store: &Store, token: u32) -> Option<u32> {
    let mut store = store.lock().unwrap();
    store.0 = store.0.max(token);
    (store.0 == token).then_some(store.1)
}

fn write(store: &Store, token: u32, total: u32) -> Option<()> {
    let mut store = store.lock().unwrap();
    store.0 = store.0.max(token);
    (store.0 == token).then(|| store.1 = total)
}

pub fn main() {
    let store = Store::new((0, 0));
    let add = |token, amount| write(&store, token, read(&store, token)? + amount);
    scope(|scope| {
        scope.spawn(|| add(1, 10));
        sleep(TERM); // then the lease of worker 1 has expired
        scope.spawn(|| add(2, 1));
    });
    println!("total = {}", store.into_inner().unwrap().1);
}
