//! Tests of timelines that the book doesn't have as figures, such as those of many workers. `tests/book/recorded.rs` draws
//! each figure again from its trace.

use std::collections::HashSet;

use roxmltree::{Document, Node};

use super::*;
use crate::job::{Job, Kind};
use crate::random::Seed;
use crate::record::{Event, WorkerId};
use crate::service::Plan;
use crate::view::sample;

fn of_class<'a>(document: &'a Document, class: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
}

fn description(document: &Document) -> String {
    let desc = document.root_element().children().find(|node| node.has_tag_name("desc")).unwrap();
    desc.text().unwrap().to_owned()
}

fn number(node: Node, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// The start and the end of each bar of a lane, including bars without a number.
fn spans(lane: Node) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for node in lane.children() {
        match node.attribute("class") {
            Some("job") => spans.push((number(node, "x"), number(node, "x") + number(node, "width"))),
            Some("jobs") => {
                let pieces = node.attribute("d").unwrap().split('M').skip(1);
                spans.extend(pieces.map(|piece| {
                    let (left, width) = piece.split_once('h').unwrap();
                    let left: f64 = left.split(' ').next().unwrap().parse().unwrap();
                    (left, left + width.parse::<f64>().unwrap())
                }));
            }
            _ => {}
        }
    }
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    spans
}

fn assert_no_overlap(document: &Document) {
    for lane in of_class(document, "lane") {
        for pair in spans(lane).windows(2) {
            assert!(pair[0].1 <= pair[1].0 + 0.001, "{pair:?}");
        }
    }
}

/// A run in which `workers` take turns with `jobs` that each last `nanos`.
fn busy(model: &'static str, workers: u32, jobs: u64, nanos: u64) -> (Run, Vec<Record>) {
    let plan = Plan { workers, time: Duration::from_secs(1), scale: 1.0, until_done: false, echo_port: None };
    let run = Run { model, scene: None, interpreter: None, seed: Seed::from(1), jobs, plan };
    let record = |nanos, worker, event| Record { at: Duration::from_nanos(nanos), worker: Some(worker), event };
    let mut records: Vec<Record> = (0..workers).map(|id| record(0, WorkerId(id), Event::WorkerStarted)).collect();
    for number in 0..jobs {
        let worker = WorkerId((number % u64::from(workers)) as u32);
        let (round, job) = (number / u64::from(workers), Job { number, kind: Kind::Cpu, size: 1.0 });
        records.push(record(round * (nanos + nanos / 2), worker, Event::JobStarted(job)));
        records.push(record(round * (nanos + nanos / 2) + nanos, worker, Event::JobCompleted(job)));
    }
    (run, records)
}

#[test]
fn the_picture_has_a_text_alternative() {
    let picture = draw(sample::run(), &sample::whole());
    let document = Document::parse(&picture).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let ids: HashSet<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    assert!(root.attribute("aria-labelledby").unwrap().split(' ').all(|id| ids.contains(id)));
    assert_eq!(
        description(&document),
        "A run of 1.200 s, of threads: 2 workers, 4 jobs: 2 completed, 1 left, 1 lost. \
         worker-1 completed 2 jobs and waited 0.200 s in all. \
         worker-2 completed 0 jobs and waited 0.100 s in all, and died. \
         The service was told to stop at 1.000 s."
    );
}

#[test]
fn a_picture_stays_small_however_many_jobs_there_are() {
    let (run, records) = busy("threads", 4, 300_000, 1000);
    let picture = draw(run, &records);
    assert!(picture.len() < 300_000, "{} bytes", picture.len());
    assert!(picture.contains("drawn as one bar"));
    let document = Document::parse(&picture).unwrap();
    assert!(
        of_class(&document, "job").iter().any(|bar| bar.first_element_child().is_some_and(|title| {
            title.text().unwrap().starts_with("75000 jobs, 0.000 ms to 112.499 ms, busy 67 %")
        }))
    );
    assert_no_overlap(&document);
}

#[test]
fn a_picture_stays_small_however_many_workers_there_are() {
    let (run, records) = busy("coroutines", 10_000, 300_000, 1000);
    let picture = draw(run, &records);
    assert!(picture.len() < 300_000, "{} bytes", picture.len());
    let document = Document::parse(&picture).unwrap();
    assert_eq!(of_class(&document, "lane").len(), 40);
    assert!(picture.contains("The picture shows the first 40 of 10000 workers."));
    assert!(description(&document).contains("from 30 to 30 jobs each, half of them at least 30."));
    assert_no_overlap(&document);
}

#[test]
fn a_picture_stays_small_when_every_bar_is_as_thin_as_can_be_seen() {
    for rounds in [60, 200, 300, 400, 600, 1000] {
        let (run, records) = busy("processes", 40, 40 * rounds, 1000);
        let picture = draw(run, &records);
        assert!(picture.len() < 300_000, "{rounds} rounds: {} bytes", picture.len());
        assert_no_overlap(&Document::parse(&picture).unwrap());
    }
}

#[test]
fn several_pictures_can_share_a_page() {
    let ids = |picture: &str| -> HashSet<String> {
        let document = Document::parse(picture).unwrap();
        document.descendants().filter_map(|node| node.attribute("id").map(str::to_owned)).collect()
    };
    let one = draw(sample::run(), &sample::whole());
    let other = draw(Run { seed: Seed::from(2), ..sample::run() }, &sample::whole());
    assert!(ids(&one).is_disjoint(&ids(&other)));
    assert_eq!(one, draw(sample::run(), &sample::whole()), "the same run is the same picture");
}

#[test]
fn any_window_and_every_beginning_of_a_run_can_be_drawn() {
    let (_, records) = turns(5, 10_000);
    for window in [0..1, 99_990..200_000, 300_000..300_001, 1..2] {
        let window = Duration::from_millis(window.start)..Duration::from_millis(window.end);
        let picture = draw_window(sample::run(), &records, &window);
        Document::parse(&picture).unwrap();
        assert!(!picture.contains("NaN"), "{window:?}");
    }
    let records = sample::whole();
    for length in 0..records.len() {
        let picture = draw(sample::run(), &records[..length]);
        Document::parse(&picture).unwrap();
        assert!(!picture.contains("NaN"), "after {length} records");
    }
}

#[test]
fn a_seed_of_any_length_and_a_name_of_any_letters_fit_the_page() {
    let seed: Seed = "9".repeat(4000).parse().unwrap();
    let picture = draw(Run { seed, model: "<threads & \"more\">", ..sample::run() }, &sample::whole());
    let document = Document::parse(&picture).unwrap();
    let caption = of_class(&document, "caption")[0].text().unwrap();
    let expected = "<threads & \"more\">: 2 workers, 4 jobs, seed 99999999999999999999...: 2 completed, 1 left, 1 lost";
    assert_eq!(caption, expected);
}

/// Two workers that take turns of `millis` each, for as many rounds, each at one job.
fn turns(millis: u64, rounds: u64) -> (Run, Vec<Record>) {
    let mut records: Vec<Record> = Vec::new();
    for worker in [1, 2] {
        records.push(sample::record(0, worker, Event::WorkerStarted));
        records.push(sample::record(0, worker, Event::JobStarted(sample::job(worker.into()))));
    }
    for turn in 0..2 * rounds {
        let worker = (turn % 2 + 1) as u32;
        records.push(sample::record(turn * millis, worker, Event::GilAcquired));
        records.push(sample::record((turn + 1) * millis, worker, Event::GilReleased));
    }
    for worker in [1, 2] {
        records.push(sample::record(2 * rounds * millis, worker, Event::JobCompleted(sample::job(worker.into()))));
    }
    (sample::run(), records)
}

#[test]
fn thousands_of_holds_stay_small_and_are_said_to_be_merged() {
    let (run, records) = turns(5, 10_000);
    let picture = draw(run, &records);
    assert!(picture.len() < 60_000, "{} bytes", picture.len());
    assert!(picture.contains("Neighboring holds thinner than a pixel are drawn as one bar"));
    let document = Document::parse(&picture).unwrap();
    // Each worker holds the lock half of the time, and the bars are half as high as that of a hold alone.
    let heights: HashSet<&str> = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("hold"))
        .skip(1)
        .filter_map(|node| node.attribute("height"))
        .collect();
    assert_eq!(heights, HashSet::from(["8"]));
}

/// A scene: worker-1 holds the lock twice over while worker-2 waits for it; then both wait at a barrier, worker-1 puts a
/// job, and worker-2 opens.
fn scene() -> (Run, Vec<Record>) {
    use crate::record::Resource::{Barrier, Condition, Lock};
    let events = [
        (0, 1, Event::WorkerStarted),
        (0, 2, Event::WorkerStarted),
        (0, 1, Event::Acquired(Lock)),
        (10, 2, Event::WaitStarted(Lock)),
        (20, 1, Event::Acquired(Lock)),
        (20, 1, Event::JobStarted(sample::job(0))),
        (60, 1, Event::JobCompleted(sample::job(0))),
        (60, 1, Event::Released(Lock)),
        (70, 1, Event::Released(Lock)),
        (70, 2, Event::WaitEnded(Lock)),
        (70, 1, Event::JobPut(sample::job(1))),
        (70, 1, Event::WaitStarted(Barrier)),
        (80, 2, Event::Signalled(Condition)),
        (90, 2, Event::Signalled(Barrier)),
        (90, 1, Event::WaitEnded(Barrier)),
        (100, 1, Event::WorkerFinished),
        (100, 2, Event::WorkerFinished),
    ];
    let records = events.into_iter().map(|(at, worker, event)| sample::record(at, worker, event)).collect();
    (Run { scene: Some("barrier"), ..sample::run() }, records)
}

#[test]
fn a_lock_that_is_held_twice_is_drawn_twice() {
    let (run, records) = scene();
    let picture = draw(run, &records);
    let document = Document::parse(&picture).unwrap();
    let in_lanes = |class| of_class(&document, class).into_iter().filter(|node| node.first_element_child().is_some());
    let [outer, inner] = ["hold", "inner"].map(|class| in_lanes(class).map(|node| number(node, "width")).collect());
    let (outer, inner): (Vec<f64>, Vec<f64>) = (outer, inner);
    assert_eq!((outer.len(), inner.len()), (1, 1), "{picture}");
    assert!((outer[0] / inner[0] - 70.0 / 40.0).abs() < 0.01, "{outer:?} {inner:?}");
    assert!(picture.contains("held the lock for 40.0 ms, 20.000 ms to 60.000 ms again</title>"), "{picture}");
    assert!(!picture.contains("GIL"), "{picture}");
}

#[test]
fn a_scene_has_a_description() {
    let (run, records) = scene();
    let picture = draw(run, &records);
    let document = Document::parse(&picture).unwrap();
    assert_eq!(
        description(&document),
        "A run of 100.000 ms, of barrier with threads: 2 workers, 4 jobs: 1 completed. \
         The workers held the lock 2 times, 70.0 ms at the median. \
         worker-1 completed 1 job, held the lock 2 times, 70.0 ms at the median, and waited 20.000 ms at the barrier. \
         worker-2 completed 0 jobs and waited 60.000 ms for the lock. \
         worker-2 notifies at 80.000 ms. worker-2 opens the barrier at 90.000 ms."
    );
}
