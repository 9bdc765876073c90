//! The counterpart of [`std::sync::OnceLock`].

use std::fmt::Debug;
use std::panic::Location;

use crate::scheduler::engine::{abandon, current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op, View};

/// A cell that is initialized once: see [`std::sync::OnceLock`].
#[derive(Debug)]
pub struct OnceLock<T> {
    id: ObjectId,
    value: std::sync::OnceLock<T>,
}

/// Lets other threads initialize the cell if the thread that does panics.
struct Initializing(ObjectId, Option<String>);

impl Drop for Initializing {
    fn drop(&mut self) {
        let (id, shown) = (self.0, self.1.take());
        let detail = shown.clone().unwrap_or_else(|| "nothing".to_owned());
        step(Op::EndInitialize(id), detail, |world, thread, _| {
            let seen = world.view(thread);
            let Object::Cell { initializing, value, view } = &mut world.objects[id].1 else { return };
            *initializing = None;
            if shown.is_some() {
                (*value, *view) = (shown, seen);
            }
        });
    }
}

impl<T: Debug> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Debug> OnceLock<T> {
    /// Creates a cell without a value.
    #[track_caller]
    pub fn new() -> Self {
        let name = place::name(current().0.sources, Location::caller(), "OnceLock");
        let object = Object::Cell { initializing: None, value: None, view: View::new() };
        Self { id: quietly(|world, thread| world.add(thread, name, object)), value: std::sync::OnceLock::new() }
    }

    /// Returns the value, after setting it to the result of `initialize` if the cell is empty. Blocks while another
    /// thread initializes it.
    #[track_caller]
    pub fn get_or_init(&self, initialize: impl FnOnce() -> T) -> &T {
        let id = self.id;
        let is_set = step(Op::Initialize(id), String::new(), |world, thread, _| {
            let Object::Cell { initializing, value, view } = &mut world.objects[id].1 else { return true };
            let (is_set, view) = (value.is_some(), view.clone());
            if is_set {
                world.acquire(thread, &view);
            } else {
                *initializing = Some(thread);
            }
            world.saw(thread, is_set);
            world.observed(thread, if is_set { "it's set" } else { "it isn't set" });
            is_set
        });
        if is_set.unwrap_or(false) {
            return self.value.get().expect("the cell is set");
        }
        let mut initializing = Initializing(id, None);
        let value = initialize();
        initializing.1 = Some(format!("{value:?}"));
        let value = self.value.get_or_init(|| value);
        drop(initializing);
        value
    }

    /// Returns the value if it has been set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.get_in(Op::GetCell(self.id))
    }

    /// Blocks until the value has been set, and returns it.
    #[track_caller]
    pub fn wait(&self) -> &T {
        match self.get_in(Op::AwaitCell(self.id)) {
            Some(value) => value,
            None => abandon(), // the execution is ending, and no thread will set the value
        }
    }

    #[track_caller]
    fn get_in(&self, op: Op) -> Option<&T> {
        let id = self.id;
        let is_set = step(op, String::new(), |world, thread, _| {
            let Object::Cell { value, view, .. } = &world.objects[id].1 else { return false };
            let (is_set, view) = (value.is_some(), view.clone());
            if is_set {
                world.acquire(thread, &view);
            }
            world.saw(thread, is_set);
            world.observed(thread, if is_set { "it's set" } else { "it isn't set" });
            is_set
        });
        if is_set.unwrap_or(false) { self.value.get() } else { None }
    }

    /// Sets the value if the cell is empty. Blocks while another thread initializes it.
    ///
    /// # Errors
    ///
    /// When there is a value: the new one is returned.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("a cell is initialized once"));
        match value {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }
}
