//! A worker that panics harms no other worker. A program can't be made to have one, so these tests call the library.

use std::time::Duration;

use chapters::job::{Job, Kind, jobs};
use chapters::random::Seed;
use chapters::record::Record;
use chapters::service::{OnStarted, Plan, StopHandle};
use chapters::threads::service::Worker;
use chapters::trace;
use chapters::{coroutines, threads};

const PLAN: Plan = Plan { workers: 3, time: Duration::from_secs(30), scale: 0.001, until_done: true, echo_port: None };

/// Runs these jobs in each model, and calls `promise` with the number of jobs that are left, and the records.
fn each_model(plan: Plan, jobs: &[Job], promise: impl Fn(u64, Vec<Record>)) {
    // Keeps the handle that stops the service, and never uses it: dropping it would stop the service.
    fn keep(stopper: &mut Option<StopHandle>) -> OnStarted<'_> {
        Box::new(|stop| {
            *stopper = Some(stop);
            Ok(())
        })
    }
    let (trace, records) = trace::channel();
    let mut service = threads::Service::new(plan, trace);
    service.add_jobs(jobs.to_vec());
    let stopped = service.run(keep(&mut None), Worker::work).expect("the service runs");
    promise(stopped.left, records.rest());
    for runtime in [coroutines::Runtime::CurrentThread, coroutines::Runtime::MultiThread] {
        let (trace, records) = trace::channel();
        let stopped = runtime.build().expect("a runtime").block_on(async {
            let mut service = coroutines::Service::new(plan, trace);
            service.add_jobs(jobs.to_vec());
            service.run(keep(&mut None)).await
        });
        promise(stopped.expect("the service runs").left, records.rest());
    }
}

#[test]
fn a_worker_that_panics_harms_no_other() {
    // Twenty good jobs, and among them one that panics: a wait can't be shorter than zero.
    let mut list: Vec<Job> = jobs(&Seed::from(1), Kind::Io).take(21).collect();
    list[5].size = -1.0;
    each_model(PLAN, &list, |left, records| {
        let all = |name: &str| records.iter().filter(|it| it.event.name() == name).collect::<Vec<_>>();
        let completed: Vec<u64> =
            all("job_completed").iter().filter_map(|it| it.event.job()).map(|job| job.number).collect();
        assert_eq!((completed.len(), left), (20, 0), "{records:#?}");
        assert!(!completed.contains(&5));
        let (died, finished) = (all("worker_died"), all("worker_finished"));
        assert_eq!((died.len(), finished.len()), (1, 2), "{records:#?}");
        let victim = all("job_started").into_iter().find(|it| it.event.job().is_some_and(|job| job.number == 5));
        assert_eq!(died[0].worker, victim.expect("the job was begun").worker);
        assert!(finished.iter().all(|it| it.worker != died[0].worker));
    });
}

#[test]
fn a_service_whose_workers_have_all_panicked_ends_before_its_time() {
    let plan = Plan { workers: 2, until_done: false, ..PLAN };
    let bad: Vec<Job> = (0..10).map(|number| Job { number, kind: Kind::Io, size: -1.0 }).collect();
    each_model(plan, &bad, |left, records| {
        assert_eq!(left, 8);
        let end = records.last().expect("records").at;
        assert!(end < plan.time, "it waited out its time: {records:#?}");
    });
}
