//! The counterpart of [`std::cell::UnsafeCell`].

use std::cell;
use std::fmt::{self, Debug};

use crate::scheduler::engine::quietly;

/// A value that threads share without a type of this module, because an atomic says which of them may use it: see
/// [`std::cell::UnsafeCell`].
///
/// It isn't shown, and using it isn't a step. But what a thread finds there depends on the threads that have used it
/// before, so the scheduler must know of each use: states that differ in nothing but such a value are different.
pub struct UnsafeCell<T> {
    /// Its number, unless there is nothing to find.
    id: Option<usize>,
    value: cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Creates a cell.
    pub fn new(value: T) -> Self {
        let id = (size_of::<T>() > 0).then(|| quietly(|world, thread| world.add_cell(thread)));
        Self { id, value: value.into() }
    }

    /// Returns a pointer to the value, and counts as a use.
    pub fn get(&self) -> *mut T {
        if let Some(id) = self.id {
            quietly(|world, thread| world.use_cell(thread, id));
        }
        self.value.get()
    }
}

impl<T> Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
