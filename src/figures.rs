//! The figures of the book: which command each is the picture of, and how it is drawn from what was recorded.
//!
//! A figure `NAME` is `book/figures/NAME.svg`, drawn from `book/traces/NAME.jsonl`. The trace is what the command's program
//! printed as JSON lines; its first line says, besides, how it came to be [`Recorded`]. A figure is drawn from nothing but
//! its trace and its entry here, so that whoever changes either has to draw it again.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chapters::measure::models;
use chapters::options;
use chapters::view::json;
use chapters::view::timeline::{self, Words};
use serde::{Deserialize, Serialize};

/// A picture of a run, or a chart of many.
pub struct Figure {
    /// The name of its files, and with `figure-` before it the id that it has on its page.
    pub name: &'static str,
    /// What its page tells a reader to type, to see the same on their machine.
    pub command: &'static str,
    /// Which part of the run it shows, as `--timeline-window` has it, if the command does not say that itself.
    pub window: Option<&'static str>,
    /// What it is called.
    pub title: &'static str,
    /// What there is to be seen, for those who cannot see it. The numbers come from the trace: none are needed here.
    pub shows: &'static str,
}

/// All figures, in the order of the pages.
pub const FIGURES: &[Figure] = &[
    Figure {
        name: "introduction-two",
        command: "cargo run --bin chapter-threads -- --jobs=8 --seed=1 --time=3 --workers=2 --timeline=two.svg",
        window: None,
        title: "Two threads, eight jobs",
        shows: "Both lanes are full of jobs, one after the other, until the last job is done. After that both are hatched \
                until the deadline.",
    },
    Figure {
        name: "service-threads",
        command: "cargo run --bin chapter-threads -- --jobs=8 --seed=1 --time=3 --timeline=threads.svg",
        window: None,
        title: "Four threads, eight jobs",
        shows: "All four begin a job at once, and until the last job has been taken all four are at work. \
                All jobs are done before half of the time is over. From then on all lanes are hatched: they wait for the deadline.",
    },
    Figure {
        name: "service-processes",
        command: "cargo run --bin chapter-processes -- --jobs=8 --seed=1 --time=3 --timeline=processes.svg",
        window: None,
        title: "Four processes, eight jobs",
        shows: "As with threads, all four begin a job at once, all jobs are done well before the deadline, \
                and then all four wait for it.",
    },
    Figure {
        name: "service-coroutines",
        command: "cargo run --bin chapter-coroutines -- --jobs=8 --seed=1 --time=3 --timeline=coroutines.svg",
        window: None,
        title: "Four coroutines, eight jobs",
        shows: "The jobs 0 to 7 follow one another like the steps of a stair, from lane to lane. \
                At any moment one worker is at work, and the other three wait.",
    },
    Figure {
        name: "service-coroutines-late",
        command: "cargo run --bin chapter-coroutines -- --jobs=8 --seed=1 --time=2 --timeline=late.svg",
        window: None,
        title: "Four coroutines and a deadline that nobody keeps",
        shows: "The jobs follow one another like the steps of a stair. One is in progress at the deadline, and another \
                begins after it, before the service stops.",
    },
    Figure {
        name: "gil-one",
        command: "cargo run --bin chapter-threads -- --gil=one --jobs=8 --seed=1 --time=3 --timeline=one.svg",
        window: None,
        title: "Four threads, eight jobs, one lock",
        shows: "All four have a job soon after the beginning, but each lane is cut into many thin dark bars, the turns, with \
                longer gaps between them. At any moment one lane is dark.",
    },
    Figure {
        name: "gil-none",
        command: "cargo run --bin chapter-threads -- --gil=none --jobs=8 --seed=1 --time=3 --timeline=none.svg",
        window: None,
        title: "Four threads, eight jobs, no lock",
        shows: "All four begin a job at once, all jobs are done before half of the time is over, and then all four wait.",
    },
    Figure {
        name: "gil-turns",
        command: "cargo run --bin chapter-threads -- --gil=one --workers=3 --jobs=8 --seed=1 --time=0.2 \
                  --timeline=turns.svg --timeline-window=0..0.1",
        window: None,
        title: "Turns of three threads",
        shows: "Dark bars of little more than 5 milliseconds follow one another from lane to lane, without a gap and without \
                overlap, in no fixed order.",
    },
    Figure {
        name: "gil-convoy",
        command: "cargo run --release --bin chapter-gil -- --only=convoy --seed=1 --timelines=pictures",
        window: Some("0..0.1"),
        title: "The convoy",
        shows: "The lane of the worker that computes is dark all the time, but for hairlines 5 milliseconds apart. The other \
                lane shows one wait after another, each drawn out to 5 milliseconds, and never a visible hold.",
    },
    Figure {
        name: "primitives-lock",
        command: "cargo run --bin chapter-primitives -- lock --seed=1 --timeline=lock.svg",
        window: None,
        title: "Four workers and one account",
        shows: "Each lane is work, then hatched while its worker waits for the lock, then dark while it holds it, and the \
                same again. No two lanes are dark at the same time.",
    },
    Figure {
        name: "primitives-condition",
        command: "cargo run --bin chapter-primitives -- condition --seed=1 --timeline=condition.svg",
        window: None,
        title: "A pile, and one who carries it away",
        shows: "The lane of the first worker is hatched until the pile is high enough, then it works, three times. The \
                others work without a pause, and each notifies it after each job.",
    },
    Figure {
        name: "primitives-semaphore",
        command: "cargo run --bin chapter-primitives -- semaphore --seed=1 --timeline=semaphore.svg",
        window: None,
        title: "A kitchen with two places",
        shows: "At any moment two lanes at most are dark, which is cooking. A third worker that is ready to cook waits, \
                hatched, until one of the two has left.",
    },
    Figure {
        name: "primitives-barrier",
        command: "cargo run --bin chapter-primitives -- barrier --seed=1 --timeline=barrier.svg",
        window: None,
        title: "Three rounds of four workers",
        shows: "In each of the three rounds all lanes begin a job at once, and those that are done earlier are hatched \
                until the longest job ends. A line across all lanes marks the moment.",
    },
    Figure {
        name: "primitives-stalled",
        command: "cargo run --example stalled_loop -- --seed=1 --timeline=stalled.svg",
        window: None,
        title: "A thread's lock on an event loop",
        shows: "After the first jobs, worker-1 holds the lock, and worker-3 begins to wait for it. From that moment on no \
                lane changes any more until the picture ends, also not those of the two workers that do not want the lock.",
    },
    Figure {
        name: "queues-bounded",
        command: "cargo run --bin chapter-queues -- bounded --seed=1 --timeline=bounded.svg",
        window: None,
        title: "A fast producer and three slow consumers",
        shows: "The lane of the producer is hatched almost throughout, and has a mark for each job that it puts: five in \
                the first moment, and then one whenever a consumer takes one.",
    },
    Figure {
        name: "queues-unbounded",
        command: "cargo run --bin chapter-queues -- unbounded --seed=1 --timeline=unbounded.svg",
        window: None,
        title: "The same producer, and a queue without a bound",
        shows: "The lane of the producer has twelve marks in the first moment, all in one place, and ends there. The \
                consumers are at work until the end, and do what has long been put.",
    },
    Figure {
        name: "queues-shutdown",
        command: "cargo run --bin chapter-queues -- shutdown --seed=1 --timeline=shutdown.svg",
        window: None,
        title: "A shutdown, and those whom it releases",
        shows: "All lanes but the first are hatched until a line across all of them marks the shutdown. At that moment \
                all waiting ends, and the jobs that are left are done.",
    },
    Figure {
        name: "threads-crowd",
        command: "cargo run --bin chapter-threads -- --jobs=16 --seed=1 --workers=16 --scale=0.3 --until-done --timeline=crowd.svg",
        window: None,
        title: "Sixteen jobs, a thread for each",
        shows: "All sixteen begin their job at once, and each lane is one long bar. No job is done before a good part of the \
                run is over, and all are done when all the others are nearly done, too.",
    },
    Figure {
        name: "threads-dealt",
        command: "cargo run --example pools -- dealt --seed=1 --timeline=dealt.svg",
        window: None,
        title: "Sixteen jobs, dealt beforehand",
        shows: "The first lane has four long jobs and is solid to the end. The other three have four short jobs each, are \
                done in the first third of the time, and end.",
    },
    Figure {
        name: "threads-stealing",
        command: "cargo run --example pools -- stealing --seed=1 --timeline=stealing.svg",
        window: None,
        title: "The same jobs, dealt in the same way, and stolen",
        shows: "The first lane has two of its long jobs. The other two are in other lanes, behind the four short jobs \
                that these had of their own. All lanes end late, and not far from each other.",
    },
    Figure {
        name: "threads-nested",
        command: "cargo run --example pools -- nested --seed=1 --timeline=nested.svg",
        window: None,
        title: "A pool that waits for itself, until it gives up",
        shows: "Each lane has one short job and a mark where it puts another on the queue, and is hatched from then on to \
                its end. None of the four jobs that are put is ever begun.",
    },
    Figure {
        name: "processes-gils",
        command: "cargo run --bin chapter-threads -- --gil=per-worker --jobs=8 --seed=1 --time=3 --timeline=four-locks.svg",
        window: None,
        title: "Four workers, eight jobs, four locks",
        shows: "All four lanes are dark at once, each from its first job to its last. All jobs are done before half of the \
                time is over, and then all four wait.",
    },
    Figure {
        name: "processes-killed",
        command: "cargo run --example kill_one -- --jobs=8 --seed=1 --until-done --timeline=killed.svg",
        window: None,
        title: "One of four is killed",
        shows: "All four begin a job at once. The lane of the first worker ends with a mark in the middle of its first job. \
                The others do the jobs that are left.",
    },
    Figure {
        name: "coroutines-service",
        command: "cargo run --bin chapter-coroutines -- --jobs=8 --seed=1 --runtime=multi-thread --until-done --timeline=service.svg",
        window: None,
        title: "Four coroutines on two threads",
        shows: "At any moment two of the four workers are at work, until the last job; the others wait for a thread.",
    },
    Figure {
        name: "coroutines-blocked",
        command: "cargo run --release --example heartbeat -- on-the-loop --timeline=blocked.svg",
        window: None,
        title: "Three jobs to a turn",
        shows: "The first lane, that of the heart, has three marks: one after the first three jobs, one after the other \
                three, and one at the end. Below it the six jobs follow one another like the steps of a stair.",
    },
    Figure {
        name: "coroutines-yield",
        command: "cargo run --release --example heartbeat -- yield-now --timeline=yield.svg",
        window: None,
        title: "Two hundred turns to a job",
        shows: "The first lane has a mark about every 20 milliseconds, from the beginning to the end. Below it three jobs \
                at a time are in progress, side by side, and each takes about three times as long as it would alone.",
    },
    Figure {
        name: "coroutines-threads",
        command: "cargo run --release --example heartbeat -- spawn-blocking --timeline=threads.svg",
        window: None,
        title: "Jobs on threads of their own",
        shows: "The first lane has a mark about every 20 milliseconds. Below it three jobs at a time are in progress, side \
                by side, on two cores, and all is over sooner than on one.",
    },
    Figure {
        name: "coroutines-pool",
        command: "cargo run --release --example heartbeat -- multi-thread --timeline=pool.svg",
        window: None,
        title: "Three jobs on a loop with two threads",
        shows: "Until the last job, two of the lower three lanes have a job in progress at any moment. Meanwhile the first \
                lane has a single mark. When one job is left, it has a mark about every 20 milliseconds.",
    },
    Figure {
        name: "choosing-cpu",
        command: "cargo run --release --bin chapter-choosing -- --only=cpu --quick --python --scale=8 --rounds=7 --plot=charts",
        window: None,
        title: "Jobs that compute: how long they take",
        shows: "With one worker, all of this book's variants take about as long as each other, and Python's longer. With two workers, threads, processes and the pool of coroutines take half of that, and so \
                do Python's processes. One GIL and one event loop take as long as with one worker, in both languages.",
    },
    Figure {
        name: "choosing-io",
        command: "cargo run --release --bin chapter-choosing -- --only=io --quick --python --scale=8 --rounds=7 --plot=charts",
        window: None,
        title: "Jobs that wait: how long they take",
        shows: "All variants take about as long as each other, in both languages: with eight workers an eighth of what \
                they take with one.",
    },
    Figure {
        name: "choosing-mixed",
        command: "cargo run --release --bin chapter-choosing -- --only=mixed --quick --python --scale=8 --rounds=7 --plot=charts",
        window: None,
        title: "Jobs that compute, and jobs that wait: how long they take",
        shows: "With eight workers, threads, processes and the pool are fastest. One GIL and one event loop are limited \
                by what is computed, and take longer.",
    },
    Figure {
        name: "choosing-loop",
        command: "cargo run --bin chapter-coroutines -- --kind=mixed --jobs=8 --seed=1 --workers=8 --scale=0.3 --until-done \
                  --timeline=loop.svg",
        window: None,
        title: "Eight coroutines, four of which compute",
        shows: "The four jobs that compute follow one another, and each wait begins when one of them has ended. The last \
                wait begins when all that was to be computed has been computed, half of the run after the first.",
    },
    Figure {
        name: "choosing-pool",
        command: "cargo run --bin chapter-coroutines -- --kind=mixed --jobs=8 --seed=1 --workers=8 --scale=0.3 --until-done \
                  --runtime=multi-thread --timeline=pool.svg",
        window: None,
        title: "The same coroutines on a pool",
        shows: "Two jobs that compute are under way at a time, on two threads, and the last wait begins in the first third \
                of the run.",
    },
    Figure {
        name: "choosing-idle",
        command: "cargo run --release --bin chapter-choosing -- --only=idle --quick --python --rounds=7 --plot=charts",
        window: None,
        title: "What a worker weighs that has nothing to do",
        shows: "A coroutine weighs about a kilobyte, a thread some ten, a process thousands. Python's weigh more, each in \
                its own measure.",
    },
    Figure {
        name: "choosing-start",
        command: "cargo run --release --bin chapter-choosing -- --only=start --quick --python --rounds=7 --plot=charts",
        window: None,
        title: "What it takes to start a worker",
        shows: "A coroutine is started in microseconds, a thread in about a hundred, a process in hundreds or thousands.",
    },
];

/// How a trace came to be: in its first line, beside what was run.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What was run.
    pub command: String,
    /// On which day, such as 2026-11-30.
    pub date: String,
    /// On what kind of processor.
    pub machine: String,
    /// How many of its cores there were.
    pub cores: usize,
}

impl Figure {
    /// Where its trace is.
    pub fn trace(&self) -> PathBuf {
        book().join("traces").join(self.name).with_extension("jsonl")
    }

    /// Where its picture is.
    pub fn picture(&self) -> PathBuf {
        book().join("figures").join(self.name).with_extension("svg")
    }

    /// Draws it from its trace.
    pub fn draw(&self, trace: &str) -> Result<String, String> {
        let Recorded { command, date, machine, cores } = recorded(trace)?;
        if command != self.command {
            return Err(format!("this is the trace of another command: {command}"));
        }
        let words = Words {
            id: format!("figure-{}", self.name),
            title: self.title.to_owned(),
            shows: self.shows.to_owned(),
            source: format!("Recorded on {date}. Machine: {machine}, {cores} cores."),
        };
        if self.is_chart() {
            return Ok(models::chart(&words, &models::read(trace)?));
        }
        let (run, records) = json::read_run(trace)?;
        Ok(timeline::draw_figure(words, run, &records, &self.window()?))
    }

    /// Whether it shows what was measured of many runs.
    fn is_chart(&self) -> bool {
        self.command.contains(" --plot=")
    }

    /// From when to when it shows its run.
    fn window(&self) -> Result<Range<Duration>, String> {
        let mut flags = self.command.split_whitespace().filter_map(|word| word.strip_prefix("--timeline-window="));
        flags.next().or(self.window).map_or(Ok(Duration::ZERO..Duration::MAX), options::window)
    }
}

/// How a trace came to be.
pub fn recorded(trace: &str) -> Result<Recorded, String> {
    #[derive(Deserialize)]
    struct First {
        recorded: Recorded,
    }
    let first: Result<First, _> = serde_json::from_str(trace.lines().next().unwrap_or_default());
    first.map(|first| first.recorded).map_err(|error| format!("line 1: {error}"))
}

/// The folder of the book.
pub fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book")
}
