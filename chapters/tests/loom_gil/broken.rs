//! Mutants: the lock with one step left out.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::gil::Gil;

/// The step that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// None.
    Nothing,
    /// The releasing thread doesn't wake a waiter.
    Signal,
    /// A thread that wakes up takes the lock without checking whether it is free.
    Recheck,
    /// A waiter never sends a drop request.
    Request,
    /// A thread that takes the lock doesn't clear the request that it sent.
    Clearing,
    /// A thread that drops the lock on request doesn't wait for a switch, as before Python 3.2.
    ForcedSwitch,
    /// A thread that drops the lock on request clears the request first, and then doesn't wait for a switch.
    KeepingTheRequest,
    /// A thread that takes the lock doesn't notify the releasing thread, which waits for the switch.
    SwitchSignal,
}

/// A thread that executes the steps of [`Gil::take`] and [`Gil::release`], except for one.
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
            if self.left_out == LeftOut::Recheck {
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
