//! The service past one machine: the same queue, workers, and records, around a replicated broker.
//!
//! The queue is a stream of [NATS JetStream](https://docs.nats.io/nats-concepts/jetstream), which several brokers can
//! replicate with Raft. Workers are processes on any number of machines. They share no memory, no clock, and no lock
//! with the service, and each of them, each broker, and the network between them can fail alone.
//!
//! # Try it
//!
//! The program needs `nats-server`, which Debian has as a package. It starts its own brokers and removes them at the end:
//!
//! ```console
//! $ cargo run -p machines --bin chapter-machines -- --jobs=8 --seed=1 --until-done --kill=worker
//! $ cargo run -p machines --bin chapter-machines -- --jobs=40 --seed=3 --scale=0.25 --brokers=3 --time=60 --until-done --kill=leader --kill=network
//! $ cargo run -p machines --bin chapter-machines -- --jobs=6 --scale=0 --workers=2 --poison=2 --attempts=2 --until-done
//! ```
//!
//! The last run loses the job that kills its workers, and reports its number. With brokers of your own, started with
//! `nats-server -js`, the service and its workers can run on different machines. Start these two in any order:
//!
//! ```console
//! $ cargo run -p machines --bin chapter-machines -- --role=submit --servers=nats://HOST:4222 --jobs=20 --until-done --time=60
//! $ cargo run -p machines --bin chapter-machines -- --role=work --servers=nats://HOST:4222 --workers=4 --time=60
//! ```
//!
//! # What differs from one machine
//!
//! | on one machine | here |
//! | --- | --- |
//! | a job is on the queue when `put` returns | when the broker has confirmed it; a repeated job is recognized by its ID |
//! | a job that was taken is gone | the broker keeps it until its worker acknowledges it |
//! | a job dies with its worker | the broker delivers it again, to another worker |
//! | the running flag is a word in memory | a lease: a worker stops when the service says so, or after ten seconds without an answer |
//! | all records are on one clock | each worker estimates the clock of the service |
//!
//! # Nothing lost, nothing done twice unnoticed
//!
//! Delivery is *at least once*: a job is delivered again if its acknowledgment doesn't arrive in time, whether the worker
//! died, was cut off, or only lost the acknowledgment. So a job can be run twice. The [ledger] counts the first result of
//! each job number and ignores the others, so `jobs = completed + left + lost` holds always. A worker acknowledges a job
//! only after the broker has stored the record of its result. A job that has been delivered `--attempts` times goes to a
//! dead-letter stream, and is reported as lost.
//!
//! # The order of records
//!
//! Clocks of different machines differ. When a worker joins, it measures the round trip of a request and takes half of it
//! for the age of the answer, which contains the time of the service (Cristian's algorithm). So its times are off by at
//! most half of that round trip, plus the drift of its clock since then. Records of the same worker are in the order in
//! which it made them. Records of different workers are ordered by these estimated times: a difference that is shorter
//! than the round trips says nothing about which came first. Records that arrive late, because their worker was cut off,
//! keep their times.
//!
//! # Layout
//!
//! - [service]: the queue, and the workers that take jobs from it
//! - [queue]: deliveries and their acknowledgment; [report]: the records of a worker, on their way to the service
//! - [member]: how a worker joins and learns that the service stops
//! - [ledger]: the state of each job; [coordinator]: the service's end of all that
//! - [broker]: the connection; [keeper]: the brokers that the demo starts itself; [health]: whether brokers still work
//! - [fault]: kills at random moments; [proxy]: a network that can be cut
//! - [demo]: the program `chapter-machines`

pub mod broker;
pub mod coordinator;
pub mod demo;
pub mod fault;
pub mod health;
pub mod keeper;
pub mod ledger;
pub mod member;
pub mod proxy;
pub mod queue;
pub mod report;
pub mod service;
