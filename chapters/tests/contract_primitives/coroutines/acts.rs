//! How coroutines execute commands: like `threads/acts.rs`, with `await`.

use std::panic;
use std::sync::Arc;

use chapters::coroutines::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, LockGuard, Permit, PriorityQueue, Queue, RLock,
    Semaphore,
};
use chapters::storage::Storage;
use tokio::task;

use super::Talk;
use crate::stage::millis;
use crate::words::{Action, Answer, Do, Subject, misdirected};

/// The subject.
pub enum Shared {
    Lock(Lock<u64>, Condition),
    RLock(RLock),
    Event(Event),
    Semaphore(Semaphore),
    BoundedSemaphore(BoundedSemaphore),
    Barrier(Barrier, Arc<Semaphore>),
    Queue(Queue<u64>),
    Lifo(LifoQueue<u64>),
    Priority(PriorityQueue<u64>),
}

impl Shared {
    pub fn new(subject: Subject) -> Self {
        match subject {
            Subject::Lock => Self::Lock(Lock::guarding(0), Condition::new()),
            Subject::RLock => Self::RLock(RLock::new()),
            Subject::Event => Self::Event(Event::new()),
            Subject::Semaphore { permits } => Self::Semaphore(Semaphore::new(permits)),
            Subject::BoundedSemaphore { permits } => Self::BoundedSemaphore(BoundedSemaphore::new(permits)),
            Subject::Barrier { parties, action } => {
                let count = Arc::new(Semaphore::new(0));
                let counted = Arc::clone(&count);
                let run = move || {
                    counted.release(1);
                    if action == Action::Panics {
                        panic::resume_unwind(Box::new("as commanded"));
                    }
                };
                Self::Barrier(Barrier::with_action(parties, run), count)
            }
            Subject::Queue { maxsize } => Self::Queue(Queue::new(maxsize)),
            Subject::Lifo { maxsize } => Self::Lifo(LifoQueue::new(maxsize)),
            Subject::Priority { maxsize } => Self::Priority(PriorityQueue::new(maxsize)),
            Subject::Simple => panic!("coroutines have no simple queue"),
        }
    }
}

pub async fn act(shared: &Shared, talk: &mut Talk) {
    match shared {
        Shared::Lock(it, condition) => lock(it, condition, talk).await,
        Shared::RLock(it) => rlock(it, talk).await,
        Shared::Event(it) => event(it, talk).await,
        Shared::Semaphore(it) => semaphore(it, talk).await,
        Shared::BoundedSemaphore(it) => bounded_semaphore(it, talk).await,
        Shared::Barrier(it, actions) => barrier(it, actions, talk).await,
        Shared::Queue(it) => queue(it, talk).await,
        Shared::Lifo(it) => queue(it, talk).await,
        Shared::Priority(it) => queue(it, talk).await,
    }
}

fn die() -> ! {
    panic::resume_unwind(Box::new("as commanded"))
}

type Held<'a> = Option<LockGuard<'a, u64>>;

async fn lock(lock: &Lock<u64>, condition: &Condition, talk: &mut Talk) {
    let mut held = None;
    while let Some(command) = talk.listen().await {
        let answer;
        (held, answer) = match held {
            None => without_guard(command, lock, condition).await,
            Some(guard) => with_guard(command, guard, lock, condition).await,
        };
        talk.answer(answer);
    }
}

async fn without_guard<'a>(command: Do, lock: &'a Lock<u64>, condition: &Condition) -> (Held<'a>, Answer) {
    match command {
        Do::Acquire => taken(Some(lock.acquire().await)),
        Do::TryAcquire => taken(lock.try_acquire()),
        Do::AcquireTimeout(timeout) => taken(lock.acquire_timeout(millis(timeout)).await),
        Do::Count(times) => {
            for _ in 0..times {
                let mut guard = lock.acquire().await;
                let number = *guard;
                task::yield_now().await;
                *guard = number + 1;
            }
            (None, Answer::Done)
        }
        _ => (None, either_way(command, lock, condition)),
    }
}

fn taken(held: Held) -> (Held, Answer) {
    let answer = match &held {
        Some(guard) if guard.is_abandoned() => Answer::AcquiredAbandoned,
        Some(_) => Answer::Acquired,
        None => Answer::Refused,
    };
    (held, answer)
}

async fn with_guard<'a>(
    command: Do,
    mut guard: LockGuard<'a, u64>,
    lock: &'a Lock<u64>,
    condition: &Condition,
) -> (Held<'a>, Answer) {
    let mut answer = Answer::Done;
    match command {
        Do::Release => return (None, answer),
        Do::Die => die(),
        Do::Read => answer = Answer::Number(*guard),
        Do::Write(number) => *guard = number,
        Do::Wait => guard = condition.wait(guard).await,
        Do::NotifyAndWait => {
            condition.notify(1);
            guard = condition.wait(guard).await;
        }
        Do::WaitTimeout(timeout) => {
            let notified;
            (guard, notified) = condition.wait_timeout(guard, millis(timeout)).await;
            answer = Answer::Is(notified);
        }
        Do::WaitFor(least) => guard = condition.wait_for(guard, |number| *number >= least).await,
        Do::WaitForTimeout(least, timeout) => {
            let holds;
            (guard, holds) = condition.wait_for_timeout(guard, millis(timeout), |number| *number >= least).await;
            answer = Answer::Is(holds);
        }
        _ => answer = either_way(command, lock, condition),
    }
    (Some(guard), answer)
}

fn either_way(command: Do, lock: &Lock<u64>, condition: &Condition) -> Answer {
    match command {
        Do::IsLocked => return Answer::Is(lock.is_locked()),
        Do::TryAcquire if lock.try_acquire().is_none() => return Answer::Refused,
        Do::Notify(n) => condition.notify(n),
        Do::NotifyAll => condition.notify_all(),
        _ => misdirected(command),
    }
    Answer::Done
}

async fn rlock(rlock: &RLock, talk: &mut Talk) {
    let mut held = Vec::new();
    while let Some(command) = talk.listen().await {
        let guard = match command {
            Do::Acquire => Some(rlock.acquire().await),
            Do::TryAcquire => rlock.try_acquire(),
            Do::AcquireTimeout(timeout) => rlock.acquire_timeout(millis(timeout)).await,
            _ => {
                talk.answer(match command {
                    Do::Release => held.pop().map_or(Answer::Refused, |_| Answer::Done),
                    Do::IsLocked => Answer::Is(rlock.is_locked()),
                    Do::Die => die(),
                    _ => misdirected(command),
                });
                continue;
            }
        };
        talk.answer(if guard.is_some() { Answer::Acquired } else { Answer::Refused });
        held.extend(guard);
    }
}

async fn event(event: &Event, talk: &mut Talk) {
    while let Some(command) = talk.listen().await {
        let mut answer = Answer::Done;
        match command {
            Do::Set => event.set(),
            Do::Clear => event.clear(),
            Do::SetAndClear => {
                event.set();
                event.clear();
            }
            Do::IsSet => answer = Answer::Is(event.is_set()),
            Do::Wait => event.wait().await,
            Do::WaitTimeout(timeout) => answer = Answer::Is(event.wait_timeout(millis(timeout)).await),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}

/// The commands of the two types of semaphores, which differ in what `release` returns.
macro_rules! semaphores {
    ($($act:ident: $type:ty, $release:ident;)+) => {$(
        async fn $act(semaphore: &$type, talk: &mut Talk) {
            let mut permits = Vec::new();
            while let Some(command) = talk.listen().await {
                let mut answer = Answer::Done;
                match command {
                    Do::Acquire => answer = keep(&mut permits, Some(semaphore.acquire().await)),
                    Do::TryAcquire => answer = keep(&mut permits, semaphore.try_acquire()),
                    Do::AcquireTimeout(timeout) => {
                        answer = keep(&mut permits, semaphore.acquire_timeout(millis(timeout)).await);
                    }
                    Do::Release => drop(permits.pop()),
                    Do::Forget => permits.pop().map_or((), Permit::forget),
                    Do::ReleaseMany(n) => answer = $release(semaphore, n),
                    Do::Available => answer = Answer::from(semaphore.available()),
                    Do::Die => die(),
                    _ => misdirected(command),
                }
                talk.answer(answer);
            }
        }
    )+};
}
semaphores! {
    semaphore: Semaphore, release;
    bounded_semaphore: BoundedSemaphore, release_bounded;
}

fn release(semaphore: &Semaphore, n: usize) -> Answer {
    semaphore.release(n);
    Answer::Done
}

fn release_bounded(semaphore: &BoundedSemaphore, n: usize) -> Answer {
    semaphore.release(n).into()
}

/// Keeps a permit if the actor got one.
fn keep<'a>(permits: &mut Vec<Permit<'a>>, permit: Option<Permit<'a>>) -> Answer {
    let answer = if permit.is_some() { Answer::Acquired } else { Answer::Refused };
    permits.extend(permit);
    answer
}

async fn barrier(barrier: &Barrier, actions: &Semaphore, talk: &mut Talk) {
    let passed = |index| Answer::Passed { index, actions: actions.available() as u64 };
    while let Some(command) = talk.listen().await {
        let mut answer = Answer::Done;
        match command {
            Do::Wait => answer = barrier.wait().await.map(passed).into(),
            Do::WaitTimeout(timeout) => answer = barrier.wait_timeout(millis(timeout)).await.map(passed).into(),
            Do::Abort => barrier.abort(),
            Do::Reset => barrier.reset(),
            Do::IsBroken => answer = Answer::Is(barrier.is_broken()),
            Do::Waiting => answer = Answer::from(barrier.n_waiting()),
            Do::Parties => answer = Answer::from(barrier.parties()),
            Do::Actions => answer = Answer::from(actions.available()),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}

async fn queue<S: Storage<u64> + Send>(queue: &Queue<u64, S>, talk: &mut Talk) {
    while let Some(command) = talk.listen().await {
        let mut answer = Answer::Done;
        match command {
            Do::Put(item) => answer = queue.put(item).await.into(),
            Do::TryPut(item) => answer = queue.try_put(item).into(),
            Do::PutTimeout(item, timeout) => answer = queue.put_timeout(item, millis(timeout)).await.into(),
            Do::Get => answer = queue.get().await.into(),
            Do::TryGet => answer = queue.try_get().into(),
            Do::GetTimeout(timeout) => answer = queue.get_timeout(millis(timeout)).await.into(),
            Do::Len => answer = queue.len().into(),
            Do::IsEmpty => answer = queue.is_empty().into(),
            Do::IsFull => answer = queue.is_full().into(),
            Do::Maxsize => answer = queue.maxsize().into(),
            Do::UnfinishedTasks => answer = queue.unfinished_tasks().into(),
            Do::IsShutdown => answer = queue.is_shutdown().into(),
            Do::TaskDone => answer = queue.task_done().into(),
            Do::Join => queue.join().await,
            Do::Shutdown { immediate } => queue.shutdown(immediate),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}
