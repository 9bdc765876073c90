//! The primitives at work between coroutines.

use super::{Pile, Primitive, builders_and_carrier, cents, load, places};
use crate::coroutines::{Barrier, Condition, Event, Lock, RLock, Semaphore};
use crate::demos::workers::coroutines::{self as workers, Worker};
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

impl Stage {
    /// Sets up the stage for one scene.
    pub fn new(scene: Primitive, workers: usize) -> Self {
        match scene {
            Primitive::Lock => Self::Lock(Lock::guarding(0)),
            Primitive::RLock => Self::RLock(RLock::new()),
            Primitive::Condition => Self::Condition(Lock::guarding(Pile::default()), Condition::new()),
            Primitive::Event => Self::Event(Event::new()),
            Primitive::Semaphore => Self::Semaphore(Semaphore::new(places(workers))),
            Primitive::Barrier => Self::Barrier(Barrier::new(workers)),
        }
    }
}

impl workers::Stage for Stage {
    async fn play(&self, me: &Worker) {
        match self {
            Self::Lock(account) => lock(me, account).await,
            Self::RLock(printer) => rlock(me, printer).await,
            Self::Condition(pile, higher) => condition(me, pile, higher).await,
            Self::Event(start) => event(me, start).await,
            Self::Semaphore(kitchen) => semaphore(me, kitchen).await,
            Self::Barrier(rounds) => barrier(me, rounds).await,
        }
    }

    async fn abandon(&self) {
        match self {
            // A dead worker has released all of these.
            Self::Lock(_) | Self::RLock(_) | Self::Semaphore(_) => {}
            Self::Condition(pile, higher) => {
                pile.acquire().await.abandoned = 1;
                higher.notify_all();
            }
            Self::Event(start) => start.set(),
            Self::Barrier(rounds) => rounds.abort(),
        }
    }
}

/// Earns money, and pays it into the account, in two steps with time between them.
async fn lock(me: &Worker, account: &Lock<u64>) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for pair in jobs.chunks(2) {
        me.work_async(pair[0]).await;
        me.waits(Resource::Lock);
        let mut balance = account.acquire().await;
        me.acquires(Resource::Lock);
        let before = *balance;
        me.work_async(pair[1]).await;
        *balance = before + cents(pair[0]);
        me.releases(Resource::Lock);
        drop(balance);
    }
}

/// Prints a report of several pages without interruption, and then a single page.
async fn rlock(me: &Worker, printer: &RLock) {
    let pages: Vec<_> = me.share(&me.jobs).collect();
    let (alone, report) = pages.split_last().expect("each worker has pages");
    me.waits(Resource::RLock);
    let held = printer.acquire().await;
    me.acquires(Resource::RLock);
    for page in report {
        print(me, printer, page).await;
    }
    me.releases(Resource::RLock);
    drop(held);
    print(me, printer, alone).await;
}

/// Prints a page. It acquires the printer, even if this worker holds it already.
async fn print(me: &Worker, printer: &RLock, page: &Job) {
    me.waits(Resource::RLock);
    let held = printer.acquire().await;
    me.acquires(Resource::RLock);
    me.work_async(page).await;
    me.releases(Resource::RLock);
    drop(held);
}

/// Carries the pile away when it is high enough, or adds to it.
async fn condition(me: &Worker, pile: &Lock<Pile>, higher: &Condition) {
    let (builds, carries) = builders_and_carrier(&me.jobs);
    if me.is_first() {
        for job in carries {
            me.waits(Resource::Condition);
            let mut guard = higher.wait_for(pile.acquire().await, |pile| pile.is_worth_a_look(load(me.workers))).await;
            me.resumes(Resource::Condition);
            let taken = guard.take(load(me.workers));
            drop(guard);
            if taken.is_none() {
                break;
            }
            me.work_async(job).await;
        }
    } else {
        for job in me.share_of_others(builds) {
            me.work_async(job).await;
            pile.acquire().await.height += 1;
            me.signals(Resource::Condition);
            higher.notify(1);
        }
    }
}

/// Gives the start signal or waits for it, and runs.
async fn event(me: &Worker, start: &Event) {
    let (ready, run) = me.jobs.split_at(1);
    if me.is_first() {
        me.work_async(&ready[0]).await;
        me.signals(Resource::Event);
        start.set();
    } else {
        me.waits(Resource::Event);
        start.wait().await;
        me.resumes(Resource::Event);
    }
    for job in me.share(run) {
        me.work_async(job).await;
    }
}

/// Prepares a dish and cooks it in the kitchen, several times.
async fn semaphore(me: &Worker, kitchen: &Semaphore) {
    let jobs: Vec<_> = me.share(&me.jobs).collect();
    for dish in jobs.chunks(2) {
        me.work_async(dish[0]).await;
        me.waits(Resource::Semaphore);
        let permit = kitchen.acquire().await;
        me.acquires(Resource::Semaphore);
        me.work_async(dish[1]).await;
        me.releases(Resource::Semaphore);
        drop(permit);
    }
}

/// Works a round and waits for the others, several times, unless one of them has died.
async fn barrier(me: &Worker, rounds: &Barrier) {
    for job in me.share(&me.jobs) {
        me.work_async(job).await;
        me.waits(Resource::Barrier);
        let place = rounds.wait().await;
        if place == Ok(rounds.parties() - 1) {
            me.signals(Resource::Barrier);
        }
        me.resumes(Resource::Barrier);
        if place.is_err() {
            break;
        }
    }
}
