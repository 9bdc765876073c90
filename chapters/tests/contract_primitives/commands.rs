//! How actors execute commands on the subjects whose methods all models share. Compiled once for each model, with its types.
//!
//! The methods of coroutines are awaited, and those of threads and processes block. So the module that includes this one
//! defines the macro `finish`, which awaits a call or only makes it. A thread and a process run these functions with an
//! executor, which never has to wait.

use super::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, Permit, RLock, Semaphore, Talk, die, reacquired,
};
use crate::stage::millis;
use crate::words::{Answer, Do, misdirected};

type Held<'a> = Option<LockGuard<'a, u64>>;

pub async fn lock(lock: &Lock<u64>, condition: &Condition, talk: &mut Talk) {
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
        Do::Acquire => taken(Some(finish!(lock.acquire()))),
        Do::TryAcquire => taken(lock.try_acquire()),
        Do::AcquireTimeout(timeout) => taken(finish!(lock.acquire_timeout(millis(timeout)))),
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
        Do::IsAbandoned => answer = Answer::Is(guard.is_abandoned()),
        Do::Read => answer = Answer::Number(*guard),
        Do::Write(number) => *guard = number,
        Do::Wait => guard = finish!(condition.wait(guard)),
        Do::NotifyAndWait => {
            condition.notify(1);
            guard = finish!(condition.wait(guard));
        }
        Do::WaitTimeout(timeout) => {
            let notified;
            (guard, notified) = finish!(condition.wait_timeout(guard, millis(timeout)));
            answer = Answer::Is(notified);
        }
        Do::WaitFor(least) => guard = finish!(condition.wait_for(guard, |number| *number >= least)),
        Do::WaitForTimeout(least, timeout) => {
            let holds;
            (guard, holds) = finish!(condition.wait_for_timeout(guard, millis(timeout), |number| *number >= least));
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

pub async fn rlock(rlock: &RLock, talk: &mut Talk) {
    let mut held = Vec::new();
    while let Some(command) = talk.listen().await {
        let guard = match command {
            Do::Acquire => Some(finish!(rlock.acquire())),
            Do::TryAcquire => rlock.try_acquire(),
            Do::AcquireTimeout(timeout) => finish!(rlock.acquire_timeout(millis(timeout))),
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
        talk.answer(reacquired(guard.as_ref()));
        held.extend(guard);
    }
}

pub async fn event(event: &Event, talk: &mut Talk) {
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
            Do::Wait => finish!(event.wait()),
            Do::WaitTimeout(timeout) => answer = Answer::Is(finish!(event.wait_timeout(millis(timeout)))),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}

/// The commands of the two types of semaphores, which differ in what `release` returns.
macro_rules! semaphores {
    ($($act:ident: $type:ty, $release:ident;)+) => {$(
        pub async fn $act(semaphore: &$type, talk: &mut Talk) {
            let mut permits = Vec::new();
            while let Some(command) = talk.listen().await {
                let mut answer = Answer::Done;
                match command {
                    Do::Acquire => answer = keep(&mut permits, Some(finish!(semaphore.acquire()))),
                    Do::TryAcquire => answer = keep(&mut permits, semaphore.try_acquire()),
                    Do::AcquireTimeout(timeout) => answer = keep(&mut permits, finish!(semaphore.acquire_timeout(millis(timeout)))),
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

pub async fn barrier(barrier: &Barrier, actions: &Semaphore, talk: &mut Talk) {
    let passed = |index| Answer::Passed { index, actions: actions.available() as u64 };
    while let Some(command) = talk.listen().await {
        let mut answer = Answer::Done;
        match command {
            Do::Wait => answer = finish!(barrier.wait()).map(passed).into(),
            Do::WaitTimeout(timeout) => answer = finish!(barrier.wait_timeout(millis(timeout))).map(passed).into(),
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

/// The commands of a queue. Others follow, which not every queue has.
macro_rules! queue {
    ($queue:ident, $talk:ident $(, $command:pat => $answer:expr)*) => {
        while let Some(command) = $talk.listen().await {
            let mut answer = Answer::Done;
            match command {
                Do::Put(item) => answer = finish!($queue.put(item)).into(),
                Do::TryPut(item) => answer = $queue.try_put(item).into(),
                Do::PutTimeout(item, timeout) => answer = finish!($queue.put_timeout(item, millis(timeout))).into(),
                Do::Get => answer = finish!($queue.get()).into(),
                Do::TryGet => answer = $queue.try_get().into(),
                Do::GetTimeout(timeout) => answer = finish!($queue.get_timeout(millis(timeout))).into(),
                Do::Len => answer = $queue.len().into(),
                Do::IsEmpty => answer = $queue.is_empty().into(),
                Do::IsFull => answer = $queue.is_full().into(),
                Do::Maxsize => answer = $queue.maxsize().into(),
                Do::TaskDone => answer = $queue.task_done().into(),
                Do::Join => finish!($queue.join()),
                Do::Shutdown { immediate } => $queue.shutdown(immediate),
                $($command => answer = $answer.into(),)*
                _ => misdirected(command),
            }
            $talk.answer(answer);
        }
    };
}
pub(super) use queue;
