//! Cancellation safety of the coroutines' primitives and queues.
//!
//! A coroutine can be canceled at each `await`. [`explore`] runs small scenarios, in which a few actors share a
//! primitive, in all orders in which an event loop could run them. At each step, it also explores dropping each actor
//! that is waiting. So each method is dropped after its first poll, after its second, and so on, in combination with
//! everything that the other actors can do in between. [`storm`] cancels many tasks at random, on a pool of threads.
//!
//! In all cases, no lock, permit, item or notification may be lost, and no actor may wait forever.

mod explore;

mod barrier;
mod condition;
mod event;
mod limit;
mod queue;
mod storm;
