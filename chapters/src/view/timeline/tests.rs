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
fn every_worker_has_a_lane_and_every_job_a_bar() {
    let picture = draw(sample::run(), &sample::whole());
    let document = Document::parse(&picture).unwrap();
    let lanes = of_class(&document, "lane");
    assert_eq!(lanes.len(), 2);
    assert_eq!(lanes.iter().map(|lane| spans(*lane).len()).collect::<Vec<_>>(), [2, 1]);
    let names: Vec<_> = of_class(&document, "name").iter().map(|node| node.text().unwrap()).collect();
    assert_eq!(names, ["worker-1", "worker-2"]);
    let titles: Vec<_> = lanes[0].children().filter(|node| node.attribute("class") == Some("job")).collect();
    assert_eq!(titles[1].first_element_child().unwrap().text(), Some("job 2, size 0.634, 0.600 s to 1.200 s"));
    assert_no_overlap(&document);
}

#[test]
fn waiting_is_hatched_from_the_workers_start_to_its_end() {
    let picture = draw(sample::run(), &sample::whole());
    let document = Document::parse(&picture).unwrap();
    let [first, second] = of_class(&document, "waiting")[..] else { panic!("{picture}") };
    let pattern = document.descendants().find(|node| node.has_tag_name("pattern")).unwrap();
    assert_eq!(first.attribute("fill").unwrap(), format!("url(#{})", pattern.attribute("id").unwrap()));
    let second_from = number(second, "x");
    let length = |node| number(node, "width");
    assert_eq!(number(first, "x"), second_from, "both start at 0.1 s");
    assert!((length(second) / length(first) - 0.7 / 1.1).abs() < 0.001, "the second dies at 0.8 s");
}

#[test]
fn a_death_is_marked_and_its_job_is_not_completed() {
    let picture = draw(sample::run(), &sample::whole());
    let document = Document::parse(&picture).unwrap();
    let deaths = of_class(&document, "death");
    assert_eq!(deaths.len(), 2, "one on the lane, one in the legend");
    assert!(deaths.iter().any(|death| {
        death.first_element_child().is_some_and(|title| title.text() == Some("worker-2 died at 0.800 s"))
    }));
    assert!(picture.contains("<title>job 1, size 0.634, 0.200 s to 0.800 s, not completed</title>"));
}

#[test]
fn the_deadline_has_a_line_and_the_stop_has_another_if_it_is_at_another_time() {
    let classes = |time: f64| {
        let mut run = sample::run();
        run.plan.time = Duration::from_secs_f64(time);
        let picture = draw(run, &sample::whole());
        let document = Document::parse(&picture).unwrap();
        (of_class(&document, "deadline").len(), of_class(&document, "stopping").len())
    };
    assert_eq!(classes(1.0), (1, 0));
    assert_eq!(classes(0.5), (1, 1));
    assert_eq!(classes(30.0), (0, 1), "a deadline that was never reached");
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
fn a_figure_says_more_than_its_records_do() {
    let [id, title, shows, source] = ["stairs", "Two & two", "A stair.", "Recorded at sea."].map(str::to_owned);
    let words = Words { id, title, shows, source };
    let picture = draw_figure(words, sample::run(), &sample::whole(), &EVERYTHING);
    let document = Document::parse(&picture).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("id"), Some("stairs"));
    assert_eq!(root.first_element_child().unwrap().text(), Some("Two & two"));
    let description = description(&document);
    assert!(description.starts_with("A stair. A run of 1.200 s, of threads: 2 workers, 4 jobs: "), "{description}");
    assert!(description.ends_with(" Recorded at sea."), "{description}");
    let captions = of_class(&document, "caption");
    assert!(captions[0].text().unwrap().starts_with("threads: 2 workers, 4 jobs, seed 1: "));
    assert_eq!(captions.last().unwrap().text(), Some("Recorded at sea."));
}

#[test]
fn a_page_can_have_its_own_shade_of_a_models_color() {
    for model in ["threads", "processes", "coroutines"] {
        let picture = draw(Run { model, ..sample::run() }, &sample::whole());
        assert!(picture.contains(&format!(".job{{fill:var(--{model},#")), "{picture}");
        assert!(picture.contains(&format!(".numbers text{{fill:var(--on-{model},#")), "{picture}");
    }
}

#[test]
fn every_beginning_of_a_run_can_be_drawn() {
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
fn under_a_lock_one_worker_is_dark_at_a_time() {
    let (run, records) = turns(50, 4);
    let picture = draw(run, &records);
    let document = Document::parse(&picture).unwrap();
    let mut holds: Vec<(f64, f64)> = Vec::new();
    for lane in of_class(&document, "lane") {
        let of_lane = lane.children().filter(|node| node.attribute("class") == Some("hold"));
        let spans: Vec<_> =
            of_lane.map(|node| (number(node, "x"), number(node, "x") + number(node, "width"))).collect();
        assert_eq!(spans.len(), 4);
        holds.extend(spans);
    }
    holds.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(holds.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 0.001), "{holds:?}");
    assert!(picture.contains("<title>held the GIL for 50.0 ms, 50.000 ms to 100.000 ms</title>"), "{picture}");
    assert!(description(&document).contains(" The workers held a GIL 8 times, 50.0 ms at the median. worker-1 completed 1 job, held the GIL 4 times, 50.0 ms at the median, and waited "));
    assert!(picture.contains("8 holds of the GIL, half of them 50.0 ms or longer"));
    assert!(picture.contains("holds the GIL</text>"), "the legend");
    let without = draw(sample::run(), &sample::whole());
    assert!(!without.contains("GIL") && !without.contains("begun"), "no word of a lock where there is none");
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

#[test]
fn a_window_shows_what_is_in_it_as_large_as_a_run() {
    let (run, records) = turns(5, 10_000);
    let window = Duration::from_millis(50_000)..Duration::from_millis(50_100);
    let picture = draw_window(run, &records, &window);
    let document = Document::parse(&picture).unwrap();
    assert_eq!(of_class(&document, "hold").len(), 20 + 1, "one of them in the legend");
    assert!(picture.contains("The picture shows the run from 50.000 s to 50.100 s."));
    assert!(picture.contains(">50.05 s</text>") || picture.contains(">50.04 s</text>"), "an axis within the window");
    assert!(!picture.contains("drawn as one bar"));
    for window in [0..1, 99_990..200_000, 300_000..300_001, 1..2] {
        let window = Duration::from_millis(window.start)..Duration::from_millis(window.end);
        let picture = draw_window(sample::run(), &records, &window);
        Document::parse(&picture).unwrap();
        assert!(!picture.contains("NaN"), "{window:?}");
    }
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
fn each_resource_has_its_own_pattern_for_waiting() {
    let (run, records) = scene();
    let picture = draw(run, &records);
    let document = Document::parse(&picture).unwrap();
    let waits: Vec<(String, f64)> = of_class(&document, "waiting")
        .iter()
        .map(|node| (node.attribute("fill").unwrap().to_owned(), number(*node, "width")))
        .collect();
    let [(at_barrier, short), (for_lock, long)] = &waits[..] else { panic!("{waits:?}") };
    assert!((long / short - 3.0).abs() < 0.01, "60 ms and 20 ms: {waits:?}");
    assert_ne!(at_barrier, for_lock, "each resource has its own pattern");
    for pattern in [at_barrier, for_lock] {
        let id = pattern.trim_start_matches("url(#").trim_end_matches(')');
        assert!(document.descendants().any(|node| node.attribute("id") == Some(id)), "{pattern} is not there");
    }
    for words in ["waits for the lock</text>", "waits at the barrier</text>", "waited for the lock: 60.0 ms, "] {
        assert!(picture.contains(words), "no {words:?} in {picture}");
    }
    assert_eq!(of_class(&document, "life").len(), 2);
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
fn an_action_is_a_mark_on_a_lane_or_a_line_across_all() {
    let (run, records) = scene();
    let picture = draw(run, &records);
    let document = Document::parse(&picture).unwrap();
    let titles = |class| -> Vec<&str> {
        of_class(&document, class).into_iter().filter_map(|node| node.first_element_child()?.text()).collect()
    };
    assert_eq!(titles("action"), ["puts job 1 at 70.000 ms", "notifies at 80.000 ms"]);
    assert_eq!(titles("signal"), ["worker-2 opens the barrier at 90.000 ms"]);
    for entry in ["a job", "holds the lock", "holds it again", "puts a job", "notifies", "opens the barrier"] {
        assert!(picture.contains(&format!(">{entry}</text>")), "no {entry:?} in the legend of {picture}");
    }
    let legend: Vec<Node> = document.root_element().children().filter(|node| node.has_tag_name("text")).collect();
    assert!(legend.iter().all(|node| number(*node, "x") < 800.0), "the legend has rows");
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

#[test]
fn kills_and_their_consequences_are_marks() {
    use crate::record::BrokerId;
    let job = sample::job(3);
    let records = [
        (10, 1, Event::JobStarted(job)),
        (20, 0, Event::BrokerDied(BrokerId(1))),
        (30, 1, Event::NetworkCut),
        (40, 2, Event::JobRedelivered(job)),
        (40, 2, Event::JobStarted(job)),
        (50, 0, Event::LeaderElected(BrokerId(2))),
        (60, 2, Event::JobCompleted(job)),
        (70, 1, Event::NetworkRestored),
        (80, 1, Event::ResultIgnored(job)),
        (90, 0, Event::BrokerRestarted(BrokerId(1))),
        (100, 0, Event::ServiceStopping),
    ];
    let records: Vec<Record> = records.into_iter().map(|(at, who, event)| sample::record(at, who, event)).collect();
    let picture = draw(Run { model: "machines", ..sample::run() }, &records);
    let document = Document::parse(&picture).unwrap();
    let titles = of_class(&document, "action").into_iter().filter_map(|node| node.first_element_child()?.text());
    let expected = ["is cut off at 30.000 ms", "is connected again at 70.000 ms", "takes job 3 again at 40.000 ms"];
    assert_eq!(titles.collect::<Vec<_>>(), expected);
    assert!(picture.contains("job 3, size 0.634, 10.000 ms to 80.000 ms, not completed"), "{picture}");
    for label in ["broker-2 died: 20.000 ms", "broker-3 was elected: 50.000 ms", "broker-2 was restarted: 90.000 ms"] {
        assert!(picture.contains(&format!(">{label}</text>")), "{picture}");
    }
    let told = description(&document);
    assert!(told.contains("worker-2 took job 3 again at 40.000 ms. worker-1 was connected again"), "{told}");
    assert!(told.contains("broker-2 died at 20.000 ms. broker-3 was elected at 50.000 ms."), "{told}");
}
