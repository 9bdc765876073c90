//! Audits and saves until the two deadlock, for a debugger.

use std::thread;

use crate::on_std::Accounts;

pub fn main() {
    println!("this process, {}, will hang: end it with Ctrl-C", std::process::id());
    let accounts = Accounts::of(1 << 30);
    thread::scope(|scope| {
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let save = || loop {
            accounts.save(1);
        };
        let audit = || loop {
            accounts.total_locked();
        };
        named("customer").spawn_scoped(scope, save).expect("a thread can be started");
        named("auditor").spawn_scoped(scope, audit).expect("a thread can be started");
    });
}
