//! Channels: see [`std::sync::mpsc`].
//!
//! [`channel`] is unbounded, and [`sync_channel`] has room for a number of messages: if that is 0, `send` waits for a
//! receiver (a *rendezvous*). Dropping a sender or the receiver is a step, because others may be waiting for it.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::iter;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op, ThreadId, World};

/// The messages, beside their descriptions in the state of the program.
struct Shared<T> {
    id: ObjectId,
    messages: Mutex<VecDeque<T>>,
}

impl<T> Shared<T> {
    fn push(&self, message: T) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
    }

    fn pop(&self) -> Option<T> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// A channel's sending end: see [`std::sync::mpsc::Sender`].
pub struct Sender<T>(Arc<Shared<T>>);

/// The sending end of a bounded channel: see [`std::sync::mpsc::SyncSender`].
pub struct SyncSender<T>(Arc<Shared<T>>);

/// A channel's receiving end: see [`std::sync::mpsc::Receiver`].
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

/// Creates a channel that is never full.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (shared, receiver) = create(None, Location::caller());
    (Sender(shared), receiver)
}

/// Creates a channel that has room for `bound` messages.
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (shared, receiver) = create(Some(bound), Location::caller());
    (SyncSender(shared), receiver)
}

fn create<T>(bound: Option<usize>, at: &Location<'_>) -> (Arc<Shared<T>>, Receiver<T>) {
    let sources = current().0.sources;
    let name = match place::pair(sources, at) {
        Some((sender, _)) if !["sender", "tx"].contains(&sender.as_str()) => sender,
        Some(_) => "channel".to_owned(),
        None => place::name(sources, at, "Channel"),
    };
    let object = Object::Channel { items: vec![], senders: 1, receivers: 1, bound };
    let id = quietly(|world, thread| world.add(thread, name, object));
    let shared = Arc::new(Shared { id, messages: Mutex::default() });
    (Arc::clone(&shared), Receiver { shared, not_sync: std::marker::PhantomData })
}

/// Adds a message's description to the channel, if there is a receiver.
fn put(world: &mut World, thread: ThreadId, id: ObjectId, shown: String) -> bool {
    let view = world.view(thread);
    let Object::Channel { items, receivers, .. } = &mut world.objects[id].1 else { return false };
    let is_open = *receivers > 0;
    if is_open {
        items.push((shown, view));
    } else {
        world.observed(thread, "fails: there is no receiver");
    }
    world.saw(thread, is_open);
    is_open
}

/// Removes the oldest message's description from the channel, and says whether there was one.
fn take(world: &mut World, thread: ThreadId, id: ObjectId) -> bool {
    let Object::Channel { items, .. } = &mut world.objects[id].1 else { return false };
    let item = (!items.is_empty()).then(|| items.remove(0));
    match &item {
        Some((shown, view)) => {
            world.acquire(thread, view);
            world.observed(thread, format!("receives {shown}"));
        }
        None => world.observed(thread, "fails: there is no message"),
    }
    world.saw(thread, item.as_ref().map(|(shown, _)| shown));
    item.is_some()
}

#[track_caller]
fn send<T: Debug>(shared: &Shared<T>, message: T) -> Result<(), SendError<T>> {
    let id = shared.id;
    let shown = format!("{message:?}");
    let sent = step(Op::Send(id), shown.clone(), |world, thread, _| put(world, thread, id, shown));
    if sent.unwrap_or(false) {
        shared.push(message);
        Ok(())
    } else {
        Err(SendError(message))
    }
}

impl<T: Debug> Sender<T> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the receiver has been dropped: the message is returned.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        send(&self.0, message)
    }
}

impl<T: Debug> SyncSender<T> {
    /// Blocks until there is room, and sends a message.
    ///
    /// # Errors
    ///
    /// When the receiver has been dropped: the message is returned.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        send(&self.0, message)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// When the channel is full, or the receiver has been dropped: the message is returned.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let id = self.0.id;
        let shown = format!("{message:?}");
        let sent = step(Op::TrySend(id), shown.clone(), |world, thread, _| {
            let is_receiving = world.is_receiving(id);
            let Object::Channel { items, receivers, bound, .. } = &world.objects[id].1 else { return None };
            let has_room = match bound {
                None => true,
                Some(0) => items.is_empty() && is_receiving,
                Some(bound) => items.len() < *bound,
            };
            if *receivers > 0 && !has_room {
                world.observed(thread, "fails: there is no room");
                world.saw(thread, "full");
                return Some(false);
            }
            put(world, thread, id, shown).then_some(true)
        });
        match sent {
            Some(Some(true)) => {
                self.0.push(message);
                Ok(())
            }
            Some(Some(false)) => Err(TrySendError::Full(message)),
            _ => Err(TrySendError::Disconnected(message)),
        }
    }
}

impl<T> Receiver<T> {
    /// Blocks until there is a message, and returns it.
    ///
    /// # Errors
    ///
    /// When the channel is empty and all senders have been dropped.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive(false).map_err(|_| RecvError)
    }

    /// Blocks until there is a message, or the timeout expires.
    ///
    /// # Errors
    ///
    /// When the timeout expired, or the channel is empty and all senders have been dropped.
    #[track_caller]
    pub fn recv_timeout(&self, _timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.receive(true)
    }

    #[track_caller]
    fn receive(&self, timed: bool) -> Result<T, RecvTimeoutError> {
        let id = self.shared.id;
        let received = step(Op::Receive { channel: id, timed }, String::new(), |world, thread, _| {
            let Object::Channel { items, senders, .. } = &world.objects[id].1 else { return Err(false) };
            if items.is_empty() && *senders > 0 {
                world.timed_out(thread);
                return Err(true);
            }
            if take(world, thread, id) { Ok(()) } else { Err(false) }
        });
        match received {
            Some(Ok(())) => self.shared.pop().ok_or(RecvTimeoutError::Disconnected),
            Some(Err(true)) => Err(RecvTimeoutError::Timeout),
            _ => Err(RecvTimeoutError::Disconnected),
        }
    }

    /// Returns a message if there is one.
    ///
    /// # Errors
    ///
    /// When the channel is empty.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let id = self.shared.id;
        let received = step(Op::TryReceive(id), String::new(), |world, thread, _| {
            let Object::Channel { senders, .. } = &world.objects[id].1 else { return Err(TryRecvError::Disconnected) };
            let is_open = *senders > 0;
            world.saw(thread, is_open);
            match take(world, thread, id) {
                true => Ok(()),
                false if is_open => Err(TryRecvError::Empty),
                false => Err(TryRecvError::Disconnected),
            }
        });
        received.unwrap_or(Err(TryRecvError::Disconnected))?;
        self.shared.pop().ok_or(TryRecvError::Disconnected)
    }

    /// Iterates over the messages, and blocks for each, until all senders have been dropped.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        Iter(self)
    }

    /// Iterates over the messages that there are, without blocking.
    pub fn try_iter(&self) -> impl Iterator<Item = T> {
        iter::from_fn(|| self.try_recv().ok())
    }
}

struct Iter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

/// Iterates over the messages of a channel: see [`std::sync::mpsc::IntoIter`].
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

fn clone_sender<T>(shared: &Arc<Shared<T>>) -> Arc<Shared<T>> {
    let id = shared.id;
    quietly(|world, _| {
        if let Object::Channel { senders, .. } = &mut world.objects[id].1 {
            *senders += 1;
        }
    });
    Arc::clone(shared)
}

#[track_caller]
fn drop_sender<T>(shared: &Shared<T>) {
    let id = shared.id;
    step(Op::DropSender(id), String::new(), |world, _, _| {
        if let Object::Channel { senders, .. } = &mut world.objects[id].1 {
            *senders -= 1;
        }
    });
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(clone_sender(&self.0))
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        Self(clone_sender(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        drop_sender(&self.0);
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        drop_sender(&self.0);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let id = self.shared.id;
        step(Op::DropReceiver(id), String::new(), |world, _, _| {
            if let Object::Channel { receivers, .. } = &mut world.objects[id].1 {
                *receivers = 0;
            }
        });
        while self.shared.pop().is_some() {}
    }
}

impl<T> Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}

impl<T> Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
