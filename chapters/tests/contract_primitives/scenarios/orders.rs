//! `LifoQueue`, `PriorityQueue` and `SimpleQueue`, as far as they differ from `Queue`.

use super::{Kind, scenarios};
use crate::stage::Stage;
use crate::words::Answer::{Done, Empty, Full, Is, Item, Number};
use crate::words::{Do, Subject};

scenarios! {
    &[Kind::Thread, Kind::Coroutine] => lifo_and_priority_queues_have_their_orders;
    &[Kind::Thread, Kind::Process] => simple_queue_is_first_in_first_out;
}

fn lifo_and_priority_queues_have_their_orders(stage: &Stage) {
    let lifo = (Subject::Lifo { maxsize: 4 }, [1, 6, 2, 5, 2]);
    let priority = (Subject::Priority { maxsize: 4 }, [1, 2, 2, 5, 6]);
    for (subject, [first, others @ ..]) in [lifo, priority] {
        let [ann, bob] = stage.actors(subject);
        for number in [2, 5, 2, 1] {
            bob.does(Do::IsFull, Is(false));
            ann.does(Do::Put(number), Done);
        }
        ann.does(Do::TryPut(7), Full(7));
        bob.does(Do::Get, Item(first));
        ann.does(Do::Put(6), Done);
        for number in others {
            bob.does(Do::Get, Item(number));
        }
        bob.does(Do::TryGet, Empty);
    }
}

fn simple_queue_is_first_in_first_out(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Simple);
    bob.does(Do::IsEmpty, Is(true));
    bob.does(Do::TryGet, Empty);
    bob.does(Do::GetTimeout(0), Empty);
    bob.times_out(10, Do::GetTimeout(10), Empty);
    for number in 0..20 {
        bob.does(Do::Len, Number(number));
        ann.does(Do::Put(number), Done);
    }
    bob.does(Do::IsEmpty, Is(false));
    for number in 0..20 {
        bob.does([Do::Get, Do::TryGet, Do::GetTimeout(0)][number as usize % 3], Item(number));
    }
    bob.does(Do::IsEmpty, Is(true));
}
