//! Whoever has to wait leaves a waker behind, and who rings uses them all.

use std::cell::RefCell;
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
    wakers: Vec<Waker>,
}

impl Bell {
    // ANCHOR: solution
    /// Rings, once and for all.
    pub fn ring(&self) {
        let mut state = self.state.borrow_mut();
        state.rung = true;
        state.wakers.drain(..).for_each(Waker::wake);
    }
    // ANCHOR_END: solution

    /// Waits until the bell has been rung.
    pub fn wait(&self) -> Wait {
        Wait { bell: self.clone() }
    }
}

/// Is ready when the bell has been rung.
pub struct Wait {
    bell: Bell,
}

impl Future for Wait {
    type Output = ();

    // ANCHOR: poll
    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let mut state = self.bell.state.borrow_mut();
        if state.rung {
            return Poll::Ready(());
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }
    // ANCHOR_END: poll
}
