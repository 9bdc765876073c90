//! The invariants of every run's records, whatever its flags.

use std::collections::BTreeMap;
use std::time::Duration;

use chapters::job::{Job, Kind, jobs};
use chapters::record::{Event, Record, Summary, WorkerId};

use super::Finished;

/// A run and its records.
#[derive(Debug)]
pub struct Story {
    line: String,
    pub records: Vec<Record>,
    pub summary: Summary,
    flags: Vec<String>,
}

impl Finished {
    /// Reads the records, and checks the invariants of every run.
    pub fn story(self) -> Story {
        let records = self.records();
        let Some(Event::ServiceStopped(summary)) = records.last().map(|record| record.event.clone()) else {
            panic!("{}: the last record is no service_stopped but {:?}; {}", self.line, records.last(), self.stderr);
        };
        let story = Story { line: self.line, records, summary: *summary, flags: self.flags };
        assert_eq!(story.summary.model, self.model);
        story.adds_up();
        if !story.flags.iter().any(|flag| flag == "--quiet") {
            story.begins_and_ends();
            story.workers().for_each(|(id, records)| story.worker_keeps_order(id, &records));
            story.jobs_are_done_at_most_once();
        }
        story
    }

    /// Checks the records of a scene, in which workers may have been killed, and returns how many died.
    pub fn scene(&self, workers: usize) -> usize {
        let Self { line, .. } = self;
        let records = self.records();
        let died = records.iter().filter(|record| matches!(record.event, Event::WorkerDied(_))).count();
        let finished = records.iter().filter(|record| record.event == Event::WorkerFinished).count();
        assert_eq!(died + finished, workers, "{line}: each worker ends: {records:#?}");
        let Some(Event::ServiceStopped(summary)) = records.last().map(|record| &record.event) else {
            panic!("{line}: no summary in {records:#?}");
        };
        let Summary { jobs, completed, left, lost, .. } = **summary;
        assert_eq!(jobs, completed + left + lost, "{line}: jobs = completed + left + lost: {summary:?}");
        assert!(lost <= died as u64, "{line}: a worker has one job at a time: {records:#?}");
        died
    }
}

impl Story {
    /// The value of a flag such as `jobs`, or its default.
    fn flag<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        let value = |flag: &String| flag.strip_prefix(&format!("--{name}="))?.parse().ok();
        self.flags.iter().find_map(value).unwrap_or(default)
    }

    fn adds_up(&self) {
        let Summary { jobs, completed, left, lost, workers, .. } = &self.summary;
        assert_eq!(*jobs, self.flag("jobs", 20), "{}: jobs", self.line);
        assert_eq!(*jobs, completed + left + lost, "{}: jobs = completed + left + lost: {:?}", self.line, self.summary);
        let each: u64 = workers.iter().map(|worker| worker.completed).sum();
        assert_eq!(*completed, each, "{}: what the workers completed: {:?}", self.line, self.summary);
    }

    fn begins_and_ends(&self) {
        let count = |name: &str| self.records.iter().filter(|record| record.event.name() == name).count();
        let service = ["service_starting", "service_stopping", "service_stopped"];
        assert_eq!(service.map(count), [1, 1, 1], "{}: {service:?} come once each", self.line);
        assert_eq!(self.records[0].event, Event::ServiceStarting, "{}", self.line);
        assert!(
            self.records.iter().all(|record| record.worker.is_none() == service.contains(&record.event.name())),
            "{}: the service speaks for itself, and workers for themselves",
            self.line
        );
        let late = self.records.windows(2).find(|pair| pair[0].at > pair[1].at);
        assert!(late.is_none(), "{}: records come in order of time, but {late:?}", self.line);
        let last = self.records.last().expect("there is a last record").at;
        assert!(self.records.iter().all(|record| record.at <= last), "{}: a record after the last", self.line);
        assert!((last.as_secs_f64() - self.summary.wall_seconds).abs() < 1e-6, "{}: wall_seconds", self.line);
        let names: Vec<String> = (0..self.flag("workers", 4)).map(|number| WorkerId(number).to_string()).collect();
        let summed: Vec<&str> = self.summary.workers.iter().map(|worker| worker.name.as_str()).collect();
        assert_eq!(summed, names, "{}: the workers of the summary", self.line);
        assert_eq!(count("worker_died") + count("worker_finished"), names.len(), "{}: each worker ends", self.line);
    }

    fn worker_keeps_order(&self, id: WorkerId, records: &[&Record]) {
        let events: Vec<&Event> = records.iter().map(|record| &record.event).collect();
        let fail = |why: &str| -> ! { panic!("{}: {id}: {why}: {records:#?}", self.line) };
        if !records.is_sorted_by_key(|record| record.at) {
            fail("its clock runs backwards");
        }
        let (holds, events): (Vec<&Event>, Vec<&Event>) =
            events.into_iter().partition(|event| matches!(event, Event::GilAcquired | Event::GilReleased));
        let (last, rest) = events.split_last().expect("a worker has records");
        let died = matches!(last, Event::WorkerDied(_));
        if !died && !matches!(last, Event::WorkerFinished) {
            fail("the last record is neither worker_finished nor worker_died");
        }
        let turns = holds.chunks(2).all(|turn| matches!(turn, [Event::GilAcquired, Event::GilReleased]));
        if !turns {
            fail("its turns do not begin and end by turns");
        }
        let mut doing: Option<&Job> = None;
        for (index, event) in rest.iter().enumerate() {
            match (index, event, doing) {
                (0, Event::WorkerStarted, None) | (1.., Event::NoWork, None) => {}
                (1.., Event::JobStarted(job), None) => doing = Some(job),
                (1.., Event::JobCompleted(job), Some(begun)) if job == begun => doing = None,
                (1.., Event::JobFailed(failed), Some(begun)) if failed.job == *begun => doing = None,
                // A worker may be killed at any moment, even between its last record and its end.
                (1.., Event::WorkerFinished, None) if died && index + 1 == rest.len() => {}
                _ => fail(&format!("record {index} is out of place")),
            }
        }
        match (last, doing) {
            (Event::WorkerDied(job), Some(begun)) if job.is_none_or(|job| job == *begun) => {}
            (Event::WorkerDied(None), None) | (Event::WorkerFinished, None) => {}
            // The job that the worker was about to begin, or had completed without recording it.
            (Event::WorkerDied(Some(_)), None) => {}
            _ => fail("a job was begun and not completed"),
        }
    }

    fn jobs_are_done_at_most_once(&self) {
        let seed = &self.summary.seed;
        let has = |kind: &str| self.flags.iter().any(|flag| flag == kind);
        let kind = match (has("--kind=io"), has("--kind=net")) {
            (true, _) => Kind::Io,
            (_, true) => Kind::Net,
            _ => Kind::Cpu,
        };
        let list: Vec<Job> = jobs(seed, kind).take(self.summary.jobs as usize).collect();
        for name in ["job_started", "job_completed"] {
            let mut seen = vec![false; list.len()];
            for job in self.records.iter().filter(|it| it.event.name() == name).filter_map(|it| it.event.job()) {
                let expected = list.get(job.number as usize);
                assert_eq!(Some(job), expected, "{}: a job of the list that the seed {seed} stands for", self.line);
                let again = std::mem::replace(&mut seen[job.number as usize], true);
                assert!(!again, "{}: {name} came twice for job {}", self.line, job.number);
            }
        }
        let completed = self.all("job_completed").count() as u64;
        let started = self.all("job_started").count() as u64;
        assert_eq!(completed, self.summary.completed, "{}: completed, by the records and the summary", self.line);
        assert!(started - completed <= self.summary.lost, "{}: what was begun and not completed is lost", self.line);
        let died = self.all("worker_died").count() as u64;
        let failed = self.all("job_failed").count() as u64;
        let Summary { lost, .. } = self.summary;
        assert!(failed <= lost, "{}: {failed} jobs failed, and {lost} are lost", self.line);
        assert!(lost <= died + failed, "{}: {lost} jobs lost, {died} workers died, {failed} failed", self.line);
    }

    /// The records of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.event.name() == name)
    }

    /// How long a job took that was completed, in seconds.
    pub fn time_of(&self, job: &Job) -> f64 {
        let at = |name| self.all(name).find(|record| record.event.job() == Some(job)).expect("there is a record").at;
        (at("job_completed") - at("job_started")).as_secs_f64()
    }

    /// The time at which the service began to stop.
    pub fn stopping(&self) -> Duration {
        self.all("service_stopping").next().expect("every service stops").at
    }

    /// Each worker's records, in the order in which they were printed.
    pub fn workers(&self) -> impl Iterator<Item = (WorkerId, Vec<&Record>)> {
        let mut workers: BTreeMap<WorkerId, Vec<&Record>> = BTreeMap::new();
        for record in &self.records {
            if let Some(worker) = record.worker {
                workers.entry(worker).or_default().push(record);
            }
        }
        workers.into_iter()
    }

    /// The maximum number of jobs that were running at once.
    pub fn most_at_once(&self) -> u64 {
        let mut steps: Vec<(Duration, i64)> = Vec::new();
        steps.extend(self.all("job_started").map(|record| (record.at, 1)));
        // At the same microsecond, one ends before the next begins.
        steps.extend(self.all("job_completed").chain(self.all("job_failed")).map(|record| (record.at, -1)));
        steps.sort();
        let at_once = steps.iter().scan(0, |now, (_, step)| {
            *now += step;
            Some(*now)
        });
        at_once.max().unwrap_or(0) as u64
    }

    /// Checks that the run has done all jobs.
    pub fn complete(self) -> Self {
        let Summary { jobs, completed, left, lost, .. } = &self.summary;
        assert_eq!((*completed, *left, *lost), (*jobs, 0, 0), "{}: completed, left, lost", self.line);
        self
    }

    /// Checks that the run didn't begin to stop before its deadline. A run that never stops counts as hung.
    pub fn stops_after(self, deadline: Duration) -> Self {
        let stopping = self.stopping();
        assert!(stopping >= deadline, "{}: stopped at {stopping:?}, before its time", self.line);
        self
    }

    /// Whether a worker reported that there was no work after the service had stopped. A worker that isn't woken does so
    /// when its timeout of a second has passed, in every run. On a busy machine, other workers may as well.
    pub fn has_late_timeouts(&self) -> bool {
        let stopping = self.stopping();
        self.all("no_work").any(|idle| idle.at > stopping)
    }
}
