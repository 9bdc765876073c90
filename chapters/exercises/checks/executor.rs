//! Checks `executor` in every schedule.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated, work};
use checks::{Check, Checks};

use super::executor::Executor;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The future is ready at once.", || check(at_once)),
    Check::new("The future lets a task go first.", || check(spawned)),
    Check::new("The future waits for a signal, which A sends.", || check(signal)),
    Check::new("A task spawns another one.", || check(nested)),
    Check::new("A task has ended, and its waker is called again.", || check(late)),
    Check::new("A task never ends, and the future does.", || check(endless)),
    Check::new("A task waits for a signal, which A sends twice.", || check(twice)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("woken").advice(
        "While no task is woken, the thread should wait until a waker notifies it. See hint 2.",
        "See hints 1 and 3.",
        "See hint 2.",
    ))
}

/// A signal from another thread.
#[derive(Default)]
struct Sent {
    is_sent: bool,
    waker: Option<Waker>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match (self.is_sent, &self.waker) {
            (true, _) => "sent",
            (false, Some(_)) => "a task waits",
            (false, None) => "not sent",
        })
    }
}

fn send(signal: &Mutex<Sent>) {
    let waker = {
        let mut signal = signal.lock().unwrap();
        signal.is_sent = true;
        signal.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Waits for the signal.
fn received(signal: Arc<Mutex<Sent>>) -> impl Future<Output = ()> {
    poll_fn(move |context| {
        let mut signal = signal.lock().unwrap();
        if signal.is_sent {
            return Poll::Ready(());
        }
        signal.waker = Some(context.waker().clone());
        Poll::Pending
    })
}

/// Lets other tasks go first.
fn yields() -> impl Future<Output = ()> {
    let mut yielded = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

fn at_once() {
    let output = Executor::new().block_on(async { 7 });
    if output != 7 {
        violated(&format!("`block_on` returns {output} instead of 7"));
    }
}

fn spawned() {
    let (executor, ran) = (Executor::new(), Rc::new(Cell::new(false)));
    let it = Rc::clone(&ran);
    executor.spawn(async move { it.set(true) });
    executor.block_on(yields());
    if !ran.get() {
        violated("`block_on` returns, and a task that was spawned before wasn't polled,");
    }
}

fn signal() {
    let signal = Arc::new(Mutex::new(Sent::default()));
    let sent = Arc::clone(&signal);
    thread::spawn(move || send(&sent));
    Executor::new().block_on(received(signal));
}

fn nested() {
    let (executor, ran) = (Rc::new(Executor::new()), Rc::new(Cell::new(false)));
    let (inner, it) = (Rc::clone(&executor), Rc::clone(&ran));
    executor.block_on(async move {
        inner.spawn(async move { it.set(true) });
        yields().await;
    });
    if !ran.get() {
        violated("`block_on` returns, and a task that another one spawned wasn't polled,");
    }
}

fn late() {
    let (executor, kept) = (Executor::new(), Rc::new(RefCell::new(None)));
    let keep = Rc::clone(&kept);
    executor.spawn(async move {
        poll_fn(move |context| {
            *keep.borrow_mut() = Some(context.waker().clone());
            Poll::Ready(())
        })
        .await;
    });
    executor.block_on(async move {
        yields().await;
        let waker: Option<Waker> = kept.take();
        if let Some(waker) = waker {
            waker.wake();
        }
        yields().await;
    });
}

fn endless() {
    let executor = Executor::new();
    executor.spawn(std::future::pending());
    executor.block_on(yields());
}

fn twice() {
    let executor = Executor::new();
    let signals = [(); 2].map(|()| Arc::new(Mutex::new(Sent::default())));
    let sent = signals.clone();
    thread::spawn(move || {
        send(&sent[0]);
        work();
        send(&sent[1]);
    });
    let [first, second] = signals;
    executor.spawn(received(first));
    executor.block_on(received(second));
}
