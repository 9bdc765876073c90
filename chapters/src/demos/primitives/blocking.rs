//! The scenes of the primitives, for workers that block: threads and processes. The file is compiled once for each of the
//! two models, with its types.

use super::super::{Pile, builders_and_carrier, cents, load};
use super::{Barrier, Condition, Event, Lock, RLock, Semaphore, Worker, workers};
use crate::job::Job;
use crate::record::Resource;

/// The state that the workers of a scene share.
pub enum Stage {
    /// The balance, in cents.
    Lock(Lock<u64>),
    /// The lock of the printer.
    RLock(RLock),
    /// The pile, and the condition that it may be high enough.
    Condition(Lock<Pile>, Condition),
    /// The start signal.
    Event(Event),
    /// The places in the kitchen.
    Semaphore(Semaphore),
    /// The point where all workers meet after each round.
    Barrier(Barrier),
}

impl workers::Stage for Stage {
    fn play(&self, me: &Worker) {
        match self {
            Self::Lock(account) => lock(me, account),
            Self::RLock(printer) => rlock(me, printer),
            Self::Condition(pile, higher) => condition(me, pile, higher),
            Self::Event(start) => event(me, start),
            Self::Semaphore(kitchen) => semaphore(me, kitchen),
            Self::Barrier(rounds) => barrier(me, rounds),
        }
    }

    fn abandon(&self) {
        match self {
            // A dead worker has released all of these.
            Self::Lock(_) | Self::RLock(_) | Self::Semaphore(_) => {}
            Self::Condition(pile, higher) => {
                pile.acquire().abandoned = 1;
                higher.notify_all();
            }
            Self::Event(start) => start.set(),
            Self::Barrier(rounds) => rounds.abort(),
        }
    }
}

/// Earns money, and pays it into the account, in two steps with time between them.
fn lock(me: &Worker, account: &Lock<u64>) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for pair in jobs.chunks(2) {
        me.work(pair[0]);
        me.waits(Resource::Lock);
        let mut balance = account.acquire();
        me.acquires(Resource::Lock);
        let before = *balance;
        me.work(pair[1]);
        *balance = before + cents(pair[0]);
        me.releases(Resource::Lock);
        drop(balance);
    }
}

/// Prints a report of several pages without interruption, and then a single page.
fn rlock(me: &Worker, printer: &RLock) {
    let pages: Vec<_> = me.share(&me.jobs).collect();
    let (alone, report) = pages.split_last().expect("each worker has pages");
    me.waits(Resource::RLock);
    let held = printer.acquire();
    me.acquires(Resource::RLock);
    for page in report {
        print(me, printer, page);
    }
    me.releases(Resource::RLock);
    drop(held);
    print(me, printer, alone);
}

/// Prints a page. It acquires the printer, even if this worker holds it already.
fn print(me: &Worker, printer: &RLock, page: &Job) {
    me.waits(Resource::RLock);
    let held = printer.acquire();
    me.acquires(Resource::RLock);
    me.work(page);
    me.releases(Resource::RLock);
    drop(held);
}

/// Carries the pile away when it is high enough, or adds to it.
fn condition(me: &Worker, pile: &Lock<Pile>, higher: &Condition) {
    let (builds, carries) = builders_and_carrier(&me.jobs);
    if me.is_first() {
        for job in carries {
            me.waits(Resource::Condition);
            let mut guard = higher.wait_for(pile.acquire(), |pile| pile.is_worth_a_look(load(me.workers)));
            me.resumes(Resource::Condition);
            let taken = guard.take(load(me.workers));
            drop(guard);
            if taken.is_none() {
                break;
            }
            me.work(job);
        }
    } else {
        for job in me.share_of_others(builds) {
            me.work(job);
            pile.acquire().height += 1;
            me.signals(Resource::Condition);
            higher.notify(1);
        }
    }
}

/// Gives the start signal or waits for it, and runs.
fn event(me: &Worker, start: &Event) {
    let (ready, run) = me.jobs.split_at(1);
    if me.is_first() {
        me.work(&ready[0]);
        me.signals(Resource::Event);
        start.set();
    } else {
        me.waits(Resource::Event);
        start.wait();
        me.resumes(Resource::Event);
    }
    for job in me.share(run) {
        me.work(job);
    }
}

/// Prepares a dish and cooks it in the kitchen, several times.
fn semaphore(me: &Worker, kitchen: &Semaphore) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for dish in jobs.chunks(2) {
        me.work(dish[0]);
        me.waits(Resource::Semaphore);
        let permit = kitchen.acquire();
        me.acquires(Resource::Semaphore);
        me.work(dish[1]);
        me.releases(Resource::Semaphore);
        drop(permit);
    }
}

/// Works a round and waits for the others, several times, unless one of them has died.
fn barrier(me: &Worker, rounds: &Barrier) {
    for job in me.share(&me.jobs) {
        me.work(job);
        me.waits(Resource::Barrier);
        let place = rounds.wait();
        if place == Ok(rounds.parties() - 1) {
            me.signals(Resource::Barrier);
        }
        me.resumes(Resource::Barrier);
        if place.is_err() {
            break;
        }
    }
}
