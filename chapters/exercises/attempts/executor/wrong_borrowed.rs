//! Keeps the tasks borrowed while it polls one.
//! Refused: already mutably borrowed

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use chapters::scheduler::sync::{Condvar, Mutex};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// What an executor shares with its wakers, which any thread may call.
struct Shared {
    /// The numbers of the tasks that have to be polled.
    woken: Mutex<VecDeque<usize>>,
    /// Notified when a task was woken.
    more: Condvar,
}

/// The waker of one task.
struct TaskWaker {
    task: usize,
    shared: Arc<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.shared.woken.lock().unwrap().push_back(self.task);
        self.shared.more.notify_one();
    }
}

/// Polls tasks when they're woken, on the thread that calls `block_on`.
pub struct Executor {
    tasks: RefCell<Vec<Option<Task>>>,
    shared: Arc<Shared>,
}

impl Executor {
    /// Creates an executor without tasks.
    pub fn new() -> Self {
        let shared = Shared { woken: Mutex::new(VecDeque::new()), more: Condvar::new() };
        Self { tasks: RefCell::default(), shared: Arc::new(shared) }
    }

    /// Adds a task, which `block_on` will poll. A task may call it as well.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let number = self.tasks.borrow().len();
        self.tasks.borrow_mut().push(Some(Box::pin(task)));
        self.shared.woken.lock().unwrap().push_back(number);
    }

    /// Polls the tasks and `future`, until `future` is ready. Sleeps while none of them is woken.
    pub fn block_on<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> T {
        let output = Rc::new(RefCell::new(None));
        let place = Rc::clone(&output);
        self.spawn(async move {
            let value = future.await;
            *place.borrow_mut() = Some(value);
        });
        loop {
            if let Some(value) = output.take() {
                return value;
            }
            let number = {
                let woken = self.shared.woken.lock().unwrap();
                let mut woken = self.shared.more.wait_while(woken, |woken| woken.is_empty()).unwrap();
                woken.pop_front().unwrap()
            };
            self.poll(number);
        }
    }

    /// Polls a task, unless it has ended.
    fn poll(&self, number: usize) {
        // While it's polled, the task isn't borrowed, because it may spawn others.
        let mut tasks = self.tasks.borrow_mut();
        let Some(mut task) = tasks[number].take() else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task: number, shared: Arc::clone(&self.shared) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            tasks[number] = Some(task);
        }
    }
}
