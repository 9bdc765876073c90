//! Sleeps, so that the other transfer is probably over.
//! Refused: `thread` isn't from `chapters::scheduler`

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another if there are that many. Returns whether it did.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    let mut source = from.balance.lock().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(u64::from(from.number)));
    let mut target = to.balance.lock().unwrap();
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
