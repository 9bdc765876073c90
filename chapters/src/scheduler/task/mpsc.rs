//! Channels for tasks: see `tokio::sync::mpsc`.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::future::poll_fn;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Awaited, awaits};
use crate::scheduler::engine::{current, quietly};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId};

/// The error of [`Sender::send`]: the receiver has been dropped, and this is the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError { .. }")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver has been dropped")
    }
}

impl<T> std::error::Error for SendError<T> {}

struct Shared<T> {
    id: ObjectId,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// The messages, with their descriptions.
    messages: VecDeque<(T, String)>,
    bound: usize,
    senders: usize,
    is_closed: bool,
    receiving: Option<Waker>,
    sending: Vec<Waker>,
}

impl<T> Shared<T> {
    fn state(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates the state that the reader sees.
    fn show(&self) {
        let items: Vec<String> = self.state().messages.iter().map(|(_, shown)| shown.clone()).collect();
        let shown = format!("[{}]", items.join(", "));
        quietly(|world, task| {
            world.saw(task, (self.id, &shown));
            if let Object::Async { value, .. } = &mut world.objects[self.id].1 {
                *value = shown;
            }
        });
    }
}

/// A channel's sending end: see `tokio::sync::mpsc::Sender`.
pub struct Sender<T>(Arc<Shared<T>>);

/// A channel's receiving end: see `tokio::sync::mpsc::Receiver`.
pub struct Receiver<T>(Arc<Shared<T>>);

/// Creates a channel that has room for `bound` messages.
///
/// # Panics
///
/// When `bound` is 0.
#[track_caller]
pub fn channel<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
    assert!(bound > 0, "a channel needs room for one message");
    let sources = current().0.sources;
    let name = match place::pair(sources, Location::caller()) {
        Some((sender, receiver)) if ["sender", "tx"].contains(&sender.as_str()) => receiver,
        Some((sender, _)) => sender,
        None => place::name(sources, Location::caller(), "Channel"),
    };
    let object = Object::Async { kind: "Channel", value: "[]".to_owned(), held_by: vec![], why: String::new() };
    let id = quietly(|world, task| world.add(task, name, object));
    let messages = VecDeque::new();
    let state = State { messages, bound, senders: 1, is_closed: false, receiving: None, sending: vec![] };
    let shared = Arc::new(Shared { id, state: state.into() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T: Debug> Sender<T> {
    /// Waits until there is room, and sends a message.
    ///
    /// # Errors
    ///
    /// When the receiver has been dropped: the message is returned.
    pub async fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut message = Some(message);
        poll_fn(|context| self.poll_send(context, &mut message)).await
    }

    fn poll_send(&self, context: &mut Context<'_>, message: &mut Option<T>) -> Poll<Result<(), SendError<T>>> {
        let receiving = {
            let mut state = self.0.state();
            if !state.is_closed && state.messages.len() >= state.bound {
                state.sending.push(context.waker().clone());
                drop(state);
                awaits(Awaited::Room(self.0.id));
                return Poll::Pending;
            }
            let message = message.take().expect("a future isn't polled after it's done");
            if state.is_closed {
                return Poll::Ready(Err(SendError(message)));
            }
            let shown = format!("{message:?}");
            state.messages.push_back((message, shown));
            state.receiving.take()
        };
        self.0.show();
        if let Some(receiving) = receiving {
            receiving.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T> Receiver<T> {
    /// Waits until there is a message. The result is `None` when the channel is empty and all senders
    /// have been dropped.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let (message, sending) = {
            let mut state = self.0.state();
            match state.messages.pop_front() {
                Some((message, _)) => (message, std::mem::take(&mut state.sending)),
                None if state.senders == 0 => return Poll::Ready(None),
                None => {
                    state.receiving = Some(context.waker().clone());
                    drop(state);
                    awaits(Awaited::Message(self.0.id));
                    return Poll::Pending;
                }
            }
        };
        self.0.show();
        sending.into_iter().for_each(Waker::wake);
        Poll::Ready(Some(message))
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let receiving = {
            let mut state = self.0.state();
            state.senders -= 1;
            if state.senders == 0 { state.receiving.take() } else { None }
        };
        if let Some(receiving) = receiving {
            receiving.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let sending = {
            let mut state = self.0.state();
            state.is_closed = true;
            std::mem::take(&mut state.sending)
        };
        sending.into_iter().for_each(Waker::wake);
    }
}

impl<T> Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
