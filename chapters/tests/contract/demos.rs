//! The demos: whatever their workers are, the records of every scene show that the primitive or the queue does its job.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

use chapters::record::{Event, Record, Resource, Summary, WorkerId};
use roxmltree::Document;

use crate::common::{Folder, PRIMITIVES, QUEUES, Variant, sooner_or_later};

/// The kinds of workers that a scene can have.
const MODEL_FLAGS: [&[&str]; 6] = [
    &["--model=threads"],
    &["--model=processes", "--method=fork"],
    &["--model=processes", "--method=spawn"],
    &["--model=processes", "--method=forkserver"],
    &["--model=coroutines", "--runtime=current-thread"],
    &["--model=coroutines", "--runtime=multi-thread"],
];

const PARTS_OF_PRIMITIVES: [&str; 6] = ["lock", "rlock", "condition", "event", "semaphore", "barrier"];
const PARTS_OF_QUEUES: [&str; 9] =
    ["fifo", "bounded", "unbounded", "lifo", "priority", "simple", "join", "shutdown", "timeout"];

/// The maximum difference between the clocks of two processes.
const CLOCKS: Duration = Duration::from_micros(50);

/// Whether these workers can't play a scene, because their model lacks such a queue.
fn is_missing(part: &str, model_flags: &[&str]) -> bool {
    match part {
        "lifo" | "priority" => model_flags[0] == "--model=processes",
        "simple" => model_flags[0] == "--model=coroutines",
        _ => false,
    }
}

/// A scene that was run, and its records.
struct Scene {
    line: String,
    workers: usize,
    records: Vec<Record>,
    summary: Summary,
}

/// Runs a scene with every kind of worker that can play it, in parallel, and checks `promise` on each.
fn with_each_model(program: &'static Variant, part: &'static str, promise: impl Fn(&Scene) + Sync) {
    with_each_model_and(&[], program, part, |scene| {
        promise(scene);
        true
    });
}

/// Repeats a scene with every kind of worker until `happens` returns true.
fn with_each_model_and(
    flags: &[&str],
    program: &'static Variant,
    part: &'static str,
    happens: impl Fn(&Scene) -> bool + Sync,
) {
    thread::scope(|scope| {
        for (number, model_flags) in
            MODEL_FLAGS.iter().enumerate().filter(|(_, model_flags)| !is_missing(part, model_flags))
        {
            let happens = &happens;
            scope.spawn(move || {
                for workers in [2, 5] {
                    sooner_or_later(&format!("{part} with {workers} workers of {model_flags:?} shows it"), || {
                        let scene = play(program, part, &[model_flags, flags].concat(), number, workers);
                        scene.is_consistent(part, model_flags);
                        happens(&scene)
                    });
                }
            });
        }
    });
}

/// Runs a scene, and checks its picture and its trace.
fn play(program: &Variant, part: &str, model_flags: &[&str], number: usize, workers: usize) -> Scene {
    let folder = Folder::new(&format!("scene-{part}-{number}-{workers}"));
    let (picture, trace) = (folder.file("scene.svg"), folder.file("scene.json"));
    let flags = [
        part.to_owned(),
        "--format=json".to_owned(),
        "--seed=1".to_owned(),
        "--scale=0.1".to_owned(),
        format!("--workers={workers}"),
        format!("--timeline={picture}"),
        format!("--trace={trace}"),
    ];
    let run = program.bare(flags.iter().map(String::as_str).chain(model_flags.iter().copied())).finish().exits_with(0);
    assert_eq!(run.stderr, "", "{}", run.line);
    let records = run.records();
    let Some(Event::ServiceStopped(summary)) = records.last().map(|record| record.event.clone()) else {
        panic!("{}: the last record is {:?}", run.line, records.last());
    };
    // The first line also describes the scene.
    for (line, record) in run.lines.iter().zip(&records).skip(1) {
        assert_eq!(&serde_json::to_string(record).expect("a record is JSON"), line, "{}", run.line);
    }
    tells(&fs::read_to_string(picture).expect("the picture is there"), part, workers);
    let trace = fs::read_to_string(trace).expect("the trace is there");
    let trace: serde_json::Value = serde_json::from_str(&trace).expect("the trace is JSON");
    assert!(trace["traceEvents"].as_array().is_some_and(|events| events.len() > workers), "{}", run.line);
    Scene { line: run.line, workers, records, summary: *summary }
}

/// Checks that a picture is complete, and that its text describes it.
fn tells(picture: &str, part: &str, workers: usize) {
    let document = Document::parse(picture).expect("a picture is XML");
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let text = |name: &str| {
        let node = root.children().find(|node| node.has_tag_name(name)).expect("the picture says what it is");
        node.text().expect("in words").to_owned()
    };
    assert!(text("title").starts_with(&format!("{part} with ")), "{}", text("title"));
    for number in 1..=workers {
        assert!(text("desc").contains(&format!("worker-{number} completed ")), "{}", text("desc"));
    }
    assert!(text("desc").contains(" waited ") && !picture.contains("NaN"), "{}", text("desc"));
}

impl Scene {
    /// Checks the invariants of every scene's records.
    fn is_consistent(&self, part: &str, model_flags: &[&str]) {
        let Self { line, records, summary, workers } = self;
        assert_eq!(summary.model, model_flags[0].trim_start_matches("--model="), "{line}");
        assert_eq!(summary.scene.as_deref(), Some(part), "{line}");
        assert_eq!((summary.completed, summary.left, summary.lost), (summary.jobs, 0, 0), "{line}");
        assert_eq!(records[0].event, Event::ServiceStarting, "{line}");
        assert!(records.is_sorted_by_key(|record| record.at), "{line}: records come in order of time");
        for name in ["job_started", "job_completed"] {
            let mut numbers: Vec<u64> = self.all(|event| event.name() == name).filter_map(job).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..summary.jobs), "{line}: {name} comes once for each job");
        }
        let mut each: BTreeMap<WorkerId, Vec<&Event>> = BTreeMap::new();
        for Record { worker, event, .. } in records {
            if let Some(worker) = worker {
                each.entry(*worker).or_default().push(event);
            }
        }
        assert_eq!(each.len(), *workers, "{line}");
        for (worker, events) in each {
            self.keeps_order(worker, &events);
        }
        for put in self.all(|event| matches!(event, Event::JobPut(_))) {
            let begun = self.at(|event| matches!(event, Event::JobStarted(_)) && event.job() == put.event.job());
            assert!(put.at <= begun + CLOCKS, "{line}: {put:?} after it was begun");
        }
    }

    /// Checks that a worker does one thing after the other, and holds nothing at the end.
    fn keeps_order(&self, worker: WorkerId, events: &[&Event]) {
        let (mut waiting, mut working, mut held) = (None, None, Vec::new());
        let last = events.len() - 1;
        for (index, event) in events.iter().enumerate() {
            let right = match event {
                Event::WorkerStarted => index == 0,
                Event::WorkerFinished => index == last && held.is_empty() && waiting.is_none() && working.is_none(),
                Event::WaitStarted(resource) => waiting.replace(*resource).is_none() && working.is_none(),
                Event::WaitEnded(resource) => waiting.take() == Some(*resource),
                Event::JobStarted(job) => working.replace(*job).is_none() && waiting.is_none(),
                Event::JobCompleted(job) => working.take() == Some(*job),
                Event::Acquired(resource) => {
                    held.push(*resource);
                    waiting.is_none()
                }
                Event::Released(resource) => held.pop() == Some(*resource) && working.is_none(),
                Event::NoWork => index > 0 && *events[index - 1] == Event::WaitEnded(Resource::Item),
                Event::Signalled(_) | Event::JobPut(_) => {
                    waiting.is_none() || *event == &Event::Signalled(Resource::Barrier)
                }
                _ => false,
            };
            assert!(right, "{}: {worker}: {event:?} is out of place in {events:#?}", self.line);
        }
        assert!(*events[0] == Event::WorkerStarted && *events[last] == Event::WorkerFinished, "{}", self.line);
    }

    fn all(&self, wanted: impl Fn(&Event) -> bool) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| wanted(&record.event))
    }

    /// The time of the first such event.
    fn at(&self, wanted: impl Fn(&Event) -> bool) -> Duration {
        self.all(wanted).next().unwrap_or_else(|| panic!("{}: it is not in {:#?}", self.line, self.records)).at
    }

    /// The times of such events.
    fn times(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Duration> {
        self.all(wanted).map(|record| record.at).collect()
    }

    /// The maximum number of workers that held `resource` at once.
    fn most_holders(&self, resource: Resource) -> usize {
        let mut depth: BTreeMap<WorkerId, u32> = BTreeMap::new();
        let mut steps: Vec<(Duration, i64)> = Vec::new();
        for Record { at, worker, event } in &self.records {
            let depth = worker.map(|worker| depth.entry(worker).or_default());
            match (event, depth) {
                (Event::Acquired(it), Some(depth)) if *it == resource => {
                    *depth += 1;
                    steps.extend((*depth == 1).then_some((*at + CLOCKS, 1)));
                }
                (Event::Released(it), Some(depth)) if *it == resource => {
                    *depth -= 1;
                    steps.extend((*depth == 0).then_some((*at, -1)));
                }
                _ => {}
            }
        }
        assert!(!steps.is_empty(), "{}: nobody ever held it", self.line);
        steps.sort_unstable();
        let at_once = steps.iter().scan(0, |now, (_, step)| {
            *now += step;
            Some(*now)
        });
        at_once.max().unwrap_or(0) as usize
    }

    /// The numbers of the jobs that each worker began, in its order.
    fn begun_by_each(&self) -> Vec<Vec<u64>> {
        let mut begun: BTreeMap<Option<WorkerId>, Vec<u64>> = BTreeMap::new();
        for record in self.all(|event| matches!(event, Event::JobStarted(_))) {
            begun.entry(record.worker).or_default().extend(job(record));
        }
        begun.into_values().collect()
    }
}

/// The number of a record's job.
fn job(record: &Record) -> Option<u64> {
    record.event.job().map(|job| job.number)
}

#[test]
fn a_lock_has_one_holder_at_a_time() {
    with_each_model(&PRIMITIVES, "lock", |scene| {
        assert_eq!(scene.most_holders(Resource::Lock), 1, "{}", scene.line);
    });
}

#[test]
fn an_rlock_has_one_holder_at_a_time_that_may_acquire_it_again() {
    with_each_model(&PRIMITIVES, "rlock", |scene| {
        assert_eq!(scene.most_holders(Resource::RLock), 1, "{}", scene.line);
        let taken = scene.times(|event| matches!(event, Event::Acquired(_))).len();
        assert_eq!(taken, 4 * scene.workers, "{}: a report, its two pages, and one more", scene.line);
    });
}

#[test]
fn no_load_is_taken_before_the_pile_is_high_enough() {
    with_each_model(&PRIMITIVES, "condition", |scene| {
        let carrier = |record: &&Record| record.worker == Some(WorkerId(0));
        // The other workers record that a job is completed, make the pile higher, and notify the carrier. The carrier may
        // see the pile before it's notified.
        let built = scene.all(|event| matches!(event, Event::JobCompleted(_))).filter(|record| !carrier(record));
        let built: Vec<Duration> = built.map(|record| record.at).collect();
        let carried: Vec<&Record> = scene.all(|event| matches!(event, Event::JobStarted(_))).filter(carrier).collect();
        for (load, record) in (1..).zip(carried) {
            let needed = built[load * (scene.workers - 1) - 1];
            assert!(record.at + CLOCKS >= needed, "{}: {record:?} before {needed:?}", scene.line);
        }
    });
}

#[test]
fn no_worker_starts_before_the_signal() {
    with_each_model(&PRIMITIVES, "event", |scene| {
        let signal = scene.times(|event| *event == Event::Signalled(Resource::Event));
        let waits = scene.times(|event| *event == Event::WaitEnded(Resource::Event));
        assert_eq!((signal.len(), waits.len()), (1, scene.workers - 1), "{}", scene.line);
        assert!(waits.iter().all(|wait| *wait + CLOCKS >= signal[0]), "{}", scene.line);
    });
}

#[test]
fn no_more_are_let_in_than_there_are_permits() {
    with_each_model(&PRIMITIVES, "semaphore", |scene| {
        assert!(scene.most_holders(Resource::Semaphore) <= scene.workers / 2, "{}", scene.line);
    });
}

#[test]
fn no_worker_passes_the_barrier_before_all_have_arrived() {
    with_each_model(&PRIMITIVES, "barrier", |scene| {
        let arrived = scene.times(|event| *event == Event::WaitStarted(Resource::Barrier));
        let passed = scene.times(|event| *event == Event::WaitEnded(Resource::Barrier));
        let opened = scene.times(|event| *event == Event::Signalled(Resource::Barrier));
        assert_eq!((arrived.len(), passed.len(), opened.len()), (3 * scene.workers, 3 * scene.workers, 3));
        for round in 0..3 {
            let (last, first) = (arrived[(round + 1) * scene.workers - 1], passed[round * scene.workers]);
            assert!(first + CLOCKS >= last, "{}: round {round}: {first:?} before {last:?}", scene.line);
        }
    });
}

#[test]
fn each_worker_takes_from_a_queue_in_the_order_of_the_puts() {
    for part in ["fifo", "unbounded", "simple"] {
        with_each_model(&QUEUES, part, |scene| {
            let begun = scene.begun_by_each();
            assert!(begun.iter().all(|numbers| numbers.is_sorted()), "{}: {begun:?}", scene.line);
        });
    }
}

#[test]
fn a_producer_gets_no_further_ahead_than_its_queue_is_long() {
    with_each_model(&QUEUES, "bounded", |scene| {
        let begun = scene.begun_by_each();
        assert!(begun.iter().all(|numbers| numbers.is_sorted()), "{}: {begun:?}", scene.line);
        let mut steps: Vec<(Duration, i64)> = Vec::new();
        steps.extend(scene.times(|event| matches!(event, Event::JobStarted(_))).into_iter().map(|at| (at, -1)));
        let put = scene.times(|event| *event == Event::WaitEnded(Resource::Room));
        steps.extend(put.into_iter().map(|at| (at + CLOCKS, 1)));
        steps.sort_unstable();
        let ahead = steps.iter().scan(0, |now, (_, step)| {
            *now += step;
            Some(*now)
        });
        // Each consumer may have taken one without having recorded it.
        let most = 2 + (scene.workers - 1) as i64;
        assert!(ahead.max() <= Some(most), "{}: {:#?}", scene.line, scene.records);
    });
}

#[test]
fn a_stack_and_a_priority_queue_serve_everything_in_an_order_of_their_own() {
    with_each_model(&QUEUES, "lifo", |_| {});
    with_each_model(&QUEUES, "priority", |scene| {
        let urgent = scene.summary.jobs - (scene.workers as u64 - 1);
        for numbers in scene.begun_by_each() {
            let (late, usual): (Vec<u64>, Vec<u64>) = numbers.iter().partition(|number| **number >= urgent);
            assert!(late.is_sorted() && usual.is_sorted(), "{}: {numbers:?}", scene.line);
        }
    });
}

#[test]
fn join_returns_when_all_tasks_are_done() {
    with_each_model(&QUEUES, "join", |scene| {
        let joined = scene.at(|event| *event == Event::WaitEnded(Resource::Tasks));
        let last = scene.summary.jobs - 1;
        for record in scene.all(|event| matches!(event, Event::JobCompleted(_))) {
            assert!(record.at <= joined + CLOCKS || job(record) == Some(last), "{}: {record:?}", scene.line);
        }
    });
}

#[test]
fn a_shutdown_wakes_waiting_producers_and_consumers() {
    with_each_model(&QUEUES, "shutdown", |scene| {
        let shut = scene.at(|event| *event == Event::Signalled(Resource::Queue));
        let room = scene.times(|event| *event == Event::WaitEnded(Resource::Room));
        assert!(room.last().is_some_and(|last| *last + CLOCKS >= shut), "{}", scene.line);
        let items = scene.times(|event| *event == Event::WaitEnded(Resource::Item));
        assert!(items.iter().all(|item| *item + CLOCKS >= shut), "{}", scene.line);
    });
}

#[test]
fn an_idle_consumer_says_that_there_is_no_work() {
    // Jobs that wait: a fast machine would finish computing jobs before any worker's timeout.
    with_each_model_and(&["--kind=io"], &QUEUES, "timeout", |scene| {
        // Most of four consumers have nothing to do, if all are there before the first job is ready.
        scene.workers == 2 || !scene.times(|event| *event == Event::NoWork).is_empty()
    });
}

#[test]
fn without_a_name_every_scene_of_a_model_is_shown() {
    let all_scenes = |program: &Variant, parts: &[&str], model_flags: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !is_missing(part, model_flags)).collect();
        // With empty jobs, and with ones that compute.
        for flags in [["--scale=0", "--kind=io"], ["--scale=0.003", "--kind=cpu"]] {
            let flags = model_flags.iter().copied().chain(flags);
            let run = program.bare(flags.chain(["--quiet", "--workers=4", "--format=json"])).finish().exits_with(0);
            let scenes: Vec<String> = run
                .records()
                .into_iter()
                .map(|record| match record.event {
                    Event::ServiceStopped(summary) => summary.scene.expect("a scene has a name"),
                    other => panic!("{} comes in a quiet run", other.name()),
                })
                .collect();
            assert_eq!(scenes, parts, "{}", run.line);
        }
        let flags = ["--scale=0.05", "--seed=7", "--workers=3"].into_iter().chain(model_flags.iter().copied());
        let run = program.bare(flags).finish().exits_with(0);
        assert_eq!(run.stderr, "", "{}", run.line);
        let text = run.lines.join("\n");
        for part in &parts {
            let model = model_flags[0].trim_start_matches("--model=");
            assert!(text.contains(&format!("{part}: ")), "{part} is introduced: {text}");
            assert!(text.contains(&format!("starting {part} with {model}: 3 workers")), "{text}");
        }
        assert!(text.contains("--seed=7 --timeline=") && !text.contains("peak memory"), "{text}");
    };
    thread::scope(|scope| {
        for model_flags in MODEL_FLAGS {
            scope.spawn(|| all_scenes(&PRIMITIVES, &PARTS_OF_PRIMITIVES, model_flags));
            scope.spawn(|| all_scenes(&QUEUES, &PARTS_OF_QUEUES, model_flags));
        }
    });
}
