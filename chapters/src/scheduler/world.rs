//! The state of a program between two steps: its threads, the objects that they share, and what can happen next.
//!
//! A thread announces each operation before it performs it, so between two steps every thread is *before* an operation,
//! finished, or panicked. [`World::choices`] lists the steps that are possible: a blocked operation isn't in the list,
//! and an operation that can have several results is in it once for each of them. The threads themselves run in
//! [`engine`](super::engine).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;

use super::place::Stack;

/// A thread, by the order in which the threads were spawned. The main thread is 0.
pub type ThreadId = usize;

/// A shared object, by the order in which the objects were created.
pub type ObjectId = usize;

/// For each atomic, the index of the oldest store that a thread may still see.
pub(super) type View = BTreeMap<ObjectId, usize>;

/// How many times a thread may spin or time out without effect while no other thread can take a step. A loop that goes
/// on for longer is a livelock, and the program has ended.
const IDLE_LIMIT: u32 = 20;

/// The description of a join at the end of a scope, which waits for all threads of the scope.
pub(super) const END_OF_SCOPE: &str = "at the end of the scope";

/// An operation that a thread has announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Lock(ObjectId),
    TryLock(ObjectId),
    Unlock(ObjectId),
    Read(ObjectId),
    TryRead(ObjectId),
    EndRead(ObjectId),
    /// Releases the mutex and starts to wait, in one step.
    Wait {
        condvar: ObjectId,
        mutex: ObjectId,
        timed: bool,
    },
    /// Stops waiting: notified, and then with the mutex locked again in the same step; timed out; or spuriously.
    Wake {
        condvar: ObjectId,
        mutex: ObjectId,
        timed: bool,
    },
    NotifyOne(ObjectId),
    NotifyAll(ObjectId),
    Load(ObjectId, Ordering),
    Store(ObjectId, Ordering, u64),
    ReadModifyWrite(ObjectId, Ordering),
    Fence(Ordering),
    Arrive(ObjectId),
    /// Leaves the barrier, when this round is over.
    Leave(ObjectId, usize),
    Send(ObjectId),
    TrySend(ObjectId),
    Receive {
        channel: ObjectId,
        timed: bool,
    },
    TryReceive(ObjectId),
    DropSender(ObjectId),
    DropReceiver(ObjectId),
    /// Begins to initialize a cell, or finds it initialized.
    Initialize(ObjectId),
    EndInitialize(ObjectId),
    GetCell(ObjectId),
    /// Waits until a cell is initialized.
    AwaitCell(ObjectId),
    Join(ThreadId),
    IsFinished(ThreadId),
    Park {
        timed: bool,
    },
    Unpark(ThreadId),
    Sleep,
    /// Lets others go first: possible when the shared state has changed from the one with this key.
    Yield {
        seen: u64,
    },
    Print,
    /// Polls a task.
    Poll,
}

/// A shared object.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Mutex {
        holder: Option<ThreadId>,
        poisoned: bool,
        value: String,
        view: View,
    },
    RwLock {
        writer: Option<ThreadId>,
        readers: Vec<ThreadId>,
        poisoned: bool,
        value: String,
        view: View,
    },
    Condvar {
        waiting: Vec<ThreadId>,
        notified: Vec<ThreadId>,
    },
    Atomic {
        stores: Vec<(u64, View)>,
        show: fn(u64) -> String,
    },
    Barrier {
        parties: usize,
        arrived: Vec<ThreadId>,
        round: usize,
        view: View,
    },
    Channel {
        items: Vec<(String, View)>,
        senders: usize,
        receivers: usize,
        bound: Option<usize>,
    },
    Cell {
        initializing: Option<ThreadId>,
        value: Option<String>,
        view: View,
    },
    /// An object of the coroutines, whose state is kept by its type. `why` completes the reason for waiting for it.
    Async {
        kind: &'static str,
        value: String,
        held_by: Vec<ThreadId>,
        why: String,
    },
}

/// The state of a thread that polls a task.
#[derive(Debug, Default)]
pub(super) struct Task {
    /// Whether it's being polled.
    pub polling: bool,
    /// Whether it has been woken since it was polled last.
    pub woken: bool,
    pub aborted: bool,
    /// The reason for waiting, and the lines that wait.
    pub awaits: Option<Awaited>,
    pub at: Stack,
    /// The address of what its waker refers to.
    pub waker: usize,
    /// The timers that haven't expired.
    pub timers: Vec<Timer>,
    /// How many timers the task has started.
    pub started: usize,
}

/// A timer of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    /// Its number among the timers that the task has started.
    pub number: usize,
    /// Whether it belongs to a timeout, which counts as one of [`Options::timeouts`].
    pub is_timeout: bool,
}

/// The reason why a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    Object(ObjectId),
    Message(ObjectId),
    Room(ObjectId),
    Task(ThreadId),
    Timer,
    Nothing,
}

/// An operation that a thread will perform when it's scheduled.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub op: Op,
    /// The value that the operation writes or sends, in words.
    pub detail: String,
    pub stack: Stack,
}

/// The state of a thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pub name: String,
    pub pending: Option<Pending>,
    pub finished: bool,
    pub panicked: Option<String>,
    /// Where it panicked.
    pub panic_stack: Stack,
    /// The thread that spawned it and is waiting for it to announce its first operation.
    pub spawner: Option<ThreadId>,
    /// The thread that spawned it.
    pub parent: Option<ThreadId>,
    /// The address of the scope that it has to be joined by.
    pub scope: Option<usize>,
    pub parked_token: bool,
    pub token_view: View,
    /// Whether the thread is a task, or polls one.
    pub task: Option<Task>,
    /// A hash of all operations that the thread has performed and of everything that it has observed. Two threads with
    /// the same code and the same history have the same local variables.
    pub history: u64,
    /// The shared state at its last yield, and how many times it has yielded at that state.
    pub idle: (u64, u32),
    /// The atomic that it loaded last.
    pub last_load: Option<ObjectId>,
    /// The observation of its last step, in words.
    pub observed: String,
    pub view: View,
    /// The view that an acquire fence would add.
    pub to_acquire: View,
    /// The view at the last release fence.
    pub released: View,
}

/// How a program is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Loads may see old stores, as far as their orderings allow. [`sync`](super::sync) describes the model.
    pub weak_memory: bool,
    /// The number of spurious wakeups that a schedule may have.
    pub spurious_wakeups: u32,
    /// The number of timeouts that may expire in a schedule although another thread could take a step. A timeout always
    /// may expire when none can.
    pub timeouts: u32,
}

impl Options {
    /// Sequentially consistent memory, no spurious wakeups, and at most one early timeout.
    pub const DEFAULT: Self = Self { weak_memory: false, spurious_wakeups: 0, timeouts: 1 };

    /// The same, with weak memory.
    pub const WEAK: Self = Self { weak_memory: true, ..Self::DEFAULT };
}

/// A step that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The thread that takes it.
    pub thread: ThreadId,
    /// Which of the thread's possible steps it is, from 0.
    pub way: usize,
    /// The result, such as `sees 0`, if the thread's operation can have several; otherwise empty.
    pub label: String,
}

/// The state of all threads and objects.
#[derive(Debug)]
pub(super) struct World {
    pub threads: Vec<Thread>,
    pub objects: Vec<(String, Object)>,
    pub output: Vec<String>,
    pub options: Options,
    /// How many steps have been taken.
    pub steps: usize,
    /// The view that sequentially consistent fences share.
    pub fences: View,
    /// A hash of all polls. It keeps states of programs with tasks from being merged.
    pub polls: u64,
    /// For each cell, a hash of the threads' histories when they used it.
    cells: Vec<u64>,
}

impl World {
    pub fn new(options: Options) -> Self {
        let main = Thread { name: "main".to_owned(), ..Thread::default() };
        let (objects, output) = (Vec::new(), Vec::new());
        Self { threads: vec![main], objects, output, options, steps: 0, fences: View::new(), polls: 0, cells: vec![] }
    }

    // ---- what can happen ----

    /// The steps that can be taken, in the order of the threads.
    pub fn choices(&self) -> Vec<Choice> {
        let mut busy = vec![];
        let mut all = vec![];
        for thread in 0..self.threads.len() {
            let ways = self.ways(thread);
            if !ways.is_empty() {
                busy.push(thread);
            }
            all.extend(ways.into_iter().enumerate().map(|(way, label)| Choice { thread, way, label }));
        }
        // A thread that only passes the time takes a step if no other thread can.
        if busy.is_empty() {
            for thread in 0..self.threads.len() {
                let ways = self.idle_ways(thread);
                all.extend(ways.into_iter().enumerate().map(|(way, label)| Choice { thread, way, label }));
            }
        }
        all
    }

    fn is_free(&self, mutex: ObjectId) -> bool {
        match &self.objects[mutex].1 {
            Object::Mutex { holder, .. } => holder.is_none(),
            Object::RwLock { writer, readers, .. } => writer.is_none() && readers.is_empty(),
            _ => true,
        }
    }

    /// The results that the thread's next operation can have now; none if the thread is blocked.
    fn ways(&self, thread: ThreadId) -> Vec<String> {
        let Some(pending) = &self.threads[thread].pending else { return vec![] };
        let once = |possible: bool| if possible { vec![String::new()] } else { vec![] };
        match pending.op {
            Op::Lock(lock) => once(self.is_free(lock)),
            Op::Read(lock) => once(matches!(self.objects[lock].1, Object::RwLock { writer: None, .. })),
            Op::Wake { condvar, mutex, timed } => {
                let Object::Condvar { notified, .. } = &self.objects[condvar].1 else { return vec![] };
                if notified.contains(&thread) {
                    return once(self.is_free(mutex));
                }
                self.early_wakeups(timed)
            }
            Op::NotifyOne(condvar) => {
                let Object::Condvar { waiting, .. } = &self.objects[condvar].1 else { return vec![] };
                match waiting.as_slice() {
                    [] | [_] => once(true),
                    some => some.iter().map(|waiter| format!("wakes {}", self.threads[*waiter].name)).collect(),
                }
            }
            Op::Load(atomic, order) => {
                let Object::Atomic { stores, show } = &self.objects[atomic].1 else { return vec![] };
                match self.visible(thread, atomic, order).as_slice() {
                    [_] => once(true),
                    some => some.iter().map(|index| format!("sees {}", show(stores[*index].0))).collect(),
                }
            }
            Op::Leave(barrier, mine) => {
                once(matches!(self.objects[barrier].1, Object::Barrier { round, .. } if round != mine))
            }
            Op::Send(channel) => {
                let Object::Channel { items, receivers, bound, .. } = &self.objects[channel].1 else { return vec![] };
                once(match bound {
                    _ if *receivers == 0 => true,
                    None => true,
                    Some(0) => items.is_empty() && self.is_receiving(channel),
                    Some(bound) => items.len() < *bound,
                })
            }
            Op::Receive { channel, timed } => {
                let Object::Channel { items, senders, .. } = &self.objects[channel].1 else { return vec![] };
                if !items.is_empty() || *senders == 0 {
                    once(true)
                } else if timed && self.options.timeouts > 0 {
                    vec!["times out".to_owned()]
                } else {
                    vec![]
                }
            }
            Op::Initialize(cell) => once(matches!(self.objects[cell].1, Object::Cell { initializing: None, .. })),
            Op::AwaitCell(cell) => once(matches!(self.objects[cell].1, Object::Cell { value: Some(_), .. })),
            Op::Join(other) => once(self.threads[other].finished),
            Op::Park { timed } => {
                if self.threads[thread].parked_token {
                    return once(true);
                }
                self.early_wakeups(timed)
            }
            Op::Poll => self.poll_ways(thread, false),
            Op::Yield { seen } => once(seen != self.shared_key() || self.has_newer_store(thread)),
            _ => once(true),
        }
    }

    /// The ways in which a sleeping thread can wake up without a notification.
    fn early_wakeups(&self, timed: bool) -> Vec<String> {
        let times_out = (timed && self.options.timeouts > 0).then(|| "times out".to_owned());
        let is_spurious = (self.options.spurious_wakeups > 0).then(|| "wakes up spuriously".to_owned());
        times_out.into_iter().chain(is_spurious).collect()
    }

    /// Whether a thread could perform an operation at once.
    pub fn can_perform(&mut self, thread: ThreadId, op: Op) -> bool {
        let pending = Pending { op, detail: String::new(), stack: Stack::new() };
        let before = self.threads[thread].pending.replace(pending);
        let possible = !self.ways(thread).is_empty();
        self.threads[thread].pending = before;
        possible
    }

    /// The results that are possible although they achieve nothing, if no thread can do anything else.
    fn idle_ways(&self, thread: ThreadId) -> Vec<String> {
        let Some(pending) = &self.threads[thread].pending else { return vec![] };
        let (state, times) = self.threads[thread].idle;
        let may_idle = state != self.shared_key() || times < IDLE_LIMIT;
        match pending.op {
            Op::Wake { timed: true, .. } | Op::Receive { timed: true, .. } | Op::Park { timed: true } if may_idle => {
                vec!["times out".to_owned()]
            }
            Op::Yield { .. } if may_idle => vec![String::new()],
            Op::Poll if may_idle => self.poll_ways(thread, true),
            _ => vec![],
        }
    }

    pub fn is_receiving(&self, channel: ObjectId) -> bool {
        let receives = |thread: &Thread| match &thread.pending {
            Some(Pending { op: Op::Receive { channel: from, .. }, .. }) => *from == channel,
            _ => false,
        };
        self.threads.iter().any(receives)
    }

    // ---- tasks ----

    /// The task of a thread that polls one.
    pub fn task(&mut self, thread: ThreadId) -> &mut Task {
        self.threads[thread].task.get_or_insert_default()
    }

    /// Whether a thread is polling its task.
    pub fn is_polling(&self, thread: ThreadId) -> bool {
        let thread = &self.threads[thread];
        !thread.finished && thread.task.as_ref().is_some_and(|task| task.polling)
    }

    /// Whether an operation is part of a poll rather than a step: nothing else can happen before it.
    pub fn is_part_of_poll(&self, thread: ThreadId, op: Op) -> bool {
        let blocks = matches!(op, Op::Wake { .. } | Op::Leave(..) | Op::Park { .. } | Op::Join(_) | Op::Sleep)
            || matches!(op, Op::Receive { .. } | Op::Yield { .. } | Op::Poll);
        let others_are_tasks = || self.threads.iter().all(|thread| thread.finished || thread.task.is_some());
        !blocks && self.is_polling(thread) && others_are_tasks()
    }

    /// `idle` says whether no task can be polled unless a timeout expires.
    fn poll_ways(&self, thread: ThreadId, idle: bool) -> Vec<String> {
        let Some(task) = &self.threads[thread].task else { return vec![] };
        if (0..self.threads.len()).any(|thread| self.is_polling(thread)) {
            return vec![];
        }
        if task.aborted {
            return vec!["is canceled".to_owned()];
        }
        let timers = self.expiring(task, idle);
        let woken = task.woken.then(|| if timers.is_empty() { String::new() } else { "is polled".to_owned() });
        let expire = timers.into_iter().map(|timer| match task.timers.len() {
            1 => "its timer expires".to_owned(),
            _ => format!("its timer {} expires", task.timers[timer].number + 1),
        });
        woken.into_iter().chain(expire).collect()
    }

    /// The indices of the task's timers that may expire now.
    fn expiring(&self, task: &Task, idle: bool) -> Vec<usize> {
        let may_expire = |timer: &Timer| !timer.is_timeout || idle || self.options.timeouts > 0;
        let timers = task.timers.iter().enumerate();
        timers.filter(|(_, timer)| may_expire(timer)).map(|(index, _)| index).collect()
    }

    /// Begins to poll a task. The result says whether the task was aborted instead.
    pub fn begin_poll(&mut self, thread: ThreadId, way: usize) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.polls, thread, way).hash(&mut hasher);
        self.polls = hasher.finish();
        let idle = self.ways(thread).is_empty();
        let task = self.task(thread);
        if task.aborted {
            task.polling = true;
            return true;
        }
        let timer = if task.woken { way.checked_sub(1) } else { Some(way) };
        if let Some(timer) = timer {
            let timer = self.threads[thread].task.as_ref().map(|task| self.expiring(task, idle)[timer]);
            let timer = timer.map(|index| self.task(thread).timers.remove(index));
            if timer.is_some_and(|timer| timer.is_timeout) {
                self.idles(thread);
                self.options.timeouts = self.options.timeouts.saturating_sub(1);
            }
        }
        let task = self.task(thread);
        (task.polling, task.woken, task.awaits) = (true, false, None);
        false
    }

    /// Starts a timer of a task, and returns its number.
    pub fn start_timer(&mut self, thread: ThreadId, is_timeout: bool) -> usize {
        let task = self.task(thread);
        let number = task.started;
        task.started += 1;
        task.timers.push(Timer { number, is_timeout });
        number
    }

    // ---- what threads observe ----

    /// Adds to a thread's history something that its local variables may depend on.
    pub fn saw(&mut self, thread: ThreadId, what: impl Hash) {
        let mut hasher = DefaultHasher::new();
        (self.threads[thread].history, what).hash(&mut hasher);
        self.threads[thread].history = hasher.finish();
    }

    /// Says what the step of a thread observed, for display.
    pub fn observed(&mut self, thread: ThreadId, what: impl Into<String>) {
        self.threads[thread].observed = what.into();
    }

    /// Says which value a thread found in a lock, or left there, if it's a short one.
    pub fn observed_value(&mut self, thread: ThreadId, verb: &str, value: &str) {
        /// How many characters are shown.
        const SHORT: usize = 30;
        if value != "()" && value.chars().count() <= SHORT {
            self.observed(thread, format!("{verb} {value}"));
        }
    }

    /// Notes that a thread only passes the time at this state.
    pub fn idles(&mut self, thread: ThreadId) {
        let key = self.shared_key();
        let idle = &mut self.threads[thread].idle;
        *idle = (key, if idle.0 == key { idle.1 + 1 } else { 1 });
    }

    /// Notes that a timeout of a thread has expired.
    pub fn timed_out(&mut self, thread: ThreadId) {
        self.idles(thread);
        self.options.timeouts = self.options.timeouts.saturating_sub(1);
        self.saw(thread, "timed out");
        self.observed(thread, "times out");
    }

    /// Adds an object, and returns its number.
    pub fn add(&mut self, thread: ThreadId, name: String, object: Object) -> ObjectId {
        let count = self.objects.iter().filter(|(other, _)| other.split('#').next() == Some(name.as_str())).count();
        let name = if count == 0 { name } else { format!("{name}#{}", count + 1) };
        self.objects.push((name, object));
        let new = self.objects.len() - 1;
        self.saw(thread, new);
        new
    }

    /// Adds a cell, and returns its number.
    pub fn add_cell(&mut self, thread: ThreadId) -> usize {
        self.cells.push(0);
        let new = self.cells.len() - 1;
        self.saw(thread, new);
        new
    }

    /// Notes that a thread uses a cell: it may find there what other threads have written, and write what it knows.
    pub fn use_cell(&mut self, thread: ThreadId, cell: usize) {
        self.saw(thread, self.cells[cell]);
        self.cells[cell] = self.threads[thread].history;
    }

    // ---- memory ----

    /// The indices of the stores that a load can see, the newest first.
    fn visible(&self, thread: ThreadId, atomic: ObjectId, order: Ordering) -> Vec<usize> {
        let Object::Atomic { stores, .. } = &self.objects[atomic].1 else { return vec![] };
        let newest = stores.len() - 1;
        if !self.options.weak_memory || order == Ordering::SeqCst {
            return vec![newest];
        }
        let oldest = self.threads[thread].view.get(&atomic).copied().unwrap_or(0);
        (oldest..=newest).rev().collect()
    }

    /// Whether the atomic that the thread loaded last has a store that the thread hasn't seen.
    fn has_newer_store(&self, thread: ThreadId) -> bool {
        self.threads[thread].last_load.is_some_and(|atomic| {
            let Object::Atomic { stores, .. } = &self.objects[atomic].1 else { return false };
            self.options.weak_memory
                && self.threads[thread].view.get(&atomic).is_none_or(|seen| seen + 1 < stores.len())
        })
    }

    /// A spinning thread will see the newest store at some time: at the latest now.
    pub fn see_newest_store(&mut self, thread: ThreadId) {
        let Some(atomic) = self.threads[thread].last_load else { return };
        if let Object::Atomic { stores, .. } = &self.objects[atomic].1 {
            let newest = stores.len() - 1;
            self.threads[thread].view.insert(atomic, newest);
        }
    }

    pub fn load(&mut self, thread: ThreadId, atomic: ObjectId, order: Ordering, way: usize) -> u64 {
        let index = self.visible(thread, atomic, order)[way];
        self.threads[thread].last_load = Some(atomic);
        self.read_store(thread, atomic, order, index)
    }

    fn read_store(&mut self, thread: ThreadId, atomic: ObjectId, order: Ordering, index: usize) -> u64 {
        let Object::Atomic { stores, show } = &self.objects[atomic].1 else { unreachable!("loads are from atomics") };
        let ((value, view), show) = (stores[index].clone(), *show);
        let reader = &mut self.threads[thread];
        reader.view.insert(atomic, index);
        join(&mut reader.to_acquire, &view);
        if matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst) {
            join(&mut reader.view, &view);
        }
        reader.observed = format!("sees {}", show(value));
        self.saw(thread, (atomic, value));
        value
    }

    pub fn store(&mut self, thread: ThreadId, atomic: ObjectId, order: Ordering, value: u64) {
        self.write_store(thread, atomic, order, value, View::new());
    }

    /// Writes a value. `carried` is the view of the store that a read-modify-write operation continues.
    fn write_store(&mut self, thread: ThreadId, atomic: ObjectId, order: Ordering, value: u64, mut carried: View) {
        let Object::Atomic { stores, .. } = &mut self.objects[atomic].1 else { return };
        let writer = &mut self.threads[thread];
        let index = if self.options.weak_memory { stores.len() } else { 0 };
        writer.view.insert(atomic, index);
        join(&mut carried, &writer.released);
        if matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst) {
            join(&mut carried, &writer.view);
        }
        carried.insert(atomic, index);
        if !self.options.weak_memory {
            stores.clear();
        }
        stores.push((value, carried));
    }

    /// Reads the newest store and writes `change` of it, in one step. Returns the old value.
    pub fn read_modify_write(
        &mut self,
        thread: ThreadId,
        atomic: ObjectId,
        order: Ordering,
        failure: Ordering,
        change: impl FnOnce(u64) -> Option<u64>,
    ) -> u64 {
        let Object::Atomic { stores, .. } = &self.objects[atomic].1 else { unreachable!("only atomics are changed") };
        let newest = stores.len() - 1;
        let (old, view) = stores[newest].clone();
        match change(old) {
            Some(new) => {
                self.read_store(thread, atomic, order, newest);
                self.write_store(thread, atomic, order, new, view);
            }
            None => _ = self.read_store(thread, atomic, failure, newest),
        }
        self.threads[thread].last_load = Some(atomic);
        old
    }

    pub fn fence(&mut self, thread: ThreadId, order: Ordering) {
        let here = &mut self.threads[thread];
        if matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst) {
            let to_acquire = here.to_acquire.clone();
            join(&mut here.view, &to_acquire);
        }
        if order == Ordering::SeqCst {
            join(&mut here.view, &self.fences);
            self.fences = here.view.clone();
        }
        if matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst) {
            here.released = here.view.clone();
        }
    }

    /// The view of a thread, to be passed on to threads that synchronize with it.
    pub fn view(&self, thread: ThreadId) -> View {
        self.threads[thread].view.clone()
    }

    /// Synchronizes a thread with one whose view this is.
    pub fn acquire(&mut self, thread: ThreadId, view: &View) {
        join(&mut self.threads[thread].view, view);
    }

    // ---- when two states are the same ----

    fn hash_objects(&self, hasher: &mut DefaultHasher) {
        let weak = self.options.weak_memory;
        for (_, object) in &self.objects {
            match object {
                Object::Mutex { holder, poisoned, value, view } => {
                    (0, holder, poisoned, value, weak.then_some(view)).hash(hasher);
                }
                Object::RwLock { writer, readers, poisoned, value, view } => {
                    (1, writer, readers, poisoned, value, weak.then_some(view)).hash(hasher);
                }
                Object::Condvar { waiting, notified } => (2, waiting, notified).hash(hasher),
                Object::Atomic { stores, .. } if weak => (3, stores).hash(hasher),
                Object::Atomic { stores, .. } => (3, stores.last().map(|(value, _)| value)).hash(hasher),
                Object::Barrier { arrived, round, view, .. } => (4, arrived, round, weak.then_some(view)).hash(hasher),
                Object::Channel { items, senders, receivers, .. } => {
                    (5, senders, receivers, items.len()).hash(hasher);
                    items.iter().for_each(|(item, view)| (item, weak.then_some(view)).hash(hasher));
                }
                Object::Cell { initializing, value, view } => {
                    (6, initializing, value, weak.then_some(view)).hash(hasher);
                }
                Object::Async { value, held_by, .. } => (7, value, held_by).hash(hasher),
            }
        }
        self.threads.iter().for_each(|thread| (thread.finished, thread.parked_token).hash(hasher));
    }

    /// A key of the state that threads can see.
    pub fn shared_key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_objects(&mut hasher);
        hasher.finish()
    }

    /// A key of the whole state. Two states with the same key have the same future.
    pub fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_objects(&mut hasher);
        for thread in &self.threads {
            let pending = thread.pending.as_ref().map(|pending| (pending.op, &pending.detail));
            (thread.history, &thread.panicked, pending, thread.idle).hash(&mut hasher);
            if self.options.weak_memory {
                (&thread.view, &thread.to_acquire, &thread.released, &thread.token_view, thread.last_load)
                    .hash(&mut hasher);
            }
        }
        (&self.cells, &self.output, &self.fences, self.polls, self.options.timeouts, self.options.spurious_wakeups)
            .hash(&mut hasher);
        hasher.finish()
    }
}

/// Adds to a view what another one knows.
pub(super) fn join(into: &mut View, from: &View) {
    for (&atomic, &index) in from {
        let known = into.entry(atomic).or_default();
        *known = index.max(*known);
    }
}
