//! Reference implementations of the subjects of random scenarios, as simple as possible.

use std::collections::VecDeque;

use chapters::random::Random;
use rand::RngExt;

use super::{Reference, pick};
use crate::stage::LONG;
use crate::words::{Answer, Do};

#[derive(Clone, Debug, Default)]
pub struct QueueModel {
    maxsize: usize,
    items: VecDeque<u64>,
    put: u64,
    /// How many items each actor has taken without calling `task_done`.
    in_hand: [usize; 4],
    shut_down: bool,
}

impl QueueModel {
    pub fn new(maxsize: usize) -> Self {
        Self { maxsize, ..Self::default() }
    }
}

impl Reference for QueueModel {
    fn command(&self, who: usize, random: &mut Random) -> Do {
        let item = 10 * self.put + who as u64;
        let at_once = [Do::TryPut(item), Do::PutTimeout(item, 0), Do::TryGet, Do::GetTimeout(0), Do::Len, Do::IsFull];
        let waiting = [Do::Put(item), Do::Get];
        match random.random_range(0..100) {
            0 => Do::Shutdown { immediate: random.random() },
            1..=10 if who > 0 && self.in_hand[who] == 0 => Do::Join,
            11..=20 if self.in_hand[who] > 0 => Do::TaskDone,
            21..=40 => pick(&at_once, random),
            _ if who > 0 => pick(&waiting, random),
            _ => pick(&at_once, random),
        }
    }

    fn does(&mut self, who: usize, command: Do) -> Option<Answer> {
        let full = self.maxsize > 0 && self.items.len() >= self.maxsize;
        Some(match command {
            Do::Put(item) | Do::TryPut(item) | Do::PutTimeout(item, _) => {
                if self.shut_down {
                    return Some(Answer::ShutDown(Some(item)));
                }
                if full {
                    return (!matches!(command, Do::Put(_))).then_some(Answer::Full(item));
                }
                self.items.push_back(item);
                self.put += 1;
                Answer::Done
            }
            Do::Get | Do::TryGet | Do::GetTimeout(_) => match self.items.pop_front() {
                Some(item) => {
                    self.in_hand[who] += 1;
                    Answer::Item(item)
                }
                None if self.shut_down => Answer::ShutDown(None),
                None if command == Do::Get => return None,
                None => Answer::Empty,
            },
            Do::TaskDone => {
                self.in_hand[who] -= 1;
                Answer::Done
            }
            Do::Join => return (self.items.is_empty() && self.in_hand == [0; 4]).then_some(Answer::Done),
            Do::Shutdown { immediate } => {
                self.shut_down = true;
                if immediate {
                    self.items.clear();
                }
                Answer::Done
            }
            Do::Len => self.items.len().into(),
            Do::IsFull => full.into(),
            _ => unreachable!("not said in this conversation"),
        })
    }

    fn ways_out(&self) -> Vec<(usize, Do)> {
        let tasks = (0..4).flat_map(|who| vec![(who, Do::TaskDone); self.in_hand[who]]);
        [(0, Do::Shutdown { immediate: true })].into_iter().chain(tasks).collect()
    }
}

/// The number of available permits, and the numbers of permits that the actors hold.
#[derive(Clone, Debug)]
pub struct SemaphoreModel {
    permits: usize,
    held: [usize; 4],
}

impl SemaphoreModel {
    pub fn new(permits: usize) -> Self {
        Self { permits, held: [0; 4] }
    }
}

impl Reference for SemaphoreModel {
    fn command(&self, who: usize, random: &mut Random) -> Do {
        let at_once =
            [Do::TryAcquire, Do::AcquireTimeout(0), Do::Available, Do::ReleaseMany(random.random_range(0..3))];
        match random.random_range(0..10) {
            0..=3 if self.held[who] > 0 => Do::Release,
            4 if self.held[who] > 0 => Do::Forget,
            5..=8 if who > 0 => pick(&[Do::Acquire, Do::AcquireTimeout(LONG)], random),
            _ => pick(&at_once, random),
        }
    }

    fn does(&mut self, who: usize, command: Do) -> Option<Answer> {
        match command {
            Do::Acquire | Do::TryAcquire | Do::AcquireTimeout(_) if self.permits > 0 => {
                self.permits -= 1;
                self.held[who] += 1;
                return Some(Answer::Acquired);
            }
            Do::Acquire | Do::AcquireTimeout(LONG) => return None,
            Do::TryAcquire | Do::AcquireTimeout(_) => return Some(Answer::Refused),
            Do::Release => {
                self.held[who] -= 1;
                self.permits += 1;
            }
            Do::Forget => self.held[who] -= 1,
            Do::ReleaseMany(n) => self.permits += n,
            Do::Available => return Some(self.permits.into()),
            _ => unreachable!("not said in this conversation"),
        }
        Some(Answer::Done)
    }

    fn ways_out(&self) -> Vec<(usize, Do)> {
        vec![(0, Do::ReleaseMany(1))]
    }
}

/// The owner, and the number of its guards.
#[derive(Clone, Debug, Default)]
pub struct RLockModel {
    owner: usize,
    depth: usize,
}

impl Reference for RLockModel {
    fn command(&self, who: usize, random: &mut Random) -> Do {
        match random.random_range(0..10) {
            0..=4 if self.depth > 0 && self.owner == who => Do::Release,
            5..=8 if who > 0 => pick(&[Do::Acquire, Do::AcquireTimeout(LONG)], random),
            _ => pick(&[Do::TryAcquire, Do::AcquireTimeout(0), Do::IsLocked], random),
        }
    }

    fn does(&mut self, who: usize, command: Do) -> Option<Answer> {
        match command {
            Do::IsLocked => Some(Answer::Is(self.depth > 0)),
            Do::Release => {
                self.depth -= 1;
                Some(Answer::Done)
            }
            _ if self.depth == 0 || self.owner == who => {
                *self = Self { owner: who, depth: self.depth + 1 };
                Some(Answer::Acquired)
            }
            Do::Acquire | Do::AcquireTimeout(LONG) => None,
            _ => Some(Answer::Refused),
        }
    }

    fn ways_out(&self) -> Vec<(usize, Do)> {
        vec![(self.owner, Do::Release); self.depth]
    }
}

#[derive(Clone, Debug, Default)]
pub struct EventModel {
    set: bool,
}

impl Reference for EventModel {
    fn command(&self, who: usize, random: &mut Random) -> Do {
        match random.random_range(0..10) {
            0..=5 if who > 0 => pick(&[Do::Wait, Do::WaitTimeout(LONG)], random),
            _ => pick(&[Do::Set, Do::Clear, Do::Clear, Do::IsSet, Do::WaitTimeout(0)], random),
        }
    }

    fn does(&mut self, _who: usize, command: Do) -> Option<Answer> {
        match command {
            Do::Set | Do::Clear => self.set = command == Do::Set,
            Do::IsSet | Do::WaitTimeout(0) => return Some(Answer::Is(self.set)),
            Do::WaitTimeout(_) => return self.set.then_some(Answer::Is(true)),
            Do::Wait => return self.set.then_some(Answer::Done),
            _ => unreachable!("not said in this conversation"),
        }
        Some(Answer::Done)
    }

    fn ways_out(&self) -> Vec<(usize, Do)> {
        vec![(0, Do::Set)]
    }
}

/// The parties that have arrived, in order of arrival, and the answers of those that are leaving.
#[derive(Clone, Debug, Default)]
pub struct BarrierModel {
    parties: usize,
    arrived: Vec<usize>,
    leaving: [Option<Answer>; 4],
    broken: bool,
    rounds: u64,
}

impl BarrierModel {
    pub fn new(parties: usize) -> Self {
        Self { parties, ..Self::default() }
    }

    fn arrive(&mut self, who: usize, command: Do) {
        self.arrived.push(who);
        if self.broken {
            self.turn_away();
        } else if self.arrived.len() == self.parties {
            self.rounds += 1;
            for (index, who) in self.arrived.drain(..).enumerate() {
                self.leaving[who] = Some(Answer::Passed { index, actions: self.rounds });
            }
        } else if command == Do::WaitTimeout(0) {
            self.broken = true;
            self.turn_away();
        }
    }

    fn turn_away(&mut self) {
        for who in self.arrived.drain(..) {
            self.leaving[who] = Some(Answer::Broken);
        }
    }
}

impl Reference for BarrierModel {
    fn command(&self, who: usize, random: &mut Random) -> Do {
        match random.random_range(0..20) {
            0..=14 if who > 0 => pick(&[Do::Wait, Do::WaitTimeout(LONG)], random),
            15 => pick(&[Do::WaitTimeout(0), Do::Abort], random),
            16..=17 => Do::Reset,
            _ => pick(&[Do::IsBroken, Do::Waiting], random),
        }
    }

    fn begins(&mut self, who: usize, command: Do) {
        match command {
            Do::Wait | Do::WaitTimeout(_) => self.arrive(who, command),
            Do::Abort | Do::Reset => {
                self.broken = command == Do::Abort;
                self.turn_away();
            }
            _ => {}
        }
    }

    fn does(&mut self, who: usize, command: Do) -> Option<Answer> {
        match command {
            Do::Wait | Do::WaitTimeout(_) => self.leaving[who].take(),
            Do::IsBroken => Some(Answer::Is(self.broken)),
            Do::Waiting => Some(self.arrived.len().into()),
            _ => Some(Answer::Done),
        }
    }

    fn ways_out(&self) -> Vec<(usize, Do)> {
        vec![(0, Do::Abort)]
    }
}
