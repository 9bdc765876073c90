//! A run in the Chrome trace event format, for a trace viewer such as <https://ui.perfetto.dev>.
//!
//! In the trace, workers of every model are threads of one process, so that the viewer shows them below one another. A
//! job is a *complete event* (`"ph":"X"`), and so is a wait. An event without a duration is an *instant* (`"i"`), and a
//! name is *metadata* (`"M"`). Times are in microseconds, as the format requires.
//!
//! A worker that holds an interpreter lock or another resource has a second thread below its own, in which each hold is
//! a complete event. It needs that thread because the events of one thread must nest, while a hold may start within a
//! job and outlast it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use super::View;
use crate::job::Job;
use crate::record::{Event, Record, Resource, WorkerId};
use crate::service::Run;

/// Writes each event when it ends. Events that haven't ended by the end of the run are written then.
#[derive(Debug)]
pub struct Perfetto<W: Write> {
    run: Run,
    out: BufWriter<W>,
    state: State,
    /// Each worker's current job, and the time when it started. A worker without an entry hasn't been named yet.
    workers: BTreeMap<WorkerId, Option<(Job, Duration)>>,
    /// The resource that each worker is waiting for, and the time when the wait started.
    waits: BTreeMap<WorkerId, (Resource, Duration)>,
    /// The resources that each worker holds, and the times when it acquired them. A worker without an entry has never
    /// held anything.
    holds: BTreeMap<WorkerId, Vec<(&'static str, Duration)>>,
    last: Duration,
}

/// The state of the file. A file that has been started must be ended, because it wouldn't be valid JSON otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty,
    Begun,
    Ended,
}

/// The name of an interpreter lock.
const GIL: &str = "the GIL";

/// The thread of the service itself.
const SERVICE: u64 = 0;
/// The distance from a worker's thread to the thread for its holds, which is larger than the number of workers.
const HOLDS: u64 = 1 << 32;

fn thread(worker: Option<WorkerId>) -> u64 {
    worker.map_or(SERVICE, |WorkerId(number)| u64::from(number) + 1)
}

struct Micros(Duration);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_micros(), self.0.subsec_nanos() % 1000)
    }
}

impl<W: Write> Perfetto<W> {
    /// Writes to `out`.
    pub fn new(run: Run, out: W) -> Self {
        let out = BufWriter::with_capacity(1 << 16, out);
        let (workers, waits, holds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { run, out, state: State::Empty, workers, waits, holds, last: Duration::ZERO }
    }

    fn add(&mut self, record: &Record) -> io::Result<()> {
        self.begin()?;
        self.last = record.at;
        if let Some(worker) = record.worker {
            self.introduce(worker)?;
            match &record.event {
                Event::JobStarted(job) => _ = self.workers.insert(worker, Some((*job, record.at))),
                Event::JobCompleted(_) => self.end_job(worker, record.at, "completed")?,
                Event::JobFailed(_) => self.end_job(worker, record.at, "failed")?,
                Event::ResultIgnored(_) => self.end_job(worker, record.at, "ignored")?,
                Event::WorkerDied(_) => {
                    self.end_job(worker, record.at, "lost")?;
                    self.end_wait(worker, record.at)?;
                    while self.end_hold(worker, record.at)? {}
                }
                Event::GilAcquired => self.begin_hold(worker, record.at, GIL)?,
                Event::Acquired(resource) => self.begin_hold(worker, record.at, resource.held())?,
                Event::GilReleased | Event::Released(_) => _ = self.end_hold(worker, record.at)?,
                Event::WaitStarted(resource) => _ = self.waits.insert(worker, (*resource, record.at)),
                Event::WaitEnded(_) => self.end_wait(worker, record.at)?,
                _ => {}
            }
        }
        match record.event {
            Event::JobStarted(_) | Event::JobCompleted(_) | Event::GilAcquired | Event::GilReleased => Ok(()),
            Event::WaitStarted(_) | Event::WaitEnded(_) | Event::Acquired(_) | Event::Released(_) => Ok(()),
            _ => self.instant(record),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.state != State::Empty {
            return Ok(());
        }
        self.state = State::Begun;
        let Run { seed, jobs, plan, .. } = &self.run;
        let name = format!("{}: {jobs} jobs, {} workers, seed {seed}", self.run.name(), plan.workers);
        writeln!(self.out, r#"{{"displayTimeUnit":"ms","traceEvents":["#)?;
        // The only event without a comma before it.
        write!(self.out, r#"{{"ph":"M","pid":1,"name":"process_name","args":{{"name":"{name}"}}}}"#)?;
        self.name(thread(None), 0, "service")
    }

    fn introduce(&mut self, worker: WorkerId) -> io::Result<()> {
        if self.workers.contains_key(&worker) {
            return Ok(());
        }
        self.workers.insert(worker, None);
        let tid = thread(Some(worker));
        self.name(tid, 2 * tid, &worker.to_string())
    }

    /// Names a thread, and sets its position. Without a position, viewers sort worker-10 before worker-2.
    fn name(&mut self, tid: u64, place: u64, name: &str) -> io::Result<()> {
        let mut metadata = |what, key, value: fmt::Arguments| {
            let args = format_args!(r#"{{"{key}":{value}}}"#);
            write!(self.out, ",\n{{\"ph\":\"M\",\"pid\":1,\"tid\":{tid},\"name\":\"{what}\",\"args\":{args}}}")
        };
        metadata("thread_name", "name", format_args!("\"{name}\""))?;
        metadata("thread_sort_index", "sort_index", format_args!("{place}"))
    }

    /// Writes the current job of `worker`, if there is one.
    fn end_job(&mut self, worker: WorkerId, at: Duration, outcome: &str) -> io::Result<()> {
        let Some((job, began)) = self.workers.get_mut(&worker).and_then(Option::take) else { return Ok(()) };
        let Job { number, size, .. } = job;
        let (ts, dur, tid) = (Micros(began), Micros(at.saturating_sub(began)), thread(Some(worker)));
        write!(
            self.out,
            ",\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{tid},\"ts\":{ts},\"dur\":{dur},\"name\":\"job {number}\","
        )?;
        write!(self.out, r#""args":{{"size":{size},"outcome":"{outcome}"}}}}"#)
    }

    /// Writes the wait of `worker`, if there is one.
    fn end_wait(&mut self, worker: WorkerId, at: Duration) -> io::Result<()> {
        let Some((resource, began)) = self.waits.remove(&worker) else { return Ok(()) };
        self.slice(thread(Some(worker)), began, at, format_args!("waits {}", resource.waited_for()))
    }

    fn begin_hold(&mut self, worker: WorkerId, at: Duration, what: &'static str) -> io::Result<()> {
        if !self.holds.contains_key(&worker) {
            let (tid, of) = (thread(Some(worker)), if what == GIL { "GIL" } else { "holds" });
            self.name(HOLDS + tid, 2 * tid + 1, &format!("{worker}, {of}"))?;
        }
        self.holds.entry(worker).or_default().push((what, at));
        Ok(())
    }

    /// Writes the innermost hold of `worker`, if there is one.
    fn end_hold(&mut self, worker: WorkerId, at: Duration) -> io::Result<bool> {
        let Some((what, began)) = self.holds.get_mut(&worker).and_then(Vec::pop) else { return Ok(false) };
        self.slice(HOLDS + thread(Some(worker)), began, at, format_args!("holds {what}"))?;
        Ok(true)
    }

    fn slice(&mut self, tid: u64, began: Duration, ended: Duration, name: fmt::Arguments) -> io::Result<()> {
        let (ts, dur) = (Micros(began), Micros(ended.saturating_sub(began)));
        write!(self.out, ",\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{tid},\"ts\":{ts},\"dur\":{dur},\"name\":\"{name}\"}}")
    }

    fn instant(&mut self, record: &Record) -> io::Result<()> {
        // The scope of an instant is a thread (`t`) or the whole process (`p`).
        let scope = if record.worker.is_some() { 't' } else { 'p' };
        let (ts, tid) = (Micros(record.at), thread(record.worker));
        let name = match record.event {
            Event::Signalled(resource) => resource.signalled(),
            _ => record.event.name(),
        };
        write!(
            self.out,
            ",\n{{\"ph\":\"i\",\"s\":\"{scope}\",\"pid\":1,\"tid\":{tid},\"ts\":{ts},\"name\":\"{name}\"}}"
        )
    }

    fn end(&mut self) -> io::Result<()> {
        self.begin()?;
        if self.state == State::Begun {
            self.state = State::Ended;
            let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
            for worker in workers {
                self.end_job(worker, self.last, "not completed")?;
                self.end_wait(worker, self.last)?;
                while self.end_hold(worker, self.last)? {}
            }
            writeln!(self.out, "\n]}}")?;
        }
        self.out.flush()
    }
}

impl<W: Write + Send> View for Perfetto<W> {
    fn show(&mut self, records: &[Record]) -> io::Result<()> {
        records.iter().try_for_each(|record| self.add(record))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end()
    }
}

impl<W: Write> Drop for Perfetto<W> {
    fn drop(&mut self) {
        // A run that failed midway leaves a valid trace. A run that never started leaves none.
        if self.state == State::Begun {
            let _ = self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::view::sample;

    fn events(records: &[Record], finish: bool) -> Vec<Value> {
        let mut out = Vec::new();
        let mut perfetto = Perfetto::new(sample::run(), &mut out);
        perfetto.show(records).unwrap();
        if finish {
            perfetto.finish().unwrap();
        }
        drop(perfetto);
        let trace: Value = serde_json::from_slice(&out).unwrap();
        trace["traceEvents"].as_array().unwrap().clone()
    }

    fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
        events.iter().filter(|event| event["name"] == name).collect()
    }

    #[test]
    fn a_job_is_a_complete_event_on_the_thread_of_its_worker() {
        let events = events(&sample::whole(), true);
        let job = named(&events, "job 2")[0];
        assert_eq!((&job["ph"], &job["tid"]), (&"X".into(), &1.into()));
        assert_eq!((job["ts"].as_f64(), job["dur"].as_f64()), (Some(600_000.0), Some(600_000.0)));
        assert_eq!((&job["args"]["size"], &job["args"]["outcome"]), (&0.6343642441124012.into(), &"completed".into()));
        assert_eq!(named(&events, "job 1")[0]["args"]["outcome"], "lost");
    }

    #[test]
    fn every_thread_has_one_name_and_a_death_is_an_instant() {
        let events = events(&sample::whole(), true);
        let names: Vec<&Value> =
            named(&events, "thread_name").into_iter().map(|event| &event["args"]["name"]).collect();
        assert_eq!(names, ["service", "worker-1", "worker-2"]);
        let died = named(&events, "worker_died")[0];
        assert_eq!((&died["ph"], &died["s"], &died["tid"]), (&"i".into(), &"t".into(), &2.into()));
        assert_eq!(named(&events, "service_stopping")[0]["s"], "p");
    }

    #[test]
    fn a_trace_is_json_wherever_it_ends() {
        let records = sample::whole();
        for length in 0..records.len() {
            let whole = events(&records[..length], true);
            let started =
                records[..length].iter().filter(|record| matches!(record.event, Event::JobStarted(_))).count();
            assert_eq!(whole.iter().filter(|event| event["ph"] == "X").count(), started, "after {length} records");
            if length > 0 {
                assert_eq!(whole, events(&records[..length], false), "without a finish");
            }
        }
    }

    #[test]
    fn holds_of_the_lock_have_a_thread_of_their_own() {
        let events =
            [(0, Event::WorkerStarted), (1, Event::GilAcquired), (3, Event::GilReleased), (5, Event::GilAcquired)];
        let mut records: Vec<Record> = events.into_iter().map(|(at, event)| sample::record(at, 2, event)).collect();
        records.push(sample::record(9, 2, Event::WorkerFinished));
        let events = self::events(&records, true);
        let names: Vec<&Value> = named(&events, "thread_name").iter().map(|event| &event["args"]["name"]).collect();
        assert_eq!(names, ["service", "worker-2", "worker-2, GIL"]);
        let holds = named(&events, "holds the GIL");
        let spans: Vec<_> = holds.iter().map(|hold| (hold["ts"].as_f64(), hold["dur"].as_f64())).collect();
        assert_eq!(spans, [(Some(1000.0), Some(2000.0)), (Some(5000.0), Some(4000.0))]);
        assert_eq!(holds[0]["tid"], HOLDS + 2);
    }

    #[test]
    fn waits_are_on_the_workers_thread_and_holds_nest_on_another() {
        let events = [
            (0, Event::WaitStarted(Resource::RLock)),
            (2, Event::WaitEnded(Resource::RLock)),
            (2, Event::Acquired(Resource::RLock)),
            (3, Event::Acquired(Resource::RLock)),
            (4, Event::Released(Resource::RLock)),
            (5, Event::Signalled(Resource::Barrier)),
            (6, Event::WaitStarted(Resource::Barrier)),
        ];
        let records: Vec<Record> = events.into_iter().map(|(at, event)| sample::record(at, 1, event)).collect();
        for finish in [true, false] {
            let events = self::events(&records, finish);
            let slices: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
            let told: Vec<_> = slices
                .iter()
                .map(|it| {
                    (it["name"].as_str().unwrap(), it["tid"].as_u64().unwrap() > HOLDS, it["ts"].as_f64().unwrap())
                })
                .collect();
            let expected = [
                ("waits for the rlock", false, 0.0),
                ("holds the rlock", true, 3000.0),
                ("waits at the barrier", false, 6000.0),
                ("holds the rlock", true, 2000.0),
            ];
            assert_eq!(told, expected);
            assert_eq!(named(&events, "opens the barrier").len(), 1);
        }
    }

    #[test]
    fn a_run_that_never_began_writes_nothing() {
        let mut out = Vec::new();
        drop(Perfetto::new(sample::run(), &mut out));
        assert!(out.is_empty());
    }
}
