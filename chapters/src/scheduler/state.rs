//! A snapshot of a program between two steps: everything that is shown to the reader, as plain data.

use serde::Serialize;

use super::place::{Place, Stack};
use super::program::list;
use super::world::{Awaited, END_OF_SCOPE, Object, ObjectId, Op, Task, ThreadId, World};

/// A snapshot of all threads and objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// The threads, the main thread first.
    pub threads: Vec<Cursor>,
    /// The shared objects.
    pub objects: Vec<Value>,
    /// The lines that have been printed.
    pub output: Vec<String>,
}

/// Where a thread is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Cursor {
    /// The operation that the thread will perform in its next step. None if it has finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The lines that it's executing: the innermost first, each one called from the next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at: Stack,
    /// Why it can't perform the operation now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Wait>,
    /// Its panic message, if it has panicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panicked: Option<String>,
}

/// Why a thread is blocked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Wait {
    /// In words, such as `waits for left, which B holds`.
    pub why: String,
    /// The threads that the thread waits for, if only they can end the wait.
    pub on: Vec<ThreadId>,
}

/// The state of a shared object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Value {
    /// The name of the variable or the field.
    pub name: String,
    /// The type, such as `Mutex`.
    pub kind: &'static str,
    /// The value, in words.
    pub value: String,
    /// The threads that hold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<ThreadId>,
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.source, self.line).serialize(serializer)
    }
}

impl World {
    /// A snapshot.
    pub(super) fn state(&self) -> State {
        let able: Vec<ThreadId> = self.choices().iter().map(|choice| choice.thread).collect();
        let threads = (0..self.threads.len()).map(|thread| self.cursor(thread, able.contains(&thread))).collect();
        let objects = (0..self.objects.len()).map(|object| self.value(object)).collect();
        State { threads, objects, output: self.output.clone() }
    }

    fn cursor(&self, thread: ThreadId, is_able: bool) -> Cursor {
        let it = &self.threads[thread];
        let at = it.pending.as_ref().map_or(&it.panic_stack, |pending| &pending.stack).clone();
        let waits = if is_able { None } else { self.waits_for(thread) };
        Cursor { next: self.next(thread), at, waits, panicked: it.panicked.clone() }
    }

    pub(super) fn thread_name(&self, thread: ThreadId) -> &str {
        &self.threads[thread].name
    }

    /// The operation that a thread will perform next, in words.
    pub(super) fn next(&self, thread: ThreadId) -> Option<String> {
        let pending = self.threads[thread].pending.as_ref()?;
        let name = |object: ObjectId| self.objects[object].0.as_str();
        let detail = pending.detail.as_str();
        Some(match pending.op {
            Op::Lock(lock) if matches!(self.objects[lock].1, Object::RwLock { .. }) => {
                format!("write-lock {}", name(lock))
            }
            Op::Lock(lock) => format!("lock {}", name(lock)),
            Op::TryLock(lock) => format!("try to lock {}", name(lock)),
            Op::Unlock(lock) => format!("unlock {}", name(lock)),
            Op::Read(lock) => format!("read-lock {}", name(lock)),
            Op::TryRead(lock) => format!("try to read-lock {}", name(lock)),
            Op::EndRead(lock) => format!("unlock {}", name(lock)),
            Op::Wait { condvar, mutex, .. } => format!("unlock {} and wait on {}", name(mutex), name(condvar)),
            Op::Wake { mutex, .. } => format!("wake up and lock {}", name(mutex)),
            Op::NotifyOne(condvar) => format!("notify one thread that waits on {}", name(condvar)),
            Op::NotifyAll(condvar) => format!("notify all threads that wait on {}", name(condvar)),
            Op::Load(atomic, order) => format!("load {} ({order:?})", name(atomic)),
            Op::Store(atomic, order, _) => format!("store {detail} in {} ({order:?})", name(atomic)),
            Op::ReadModifyWrite(atomic, order) => format!("{} ({order:?})", detail.replace("{}", name(atomic))),
            Op::Fence(order) => format!("fence ({order:?})"),
            Op::Arrive(barrier) => format!("arrive at {}", name(barrier)),
            Op::Leave(barrier, _) => format!("leave {}", name(barrier)),
            Op::Send(channel) => format!("send {detail} to {}", name(channel)),
            Op::TrySend(channel) => format!("try to send {detail} to {}", name(channel)),
            Op::Receive { channel, .. } => format!("receive from {}", name(channel)),
            Op::TryReceive(channel) => format!("try to receive from {}", name(channel)),
            Op::DropSender(channel) => format!("drop a sender of {}", name(channel)),
            Op::DropReceiver(channel) => format!("drop the receiver of {}", name(channel)),
            Op::Initialize(cell) => format!("get or initialize {}", name(cell)),
            Op::EndInitialize(cell) => format!("set {} to {detail}", name(cell)),
            Op::GetCell(cell) => format!("get {}", name(cell)),
            Op::AwaitCell(cell) => format!("wait for {} and get it", name(cell)),
            Op::Join(thread) => format!("join {}", self.thread_name(thread)),
            Op::IsFinished(thread) => format!("ask whether {} has finished", self.thread_name(thread)),
            Op::Park { .. } => "park".to_owned(),
            Op::Unpark(thread) => format!("unpark {}", self.thread_name(thread)),
            Op::Sleep => "sleep".to_owned(),
            Op::Yield { .. } => "let others run".to_owned(),
            Op::Print => format!("print {detail}"),
            Op::Poll => "poll".to_owned(),
        })
    }

    /// Why a thread can't perform its next operation.
    pub(super) fn waits_for(&self, thread: ThreadId) -> Option<Wait> {
        let pending = self.threads[thread].pending.as_ref()?;
        let name = |object: ObjectId| self.objects[object].0.as_str();
        let wait = |why: String, on: Vec<ThreadId>| Some(Wait { why, on });
        match pending.op {
            Op::Lock(lock) | Op::Read(lock) | Op::Wake { mutex: lock, .. } if !self.holders(lock).is_empty() => {
                let holders = self.holders(lock);
                let names: Vec<&str> = holders.iter().map(|holder| self.thread_name(*holder)).collect();
                if holders.contains(&thread) {
                    return wait(format!("waits for {}, which it holds itself", name(lock)), holders);
                }
                let verb = if holders.len() == 1 { "holds" } else { "hold" };
                wait(format!("waits for {}, which {} {verb}", name(lock), names.join(" and ")), holders)
            }
            Op::Wake { condvar, .. } => wait(format!("waits until {} is notified", name(condvar)), vec![]),
            Op::Leave(barrier, _) => {
                let Object::Barrier { parties, arrived, .. } = &self.objects[barrier].1 else { return None };
                let (missing, name) = (parties - arrived.len(), name(barrier));
                let threads = if missing == 1 { "thread" } else { "threads" };
                wait(format!("waits for {missing} more {threads} at {name}"), vec![])
            }
            Op::Send(channel) => match &self.objects[channel].1 {
                Object::Channel { bound: Some(0), .. } => {
                    wait(format!("waits for a receiver of {}", name(channel)), vec![])
                }
                _ => wait(format!("waits for room in {}", name(channel)), vec![]),
            },
            Op::Receive { channel, .. } => wait(format!("waits for a message in {}", name(channel)), vec![]),
            Op::Initialize(cell) | Op::AwaitCell(cell) => {
                let on = self.holders(cell);
                wait(format!("waits until {} is initialized", name(cell)), on)
            }
            Op::Join(other) => {
                let scope = self.threads[other].scope.filter(|_| pending.detail == END_OF_SCOPE);
                let is_awaited = |it: &ThreadId| *it == other || scope.is_some() && self.threads[*it].scope == scope;
                let on = (0..self.threads.len()).filter(|it| is_awaited(it) && !self.threads[*it].finished);
                let on: Vec<ThreadId> = on.collect();
                let names: Vec<String> = on.iter().map(|it| self.thread_name(*it).to_owned()).collect();
                wait(format!("waits for {} to finish", list(&names)), on)
            }
            Op::Park { .. } => wait("waits until another thread unparks it".to_owned(), vec![]),
            Op::Poll => self.awaits(thread),
            Op::Yield { .. } => wait("spins until something changes".to_owned(), vec![]),
            _ => None,
        }
    }

    /// Why a task can't be polled.
    fn awaits(&self, thread: ThreadId) -> Option<Wait> {
        let task = self.threads[thread].task.as_ref()?;
        let polled = (0..self.threads.len()).find(|thread| self.is_polling(*thread));
        if let Some(polled) = polled.filter(|_| task.woken) {
            let why = format!("can't be polled while {} is being polled", self.thread_name(polled));
            return Some(Wait { why, on: vec![polled] });
        }
        let (why, on) = match task.awaits {
            Some(Awaited::Object(object)) => match (&self.objects[object], self.holders(object)) {
                ((name, Object::Async { why, .. }), on) if !why.is_empty() => (format!("waits for {name}, {why}"), on),
                ((name, _), on) => (format!("waits for {name}"), on),
            },
            Some(Awaited::Message(object)) => (format!("waits for a message in {}", self.objects[object].0), vec![]),
            Some(Awaited::Room(object)) => (format!("waits for room in {}", self.objects[object].0), vec![]),
            Some(Awaited::Task(task)) => (format!("waits for {} to finish", self.thread_name(task)), vec![task]),
            Some(Awaited::Timer) => ("waits for its timer".to_owned(), vec![]),
            Some(Awaited::Nothing) | None => ("waits to be woken".to_owned(), vec![]),
        };
        Some(Wait { why, on })
    }

    /// The threads that hold a lock.
    pub(super) fn holders(&self, object: ObjectId) -> Vec<ThreadId> {
        match &self.objects[object].1 {
            Object::Mutex { holder, .. } => holder.iter().copied().collect(),
            Object::RwLock { writer, readers, .. } => writer.iter().chain(readers).copied().collect(),
            Object::Cell { initializing, .. } => initializing.iter().copied().collect(),
            Object::Async { held_by, .. } => held_by.clone(),
            _ => vec![],
        }
    }

    fn value(&self, object: ObjectId) -> Value {
        let names = |threads: &[ThreadId]| {
            threads.iter().map(|thread| self.thread_name(*thread)).collect::<Vec<_>>().join(", ")
        };
        let (name, it) = &self.objects[object];
        let poison =
            |value: &str, poisoned: bool| if poisoned { format!("{value}, poisoned") } else { value.to_owned() };
        let (kind, value) = match it {
            Object::Mutex { value, poisoned, .. } => ("Mutex", poison(value, *poisoned)),
            Object::RwLock { value, poisoned, .. } => ("RwLock", poison(value, *poisoned)),
            Object::Condvar { waiting, notified } => ("Condvar", {
                let waiting = (!waiting.is_empty()).then(|| format!("waiting: {}", names(waiting)));
                let notified = (!notified.is_empty()).then(|| format!("notified: {}", names(notified)));
                waiting.into_iter().chain(notified).collect::<Vec<_>>().join("; ")
            }),
            Object::Atomic { stores, show } => {
                ("Atomic", stores.last().map_or(String::new(), |(value, _)| show(*value)))
            }
            Object::Barrier { parties, arrived, .. } => ("Barrier", format!("{} of {parties}", arrived.len())),
            Object::Channel { items, .. } => {
                let items: Vec<&str> = items.iter().map(|(item, _)| item.as_str()).collect();
                ("Channel", format!("[{}]", items.join(", ")))
            }
            Object::Async { kind, value, .. } => (*kind, value.clone()),
            Object::Cell { value, .. } => ("OnceLock", value.clone().unwrap_or_else(|| "not initialized".to_owned())),
        };
        Value { name: name.clone(), kind, value: shorten(&value), held_by: self.holders(object) }
    }

    /// The threads of a deadlock that wait for each other in a circle, each one for the next; empty if they don't.
    pub(super) fn cycle(&self) -> Vec<ThreadId> {
        for start in 0..self.threads.len() {
            let (mut path, mut at) = (vec![start], start);
            while let Some(next) = self.waits_for(at).and_then(|wait| wait.on.first().copied()) {
                if next == start {
                    return path;
                }
                if path.contains(&next) {
                    break;
                }
                path.push(next);
                at = next;
            }
        }
        vec![]
    }

    /// Why no thread can go on, in words. Threads that only wait for the others to finish are left out.
    pub(super) fn deadlock(&self) -> String {
        let cycle = self.cycle();
        let joins = |thread: &ThreadId| {
            let thread = &self.threads[*thread];
            match thread.pending.as_ref().map(|pending| pending.op) {
                Some(Op::Join(_)) => true,
                Some(Op::Poll) => matches!(thread.task, Some(Task { awaits: Some(Awaited::Task(_)), .. })),
                _ => false,
            }
        };
        let stuck: Vec<ThreadId> = match cycle.is_empty() {
            true => (0..self.threads.len()).filter(|thread| !joins(thread)).collect(),
            false => cycle,
        };
        let why = |thread: &ThreadId| {
            self.waits_for(*thread).map(|wait| format!("{} {}", self.thread_name(*thread), wait.why))
        };
        stuck.iter().filter_map(why).collect::<Vec<_>>().join("; ")
    }
}

/// The maximum length of a value that is shown in full, in characters. A struct may be longer if none of its fields is one.
const MAX_LENGTH: usize = 48;
const MAX_LENGTH_OF_A_STRUCT: usize = 72;

/// A value that's short enough to be shown: a long one without the fields of its structs.
fn shorten(value: &str) -> String {
    let most = if value.matches('{').count() > 1 { MAX_LENGTH } else { MAX_LENGTH_OF_A_STRUCT };
    if value.chars().count() <= most {
        return value.to_owned();
    }
    let (mut short, mut depth) = (String::new(), 0_usize);
    for it in value.chars() {
        if it == '}' {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                short += " .. ";
            }
        }
        if depth == 0 {
            short.push(it);
        }
        if it == '{' {
            depth += 1;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_without_their_fields() {
        assert_eq!(shorten("Gil { held: true }"), "Gil { held: true }");
        let state = "State { value: Some(7), closed: true, is_abandoned: false }";
        assert_eq!(shorten(state), state);
        let long =
            "[Waiter { lock: Lock { state: AtomicU32(3), park: Mutex(4) } }, Waiter { lock: Lock { state: 5 } }]";
        assert_eq!(shorten(long), "[Waiter { .. }, Waiter { .. }]");
    }
}
