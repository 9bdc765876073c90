//! Cancellation: what the coroutines' primitives and queues promise when a coroutine that waits is dropped.
//!
//! A coroutine can be cancelled wherever it awaits. [`explore`] tries that: it plays a small scenario of coroutines that
//! want the same thing in *every* order in which an event loop could run them, and at every step it also tries to drop
//! each of those that wait. So each method is dropped after its k-th poll, for all k, whatever the others did between the
//! polls. [`storm`] does it at random, with many tasks on a pool of threads.
//!
//! Whatever was cancelled: nothing is lost, and nobody is stuck.

mod explore;

mod barrier;
mod condition;
mod event;
mod lock;
mod queue;
mod rlock;
mod semaphore;
mod storm;
