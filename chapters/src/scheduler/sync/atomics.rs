//! The counterparts of the types of [`std::sync::atomic`].

use std::fmt::{self, Debug};
use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op};

/// A value that an atomic can have.
trait Bits: Copy + Debug + PartialEq {
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
}

impl Bits for bool {
    fn to_bits(self) -> u64 {
        self.into()
    }

    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}

fn new<T: Bits>(value: T, kind: &str, at: &Location<'_>) -> ObjectId {
    let name = place::name(current().0.sources, at, kind);
    let show: fn(u64) -> String = |bits| format!("{:?}", T::from_bits(bits));
    quietly(|world, thread| {
        let view = world.view(thread);
        world.add(thread, name, Object::Atomic { stores: vec![(value.to_bits(), view)], show })
    })
}

#[track_caller]
fn load<T: Bits>(id: ObjectId, order: Ordering) -> T {
    let loaded = step(Op::Load(id, order), String::new(), |world, thread, way| world.load(thread, id, order, way));
    T::from_bits(loaded.unwrap_or(0))
}

#[track_caller]
fn store<T: Bits>(id: ObjectId, value: T, order: Ordering) {
    let bits = value.to_bits();
    step(Op::Store(id, order, bits), format!("{value:?}"), |world, thread, _| world.store(thread, id, order, bits));
}

/// Reads the newest value and writes another one, if there is one to write. `detail` says it in words, with `{}` for
/// the name of the atomic.
#[track_caller]
fn change<T: Bits>(
    id: ObjectId,
    order: Ordering,
    failure: Ordering,
    detail: String,
    change: impl FnOnce(T) -> Option<T>,
) -> T {
    let old = step(Op::ReadModifyWrite(id, order), detail, |world, thread, _| {
        world.read_modify_write(thread, id, order, failure, |old| change(T::from_bits(old)).map(T::to_bits))
    });
    T::from_bits(old.unwrap_or(0))
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[doc = concat!("See [`std::sync::atomic::", stringify!($name), "`].")]
        pub struct $name(ObjectId);

        impl $name {
            /// Creates an atomic.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(new(value, stringify!($name), Location::caller()))
            }

            /// Loads the value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                load(self.0, order)
            }

            /// Stores a value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                store(self.0, value, order);
            }

            /// Stores a value and returns the previous one.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("swap {value:?} into {{}}"), |_| Some(value))
            }

            /// Stores `new` if the value is `current`.
            ///
            /// # Errors
            ///
            /// When it's another value, which is returned.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let detail = format!("compare_exchange {{}} from {current:?} to {new:?}");
                let old = change(self.0, success, failure, detail, |old| (old == current).then_some(new));
                if old == current { Ok(old) } else { Err(old) }
            }

            /// The same; it doesn't fail spuriously here.
            ///
            /// # Errors
            ///
            /// When it's another value, which is returned.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// Stores what `update` returns for the value, and begins again if the value has changed in the meantime.
            ///
            /// # Errors
            ///
            /// When `update` returns `None`; the error is the value.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut current = self.load(fetch_order);
                while let Some(new) = update(current) {
                    match self.compare_exchange(current, new, set_order, fetch_order) {
                        Ok(old) => return Ok(old),
                        Err(changed) => current = changed,
                    }
                }
                Err(current)
            }

            /// The older name of [`try_update`](Self::try_update).
            ///
            /// # Errors
            ///
            /// When `update` returns `None`; the error is the value.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.try_update(set_order, fetch_order, update)
            }

            /// Returns the value. No other thread can be using it.
            pub fn into_inner(self) -> $value {
                let id = self.0;
                <$value>::from_bits(quietly(|world, thread| match &world.objects[id].1 {
                    Object::Atomic { stores, .. } => {
                        let value = stores.last().map_or(0, |(value, _)| *value);
                        world.saw(thread, value);
                        value
                    }
                    _ => 0,
                }))
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }

        impl Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
}

macro_rules! bitwise {
    ($name:ident, $value:ty) => {
        atomic!($name, $value);

        impl $name {
            /// Keeps the bits that are also set in `other`, and returns the previous value.
            #[track_caller]
            pub fn fetch_and(&self, other: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("and {other:?} into {{}}"), |old: $value| Some(old & other))
            }

            /// Sets the bits that are set in `other`, and returns the previous value.
            #[track_caller]
            pub fn fetch_or(&self, other: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("or {other:?} into {{}}"), |old: $value| Some(old | other))
            }

            /// Flips the bits that are set in `other`, and returns the previous value.
            #[track_caller]
            pub fn fetch_xor(&self, other: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("xor {other:?} into {{}}"), |old: $value| Some(old ^ other))
            }
        }
    };
}

macro_rules! number {
    ($name:ident, $value:ty) => {
        impl Bits for $value {
            fn to_bits(self) -> u64 {
                self as u64
            }

            fn from_bits(bits: u64) -> Self {
                bits as $value
            }
        }

        bitwise!($name, $value);

        impl $name {
            /// Adds to the value and returns the previous one.
            #[track_caller]
            pub fn fetch_add(&self, by: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("add {by} to {{}}"), |old: $value| Some(old.wrapping_add(by)))
            }

            /// Subtracts from the value and returns the previous one.
            #[track_caller]
            pub fn fetch_sub(&self, by: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("subtract {by} from {{}}"), |old: $value| {
                    Some(old.wrapping_sub(by))
                })
            }

            /// Stores the greater of the two values and returns the previous one.
            #[track_caller]
            pub fn fetch_max(&self, other: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("raise {{}} to at least {other}"), |old: $value| {
                    Some(old.max(other))
                })
            }

            /// Stores the smaller of the two values and returns the previous one.
            #[track_caller]
            pub fn fetch_min(&self, other: $value, order: Ordering) -> $value {
                change(self.0, order, order, format!("lower {{}} to at most {other}"), |old: $value| {
                    Some(old.min(other))
                })
            }
        }
    };
}

bitwise!(AtomicBool, bool);
number!(AtomicU8, u8);
number!(AtomicU16, u16);
number!(AtomicU32, u32);
number!(AtomicU64, u64);
number!(AtomicUsize, usize);
number!(AtomicI8, i8);
number!(AtomicI16, i16);
number!(AtomicI32, i32);
number!(AtomicI64, i64);
number!(AtomicIsize, isize);

/// See [`std::sync::atomic::fence`].
#[track_caller]
pub fn fence(order: Ordering) {
    step(Op::Fence(order), String::new(), |world, thread, _| world.fence(thread, order));
}
