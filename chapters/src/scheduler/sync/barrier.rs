//! The counterpart of [`std::sync::Barrier`].

use std::panic::Location;

use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op, View, join};

/// A point that a number of threads must have reached before any of them continues: see [`std::sync::Barrier`].
#[derive(Debug)]
pub struct Barrier(ObjectId);

/// Whether a thread was the last one to arrive: see [`std::sync::BarrierWaitResult`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether the thread is the leader: here it's the last one that arrived.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Creates a barrier for a number of threads.
    #[track_caller]
    pub fn new(parties: usize) -> Self {
        let name = place::name(current().0.sources, Location::caller(), "Barrier");
        let object = Object::Barrier { parties: parties.max(1), arrived: vec![], round: 0, view: View::new() };
        Self(quietly(|world, thread| world.add(thread, name, object)))
    }

    /// Blocks until all threads have arrived.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let id = self.0;
        let arrived = step(Op::Arrive(id), String::new(), |world, thread, _| {
            let seen = world.view(thread);
            let Object::Barrier { parties, arrived, round, view } = &mut world.objects[id].1 else { return (0, true) };
            join(view, &seen);
            arrived.push(thread);
            arrived.sort_unstable();
            let result = (*round, arrived.len() == *parties);
            if result.1 {
                arrived.clear();
                *round += 1;
                let view = view.clone();
                world.acquire(thread, &view);
            }
            world.saw(thread, result);
            result
        });
        let (round, is_last) = arrived.unwrap_or((0, true));
        if !is_last {
            step(Op::Leave(id, round), String::new(), |world, thread, _| {
                let Object::Barrier { view, .. } = &world.objects[id].1 else { return };
                let view = view.clone();
                world.acquire(thread, &view);
            });
        }
        BarrierWaitResult(is_last)
    }
}
