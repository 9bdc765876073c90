//! The service's end of its workers: starts those of this machine, welcomes those of others, takes their reports, and
//! carries out the faults that were asked for.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Message, ServerAddr, Subscriber};
use bytes::Bytes;
use chapters::record::{BrokerId, Event, WorkerId};
use chapters::service::{Outcome, Plan, cannot_start};
use chapters::trace::Trace;
use chapters::usage::Usage;
use futures_util::StreamExt;
use tokio::process::Command;
use tokio::select;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::broker::{Broker, NOBODY, from_json, to_json};
use crate::fault::{Fault, Faults};
use crate::health::{ELECTION_LIMIT, Health};
use crate::keeper::Keeper;
use crate::ledger::Ledger;
use crate::member::{LEASE, RENEWAL, Request, State, Welcome};
use crate::proxy::Proxy;
use crate::queue::{self, Delivering, Pull, RecvError};
use crate::report::Report;
use crate::service::Service;

/// How often faults and the order of records are looked after.
const TICK: Duration = Duration::from_millis(20);
/// How long records are held back, so that those of different workers can be sorted. Later ones are shown late.
const HELD_BACK: Duration = Duration::from_millis(300);
/// How often the brokers are asked for their leader.
const LOOK: Duration = Duration::from_millis(200);
/// How long a broker that was killed stays dead.
const DEAD: Duration = Duration::from_secs(1);
/// How often the service repeats that its workers should stop.
const REMINDER: Duration = Duration::from_millis(500);
/// How long the service waits for the reports that the brokers have stored. They may be electing a leader.
const REST: Duration = ELECTION_LIMIT;
/// How long the brokers of others may take to remove the streams of a service that has failed.
const REMOVAL: Duration = Duration::from_secs(1);

/// The processes of this machine that belong to the service.
#[derive(Debug)]
pub struct Local {
    /// How many workers to start here.
    pub workers: u32,
    /// The addresses of the brokers.
    pub servers: Vec<ServerAddr>,
    /// The name of the service, for its workers.
    pub name: String,
    /// The brokers, if the demo has started them.
    pub keeper: Option<Keeper>,
    /// The faults to carry out.
    pub faults: Faults,
    /// More faults, as someone asks for them.
    pub asked: mpsc::UnboundedReceiver<Fault>,
    /// Whether the workers' connections can be cut.
    pub proxies: bool,
}

/// A worker that the service has started, or welcomed.
#[derive(Debug, Default)]
struct Member {
    /// Whether the worker's process is a child of this one.
    local: bool,
    /// Kills the worker's process, if it's a child of this one and hasn't been killed.
    kill: Option<oneshot::Sender<()>>,
    proxy: Option<Proxy>,
    /// Whether its connection is cut, and which job it was doing then.
    cut: Option<Option<u64>>,
    /// When it last asked for, or renewed, its lease. `None` before the first time.
    heard: Option<Instant>,
    ended: bool,
    /// Whether its death has been recorded.
    died: bool,
}

impl Member {
    /// Whether the worker's lease has ended. The lease lasts at least until ten seconds after the service began to stop.
    fn is_silent(&self, stopping: Instant) -> bool {
        self.heard.unwrap_or(stopping).max(stopping).elapsed() > LEASE
    }
}

/// The state of the brokers, as they report it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct View {
    leader: Option<BrokerId>,
    /// Whether all replicas of the queue are up to date.
    whole: bool,
}

/// The workers of a service, from the service's side.
pub struct Coordinator {
    broker: Broker,
    health: Health,
    trace: Trace,
    plan: Plan,
    delivering: Delivering,
    local: Local,
    ledger: Ledger,
    reports: Pull,
    requests: Subscriber,
    members: BTreeMap<WorkerId, Member>,
    exit: mpsc::UnboundedSender<(WorkerId, io::Result<ExitStatus>)>,
    exits: mpsc::UnboundedReceiver<(WorkerId, io::Result<ExitStatus>)>,
    view: watch::Receiver<View>,
    leader: Option<BrokerId>,
    /// Whether the leader was killed, and the brokers haven't reported yet that they have none.
    leader_killed: bool,
    /// A broker that was killed, and when to start it again.
    dead: Option<(BrokerId, Instant)>,
    ticks: Interval,
    running: bool,
    /// Why the service can't go on, according to a worker or to the brokers' health: the first such message.
    failed: Option<String>,
}

impl Coordinator {
    /// Listens for the workers of a service, and for their reports.
    ///
    /// # Errors
    ///
    /// If the connection was closed.
    pub async fn new(service: Service, local: Local) -> io::Result<Self> {
        let Service { plan, trace, delivering, broker, health, reports, added } = service;
        let requests = broker.client.subscribe(broker.names.members()).await.map_err(io::Error::other)?;
        let reports = reports.greedy();
        trace.complete_until(Duration::ZERO);
        let (exit, exits) = mpsc::unbounded_channel();
        let (tell, view) = watch::channel(View::default());
        tokio::spawn(look(broker.clone(), tell));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            broker,
            health,
            trace,
            plan,
            delivering,
            local,
            ledger: Ledger::new(added),
            reports,
            requests,
            members: BTreeMap::new(),
            exit,
            exits,
            view,
            leader: None,
            leader_killed: false,
            dead: None,
            ticks,
            running: true,
            failed: None,
        })
    }

    /// Starts the workers of this machine.
    ///
    /// # Errors
    ///
    /// If one can't be started.
    pub async fn start(&mut self) -> io::Result<()> {
        for _ in 0..self.local.workers {
            self.start_worker().await?;
        }
        Ok(())
    }

    async fn start_worker(&mut self) -> io::Result<()> {
        let id = self.next_id();
        let started = self.try_start_worker(id).await;
        started.map_err(|error| cannot_start(id, &error))
    }

    async fn try_start_worker(&mut self, id: WorkerId) -> io::Result<()> {
        let proxy = if self.local.proxies { Some(Proxy::start(&self.local.servers).await?) } else { None };
        let servers = proxy.as_ref().map_or(&*self.local.servers, Proxy::servers);
        let servers: Vec<String> = servers.iter().map(|server| server.as_url_str().to_owned()).collect();
        let mut command = Command::new(env::current_exe()?);
        command.args([
            "--role=work".to_owned(),
            "--workers=1".to_owned(),
            format!("--servers={}", servers.join(",")),
            format!("--name={}", self.local.name),
            format!("--worker={}", id.0),
        ]);
        // The worker ends when its standard input does, which is when this process ends.
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        // Ctrl-C in a terminal goes to its process group. A worker finishes its job first.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let (kill, killed) = oneshot::channel();
        let exit = self.exit.clone();
        tokio::spawn(async move {
            let input = process.stdin.take();
            let status = select! {
                status = process.wait() => status,
                Ok(()) = killed => {
                    let _ = process.start_kill();
                    process.wait().await
                }
            };
            drop(input);
            let _ = exit.send((id, status));
        });
        self.members.insert(id, Member { local: true, kill: Some(kill), proxy, ..Member::default() });
        Ok(())
    }

    fn next_id(&self) -> WorkerId {
        WorkerId(self.members.last_key_value().map_or(0, |(id, _)| id.0 + 1))
    }

    /// Waits until nothing is left to do: all jobs are done and the service should stop then, or no worker is left, or the
    /// service can't go on.
    pub async fn until_ended(&mut self) {
        while !(self.failed.is_some() || self.is_deserted() || self.plan.until_done && self.ledger.open() == 0) {
            self.step().await;
        }
    }

    /// Whether all workers that the service has started have ended.
    fn is_deserted(&self) -> bool {
        self.local.workers > 0 && self.members.values().all(|member| member.ended)
    }

    /// Waits for the next event and deals with it. Cancel safe, as far as the ledger is concerned: a report is taken at
    /// once, and a report whose acknowledgment is not sent comes again and is ignored.
    async fn step(&mut self) {
        select! {
            report = self.reports.recv(Instant::now() + LEASE) => self.take(report).await,
            Some(request) = self.requests.next() => self.welcome(request).await,
            Some((id, status)) = self.exits.recv() => self.note_exit(id, status).await,
            Some(fault) = self.local.asked.recv() => self.local.faults.add(fault),
            error = self.health.failed(), if self.failed.is_none() => self.failed = Some(error.to_string()),
            _ = self.ticks.tick() => self.look_after().await,
        }
    }

    async fn take(&mut self, report: Result<Message, RecvError>) {
        let Ok(message) = report else { return };
        let now = self.trace.origin().elapsed();
        if let Ok(report) = from_json::<Report>(&message.payload, &message.subject)
            && report.worker != NOBODY
        {
            let worker = report.worker;
            let records = self.ledger.take(report, now);
            self.trace.forward(worker, records);
        }
        if let Ok(ack) = queue::ack(&self.broker, &message) {
            ack.send(AckKind::Ack).await;
        }
    }

    async fn welcome(&mut self, request: Message) {
        let Some(reply) = request.reply else { return };
        let Ok(Request { worker, failed }) = from_json(&request.payload, &request.subject) else { return };
        let worker = worker.unwrap_or_else(|| self.next_id());
        self.failed = self.failed.take().or(failed);
        if worker != NOBODY {
            self.members.entry(worker).or_default().heard = Some(Instant::now());
        }
        let state = match &self.failed {
            Some(sentence) => State::Failed(sentence.clone()),
            None if self.running => State::Running,
            None => State::Stopping,
        };
        let Delivering { ack_wait, attempts, poison, .. } = self.delivering;
        let (scale, at) = (self.plan.scale, self.trace.origin().elapsed());
        let welcome = Welcome { worker, at, state, scale, ack_wait, attempts, poison };
        // If the answer gets lost, the worker asks again.
        let _ = self.broker.client.publish(reply, to_json(&welcome)).await;
    }

    /// Notes that a worker's process has ended, and starts another one in its place if it died.
    async fn note_exit(&mut self, id: WorkerId, status: io::Result<ExitStatus>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.ended = true;
        let joined = member.heard.is_some();
        if status.is_ok_and(|status| status.success()) {
            return;
        }
        member.died = true;
        self.trace.worker(id).record(Event::WorkerDied(None));
        // A worker that never joined would fail again.
        if self.running && joined {
            // If the system refuses another process, the other workers do its jobs.
            let _ = self.start_worker().await;
        }
    }

    async fn look_after(&mut self) {
        self.trace.complete_until(self.trace.origin().elapsed().saturating_sub(HELD_BACK));
        let view = *self.view.borrow();
        if self.leader_killed && view.leader.is_none() {
            // The next leader has been elected, even if it's the same broker, started again.
            (self.leader, self.leader_killed) = (None, false);
        }
        if view.leader.is_some() && view.leader != self.leader {
            self.leader = view.leader;
            if let (Some(leader), true) = (view.leader, self.delivering.replicas > 1) {
                self.trace.service().record(Event::LeaderElected(leader));
            }
        }
        if let (Some((broker, at)), Some(keeper)) = (self.dead, &mut self.local.keeper)
            && at <= Instant::now()
        {
            keeper.restart(broker).await;
            self.health.note_restart(broker);
            self.dead = None;
            self.trace.service().record(Event::BrokerRestarted(broker));
        }
        self.restore_networks();
        if self.running
            && let Some(fault) = self.local.faults.due(self.ledger.started())
        {
            let hit = match fault {
                Fault::Worker => self.kill_worker(),
                Fault::Network => self.cut_network(),
                Fault::Broker | Fault::Leader => self.kill_broker(fault, view).await,
            };
            if hit {
                self.local.faults.done();
            }
        }
    }

    /// The workers of this machine that are doing a job, and that no fault has hit.
    fn busy(&self) -> Vec<WorkerId> {
        let busy = |(id, member): (&WorkerId, &Member)| {
            let job = self.ledger.worker(*id).job;
            (member.kill.is_some() && !member.ended && member.cut.is_none() && job.is_some()).then_some(*id)
        };
        self.members.iter().filter_map(busy).collect()
    }

    fn kill_worker(&mut self) -> bool {
        let busy = self.busy();
        let chosen = self.local.faults.choose(&busy).and_then(|id| self.members.get_mut(&id)?.kill.take());
        chosen.is_some_and(|kill| kill.send(()).is_ok())
    }

    fn cut_network(&mut self) -> bool {
        let busy = self.busy();
        if busy.len() < 2 {
            // The other worker is the one that gets the job.
            return false;
        }
        let Some(id) = self.local.faults.choose(&busy) else { return false };
        let job = self.ledger.worker(id).job;
        let Some(member) = self.members.get_mut(&id) else { return false };
        let Some(proxy) = &member.proxy else { return false };
        proxy.cut();
        member.cut = Some(job);
        self.trace.worker(id).record(Event::NetworkCut);
        true
    }

    /// Restores the network of a worker when another worker has got its job, or when the job is done.
    fn restore_networks(&mut self) {
        let held: Vec<(WorkerId, u64)> =
            self.members.keys().filter_map(|id| Some((*id, self.ledger.worker(*id).job?))).collect();
        for (id, member) in &mut self.members {
            let Some(job) = member.cut else { continue };
            let elsewhere = held.iter().any(|(other, held)| other != id && Some(*held) == job);
            let done = job.is_some_and(|job| self.ledger.is_done(job));
            if elsewhere || done || !self.running {
                member.cut = None;
                member.proxy.iter().for_each(Proxy::restore);
                self.trace.worker(*id).record(Event::NetworkRestored);
            }
        }
    }

    /// Kills a broker, unless another one is still missing: three replicas survive the loss of one.
    async fn kill_broker(&mut self, fault: Fault, view: View) -> bool {
        let (Some(leader), Some(keeper)) = (view.leader, &mut self.local.keeper) else { return false };
        if self.dead.is_some() || !view.whole {
            return false;
        }
        let all: Vec<BrokerId> = (0..keeper.brokers()).map(BrokerId).collect();
        let chosen = if fault == Fault::Leader { Some(leader) } else { self.local.faults.choose(&all) };
        let Some(broker) = chosen else { return false };
        self.health.note_kill(broker);
        keeper.kill(broker).await;
        self.leader_killed = broker == leader;
        self.dead = Some((broker, Instant::now() + DEAD));
        self.trace.service().record(Event::BrokerDied(broker));
        true
    }

    /// Stops all workers, waits until they have ended, and takes the rest of their reports.
    ///
    /// # Errors
    ///
    /// If the service can't go on. Then the ledger doesn't know which jobs were done, so jobs that have been started
    /// aren't awaited.
    pub async fn stop(mut self) -> io::Result<Outcome> {
        self.running = false;
        self.restore_networks();
        let stopping = Instant::now();
        let mut reminder = interval(REMINDER);
        while self.members.iter().any(|(id, member)| self.is_awaited(*id, member, stopping)) {
            self.kill_those_that_hang(stopping);
            select! {
                () = self.step() => {}
                _ = reminder.tick() => {
                    // A worker that doesn't get this message learns it when it renews its lease.
                    let _ = self.broker.client.publish(self.broker.names.stop(), Bytes::new()).await;
                }
            }
        }
        let left = self.settle().await;
        for (id, _) in self.members.iter().filter(|(_, member)| !member.died) {
            if !self.ledger.worker(*id).finished {
                self.trace.worker(*id).record(Event::WorkerDied(None));
            }
        }
        self.trace.complete_until(Duration::MAX);
        match self.local.keeper {
            // Their storage is removed with them.
            Some(keeper) => keeper.stop().await,
            None if self.health.is_reachable() => _ = timeout(REMOVAL, self.broker.delete_streams()).await,
            None => {}
        }
        let mut usage = Usage::of_this_process();
        usage.peak_rss = usage.peak_rss.saturating_add(self.ledger.peak_rss());
        self.failed.map_or(Ok(Outcome { left, usage }), |sentence| Err(io::Error::other(sentence)))
    }

    /// Whether the service waits for a worker: until its process has ended, or, on another machine, until it has reported
    /// its end or its lease is over. If the service has failed, no worker can report its end, so the service waits only
    /// until those of other machines have probably learned it.
    fn is_awaited(&self, id: WorkerId, member: &Member, stopping: Instant) -> bool {
        if member.ended || member.local {
            return !member.ended;
        }
        match self.failed {
            Some(_) => self.health.is_reachable() && stopping.elapsed() < RENEWAL,
            None => !(self.ledger.worker(id).finished || member.is_silent(stopping)),
        }
    }

    /// Kills the processes of this machine that don't renew their leases, and all of them if the service has failed.
    fn kill_those_that_hang(&mut self, stopping: Instant) {
        for member in self.members.values_mut().filter(|member| member.local && !member.ended) {
            if (self.failed.is_some() || member.is_silent(stopping))
                && let Some(kill) = member.kill.take()
            {
                // An error means that the process has ended.
                let _ = kill.send(());
            }
        }
    }

    /// Takes the reports that the brokers have stored and that haven't arrived, and returns how many jobs are left, unless
    /// the service has failed or fails now.
    async fn settle(&mut self) -> u64 {
        if self.failed.is_some() {
            return 0;
        }
        let mut health = self.health.clone();
        let settled = timeout(REST, async {
            self.take_the_rest().await;
            self.left().await
        });
        let error = select! {
            settled = settled => match settled {
                Ok(left) => return left,
                Err(_) => {
                    let servers = self.broker.servers();
                    io::Error::other(format!("the brokers at {servers} don't deliver the workers' records"))
                }
            },
            error = health.failed() => error,
        };
        self.failed = Some(error.to_string());
        0
    }

    async fn take_the_rest(&mut self) {
        while self.reports.is_empty().await != Some(true) {
            let mut pause = pin!(sleep(TICK));
            loop {
                select! {
                    report = self.reports.recv(Instant::now() + LEASE) => self.take(report).await,
                    () = &mut pause => break,
                }
            }
        }
    }

    /// How many jobs are left on the queue: those that are neither completed nor lost. A job that the broker doesn't have
    /// isn't left, so it counts as lost.
    async fn left(&self) -> u64 {
        loop {
            if let Some(info) = self.broker.stream_info(&self.broker.names.jobs()).await {
                return self.ledger.open().min(info.state.messages);
            }
            sleep(TICK).await;
        }
    }
}

/// Polls the brokers for the leader of the job queue.
async fn look(broker: Broker, tell: watch::Sender<View>) {
    let stream = broker.names.jobs();
    while !tell.is_closed() {
        let view = match broker.stream_info(&stream).await.map(|info| info.cluster) {
            // A single broker is its own leader, and isn't part of a cluster.
            Some(None) => View { leader: Some(BrokerId(0)), whole: true },
            Some(Some(cluster)) => View {
                leader: cluster.leader.as_deref().and_then(|name| name.parse().ok()),
                whole: cluster.replicas.iter().all(|replica| replica.current && !replica.offline),
            },
            None => View::default(),
        };
        tell.send_replace(view);
        sleep(LOOK).await;
    }
}
