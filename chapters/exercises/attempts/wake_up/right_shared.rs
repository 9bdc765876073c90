//! Each future shares the place of its waker with the bell.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

/// A bell. Its clones are the same bell.
#[derive(Clone, Default)]
pub struct Bell {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    rung: bool,
    places: Vec<Weak<RefCell<Option<Waker>>>>,
}

impl Bell {
    /// Rings the bell, once and for all.
    pub fn ring(&self) {
        self.state.borrow_mut().rung = true;
        let places = std::mem::take(&mut self.state.borrow_mut().places);
        for place in places.iter().filter_map(Weak::upgrade) {
            let waker = place.borrow_mut().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Waits until the bell has been rung.
    pub fn wait(&self) -> Wait {
        let place = Rc::default();
        self.state.borrow_mut().places.push(Rc::downgrade(&place));
        Wait { bell: self.clone(), place }
    }
}

/// A future that is ready when the bell has been rung.
pub struct Wait {
    bell: Bell,
    place: Rc<RefCell<Option<Waker>>>,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        if self.bell.state.borrow().rung {
            return Poll::Ready(());
        }
        self.place.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}
