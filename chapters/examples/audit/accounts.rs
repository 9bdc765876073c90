//! The accounts of the chapter on debugging: with a bug, with a fix that deadlocks, and with the right fix.
//!
//! `main.rs` compiles this file three times: with the mutex of the standard library, of loom, and of shuttle.

use super::sync::Mutex;

// ANCHOR: accounts
/// The two accounts of a customer.
pub struct Accounts {
    checking: Mutex<u32>,
    savings: Mutex<u32>,
}

impl Accounts {
    /// Moves money from the checking account to the savings account.
    pub fn save(&self, amount: u32) {
        let mut checking = self.checking.lock().unwrap();
        let mut savings = self.savings.lock().unwrap();
        *checking -= amount;
        *savings += amount;
    }

    /// Returns how much money the customer has.
    pub fn total(&self) -> u32 {
        let checking = *self.checking.lock().unwrap();
        let savings = *self.savings.lock().unwrap();
        checking + savings
    }
    // ANCHOR_END: accounts

    // ANCHOR: total_locked
    /// Returns how much money the customer has.
    pub fn total_locked(&self) -> u32 {
        *self.savings.lock().unwrap() + *self.checking.lock().unwrap()
    }
    // ANCHOR_END: total_locked

    // ANCHOR: total_in_order
    /// Returns how much money the customer has.
    pub fn total_in_order(&self) -> u32 {
        let checking = self.checking.lock().unwrap();
        let savings = self.savings.lock().unwrap();
        *checking + *savings
    }
    // ANCHOR_END: total_in_order

    // ANCHOR: total_slowly
    /// Returns how much money the customer has, with an experiment in the middle.
    pub fn total_slowly(&self, between: impl FnOnce()) -> u32 {
        let checking = *self.checking.lock().unwrap();
        between();
        let savings = *self.savings.lock().unwrap();
        checking + savings
    }
    // ANCHOR_END: total_slowly

    /// Two accounts with the same balance.
    pub fn of(balance: u32) -> Self {
        Self { checking: Mutex::new(balance), savings: Mutex::new(balance) }
    }
}

/// A function that returns a customer's total.
pub type Total = fn(&Accounts) -> u32;

/// The versions of [`Total`], by their names.
pub const TOTALS: [(&str, Total); 3] = [
    ("total", Accounts::total),
    ("total_locked", Accounts::total_locked),
    ("total_in_order", Accounts::total_in_order),
];
