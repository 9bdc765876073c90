use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let seats = Mutex::new(vec!["1A", "1B"]);
    let sold = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let seat = seats.lock().unwrap().first().copied();
                if let Some(seat) = seat {
                    sold.lock().unwrap().push(seat);
                    seats.lock().unwrap().retain(|other| *other != seat);
                }
            });
        }
    });
    println!("sold {}", sold.into_inner().unwrap().join(" and "));
}
