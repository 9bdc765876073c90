use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let seats = Mutex::new(vec!["1A", "1B"]);
    let sold = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut seats = seats.lock().unwrap();
                if let Some(seat) = seats.first().copied() {
                    sold.lock().unwrap().push(seat);
                    seats.retain(|other| *other != seat);
                }
            });
        }
    });
    println!("sold {}", sold.into_inner().unwrap().join(" and "));
}
