//! Takes the second poll of a future for the answer to the bell.
//! Refused: the second poll of a future was ready

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A bell. Its clones are the same bell.
#[derive(Clone, Default)]
pub struct Bell {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    rung: bool,
    /// The number of the next future to be created.
    next: u64,
    /// The wakers of the futures that are waiting, by their numbers.
    wakers: BTreeMap<u64, Waker>,
}

impl Bell {
    /// Rings, once and for all.
    pub fn ring(&self) {
        let mut state = self.state.borrow_mut();
        state.rung = true;
        let wakers = mem::take(&mut state.wakers);
        drop(state); // because a waker may poll its future at once
        wakers.into_values().for_each(Waker::wake);
    }

    /// Waits until the bell has been rung.
    pub fn wait(&self) -> Wait {
        let mut state = self.state.borrow_mut();
        let number = state.next;
        state.next += 1;
        Wait { bell: self.clone(), number }
    }
}

/// Is ready when the bell has been rung.
pub struct Wait {
    bell: Bell,
    number: u64,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let mut state = self.bell.state.borrow_mut();
        if state.rung || state.wakers.contains_key(&self.number) {
            return Poll::Ready(());
        }
        let last = state.wakers.insert(self.number, context.waker().clone());
        drop(state); // because the last waker of a task drops the task
        drop(last);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let waker = self.bell.state.borrow_mut().wakers.remove(&self.number);
        drop(waker);
    }
}
