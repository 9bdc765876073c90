//! The runs of the soak: the service under several loads, and every scene for processes, by each start method.

use chapters::demos::Part;
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::service::Model;

use super::common::{FORK, FORKSERVER, Finished, PRIMITIVES, QUEUES, Run, SPAWN, Variant};

/// The workers of each run: enough that some are left after several kills.
pub const WORKERS: usize = 5;

const METHODS: [&str; 3] = ["fork", "spawn", "forkserver"];
const SERVICES: [&Variant; 3] = [&FORK, &SPAWN, &FORKSERVER];

/// The service's work: a queue that is never empty, a crowd around the queue, jobs that wait, an empty queue, and jobs
/// that compute.
const LOADS: [&str; 5] = [
    "--jobs=5000 --kind=io --scale=0.002 --time=0.1",
    "--jobs=500 --kind=io --scale=0 --time=0.1",
    "--jobs=20 --kind=io --scale=0.02 --until-done",
    "--jobs=2 --kind=io --scale=0.001 --time=0.1",
    "--jobs=50 --scale=0.001 --until-done",
];

/// A scene or a load of the service, and the method that starts its workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    program: Program,
    /// The load of the service, or the name of the scene.
    name: &'static str,
    pub method: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    Service,
    Primitives,
    Queues,
}

impl Case {
    /// All cases. Those that differ in the method alone follow each other.
    pub fn all() -> Vec<Self> {
        let loads = LOADS.into_iter().map(|load| (Program::Service, load));
        let primitives = scenes::<Primitive>().map(|name| (Program::Primitives, name));
        let queues = scenes::<QueueDemo>().map(|name| (Program::Queues, name));
        let each = loads.chain(primitives).chain(queues);
        each.flat_map(|(program, name)| METHODS.map(|method| Self { program, name, method })).collect()
    }

    /// The run with this seed.
    pub fn run(self, seed: i64) -> Run {
        let (seed, workers) = (format!("--seed={seed}"), format!("--workers={WORKERS}"));
        let method = format!("--method={}", self.method);
        let scene = |program: &Variant| {
            let flags = [self.name, "--model=processes", &method, &workers, &seed, "--scale=0.1", "--format=json"];
            program.bare(flags)
        };
        match self.program {
            Program::Service => {
                let service = METHODS.iter().position(|method| *method == self.method).expect("one of the methods");
                SERVICES[service].run(self.name.split(' ').chain([seed.as_str(), workers.as_str()]))
            }
            Program::Primitives => scene(&PRIMITIVES),
            Program::Queues => scene(&QUEUES),
        }
    }

    /// Checks the records of a run that has ended with a summary, and returns how many workers died.
    pub fn died(self, run: Finished) -> usize {
        if self.program != Program::Service {
            return run.scene(WORKERS);
        }
        let story = run.story();
        let died = story.all("worker_died").count();
        // The other workers do the rest of the jobs, if there are any.
        let does_the_rest = self.name.contains("--until-done") && died < WORKERS;
        assert!(!does_the_rest || story.summary.left == 0, "{died} workers died: {:#?}", story.records);
        died
    }
}

/// The names of a program's scenes for processes.
fn scenes<P: Part>() -> impl Iterator<Item = &'static str> {
    let parts = P::value_variants().iter().filter(|part| part.missing(Model::Processes).is_none());
    parts.map(|part| part.name())
}
