//! The lock with a step left out.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::gil::Gil;

/// Which step is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// None: this is the lock itself.
    Nothing,
    /// None, but the steps are those that are spelled out here.
    NothingSpelledOut,
    /// Whoever lets go wakes nobody.
    Signal,
    /// Whoever wakes takes the lock without a look at whether it is free.
    SecondLook,
    /// Whoever waits never asks.
    Request,
    /// Whoever takes the lock leaves the request there that it had made.
    Clearing,
    /// Whoever was asked to let go goes on at once, as before Python 3.2.
    ForcedSwitch,
    /// Whoever was asked to let go clears the request first, and so does not know any more that it was asked.
    KeepingTheRequest,
    /// Whoever takes the lock does not tell the releaser that waits for it.
    SwitchSignal,
}

/// A thread that does the steps of [`Gil::take`] and [`Gil::release`], except for one.
pub struct Thread<'a> {
    pub gil: &'a Gil,
    pub me: u64,
    pub left_out: LeftOut,
}

impl Thread<'_> {
    pub fn take(&self) {
        if self.left_out == LeftOut::Nothing {
            return self.gil.take(self.me);
        }
        let mut state = self.gil.state.lock().unwrap();
        while state.locked {
            let switches = state.switches;
            let wait = self.gil.released.wait_timeout(state, Duration::ZERO);
            let (woken, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && self.left_out != LeftOut::Request {
                self.gil.request_drop(&state, switches);
            }
            if self.left_out == LeftOut::SecondLook {
                break;
            }
        }
        if self.left_out == LeftOut::SwitchSignal {
            *self.gil.last_holder.lock().unwrap() = self.me;
            state.locked = true;
            state.switches += 1;
        } else {
            self.gil.hold(&mut state, self.me);
        }
        if self.left_out != LeftOut::Clearing {
            self.gil.drop_request.store(false, Relaxed);
        }
    }

    pub fn release(&self) {
        if self.left_out == LeftOut::Nothing {
            return self.gil.release(self.me);
        }
        if self.left_out == LeftOut::KeepingTheRequest {
            self.gil.drop_request.store(false, Relaxed);
        }
        let mut state = self.gil.state.lock().unwrap();
        state.locked = false;
        if self.left_out != LeftOut::Signal {
            self.gil.released.notify_one();
        }
        drop(state);
        if self.gil.drop_request.load(Relaxed) && self.left_out != LeftOut::ForcedSwitch {
            self.gil.force_switch(self.me);
        }
    }
}
