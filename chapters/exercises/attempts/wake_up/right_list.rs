//! The bell has a list with a place for each future.

use std::cell::RefCell;
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
    /// A place for each future.
    wakers: Vec<Option<Waker>>,
}

impl Bell {
    /// Rings, once and for all.
    pub fn ring(&self) {
        let mut state = self.state.borrow_mut();
        state.rung = true;
        let wakers = mem::take(&mut state.wakers);
        drop(state); // because a waker may poll its future at once
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Waits until the bell has been rung.
    pub fn wait(&self) -> Wait {
        let mut state = self.state.borrow_mut();
        let number = state.wakers.len();
        state.wakers.push(None);
        Wait { bell: self.clone(), number }
    }
}

/// Is ready when the bell has been rung.
pub struct Wait {
    bell: Bell,
    number: usize,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let mut state = self.bell.state.borrow_mut();
        if state.rung {
            return Poll::Ready(());
        }
        let last = state.wakers[self.number].replace(context.waker().clone());
        drop(state); // because the last waker of a task drops the task
        drop(last);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let waker = self.bell.state.borrow_mut().wakers.get_mut(self.number).and_then(Option::take);
        drop(waker);
    }
}
