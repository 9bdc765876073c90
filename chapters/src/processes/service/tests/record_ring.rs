use super::*;

fn empty_ring() -> RecordRing {
    RecordRing::new(&Arc::new(Shared::new(WORDS).unwrap()), WorkerId(3), Instant::now()).unwrap()
}

fn job(number: u64) -> Job {
    Job { number, kind: Kind::Io, size: 1.25 }
}

#[test]
fn what_one_handle_records_the_other_reads_once() {
    let worker = empty_ring();
    let service = worker.clone();
    let said = [
        Event::WorkerStarted,
        Event::JobStarted(job(u64::MAX)),
        Event::JobCompleted(job(u64::MAX)),
        Event::NoWork,
        Event::JobPut(job(7)),
        Event::JobStarted(Job { kind: Kind::Net, ..job(8) }),
        Event::ended(Job { kind: Kind::Net, ..job(8) }, Err(Failure::ShortAnswer)),
        Event::ended(job(9), Err(Failure::WrongAnswer)),
        Event::ended(Job { kind: Kind::Cpu, ..job(10) }, Err(Failure::NoAnswer)),
        Event::ended(job(11), Err(Failure::System(-1 << 20))),
        Event::ended(job(12), Err(Failure::System(111))),
        Event::WaitStarted(Resource::Room),
        Event::WaitEnded(Resource::Room),
        Event::Acquired(Resource::Lock),
        Event::Released(Resource::Lock),
        Event::Signalled(Resource::Queue),
        Event::WorkerFinished,
    ];
    said.iter().cloned().for_each(|event| _ = worker.record(event));
    let records = service.read();
    assert!(records.is_sorted_by_key(|record| record.at));
    assert!(records.iter().all(|record| record.worker == Some(WorkerId(3))));
    assert_eq!(records.into_iter().map(|record| record.event).collect::<Vec<_>>(), said);
    assert!(service.read().is_empty());
}

#[test]
fn a_full_ring_makes_the_worker_wait_and_loses_nothing() {
    let worker = empty_ring();
    let service = worker.clone();
    let jobs = 5 * SLOTS;
    let writer = thread::spawn(move || (0..jobs).for_each(|number| _ = worker.record(Event::JobStarted(job(number)))));
    let mut read = Vec::new();
    while (read.len() as u64) < jobs {
        read.extend(service.read().into_iter().filter_map(|record| record.event.job().map(|job| job.number)));
    }
    writer.join().unwrap();
    assert!(read.into_iter().eq(0..jobs));
}

#[test]
fn a_writer_that_stops_in_the_middle_leaves_the_ring_incomplete() {
    let ring = empty_ring();
    ring.record(Event::NoWork);
    assert!(ring.is_complete());
    ring.words[WRITING].store(1, Ordering::SeqCst);
    assert!(!ring.is_complete());
}

#[test]
fn a_slot_that_holds_nonsense_is_passed_over() {
    let ring = empty_ring();
    ring.record(Event::NoWork);
    slot(&ring.words, 0)[1].store(99, Ordering::Relaxed);
    assert!(ring.read().is_empty());
}
