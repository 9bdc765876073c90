//! A bell for coroutines: ringing it should wake the waiting tasks. On an executor, they wait forever.
//!
//! Make `ring` wake all waiting tasks. A future may move to another task while it waits, and it may be dropped. The bell
//! never keeps more wakers than there are waiting futures. A waker may do anything with the bell and with its futures.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A bell. Its clones are the same bell.
#[derive(Clone, Default)]
pub struct Bell {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    rung: bool,
}

impl Bell {
    /// Rings the bell, once and for all.
    pub fn ring(&self) {
        self.state.borrow_mut().rung = true;
    }

    /// Waits until the bell has been rung.
    pub fn wait(&self) -> Wait {
        Wait { bell: self.clone() }
    }
}

/// A future that is ready when the bell has been rung.
pub struct Wait {
    bell: Bell,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context) -> Poll<()> {
        let state = self.bell.state.borrow();
        if state.rung { Poll::Ready(()) } else { Poll::Pending }
    }
}
