//! The brokers that the demo starts itself, in the care of a process that outlives the demo.
//!
//! If the demo were the parent of its brokers, they would keep running when the demo is killed, and their storage would stay
//! in the temporary folder. So the demo starts itself a second time, as a *keeper*, which starts the brokers and reads
//! commands from a pipe. When the demo ends, in whatever way, the kernel closes the pipe. The keeper then kills the brokers
//! and removes their storage.
//!
//! The keeper prints `ready`, followed by the addresses and the folder, or `error` and a message. The commands are
//! `kill N` and `start N`, with the number of a broker.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_nats::ServerAddr;
use chapters::interrupt;
use chapters::record::BrokerId;
use installed::NATS_SERVER;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command as AsyncCommand};
use tokio::time::timeout;

/// How often the ports are chosen again because another program took one of them.
const TRIES: usize = 5;
/// The ports of brokers.
const PORTS: Range<u16> = 10_000..32_000;
/// How often a port is drawn.
const PORT_TRIES: usize = 1000;
/// How long a broker that is starting may do nothing at all before it counts as hung. On a busy machine, it waits for the
/// processor, but not for so long without getting any of it.
const IDLE_LIMIT: Duration = Duration::from_secs(7);
/// How long a broker may take until it accepts connections. Far more than any machine needs.
const LIMIT: Duration = Duration::from_secs(30);
/// How long the removal of the brokers and their storage may take.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often the keeper checks whether a broker accepts connections.
const PAUSE: Duration = Duration::from_millis(5);
/// How nats-server marks the reason that it ends, in its log.
const FATAL: &str = "[FTL] ";

/// The demo's end of a keeper. Dropping it ends the keeper and its brokers.
#[derive(Debug)]
pub struct Keeper {
    process: tokio::process::Child,
    commands: ChildStdin,
    servers: Vec<ServerAddr>,
    folder: PathBuf,
}

impl Keeper {
    /// Starts a keeper with this number of brokers, and waits until they accept connections.
    ///
    /// # Errors
    ///
    /// If nats-server isn't installed, or doesn't start.
    pub async fn start(brokers: u32) -> io::Result<Self> {
        let mut command = AsyncCommand::new(env::current_exe()?);
        command.arg("--role=keep").arg(format!("--brokers={brokers}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C in a terminal goes to its process group. The brokers must go on until the service has stopped.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let (commands, lines) = (process.stdin.take(), process.stdout.take());
        let (commands, lines) = commands.zip(lines).ok_or_else(|| io::Error::other("the keeper has no pipes"))?;
        let mut line = String::new();
        tokio::io::BufReader::new(lines).read_line(&mut line).await?;
        match line.trim_end_matches('\n').split_once(' ') {
            Some(("ready", rest)) => {
                let (list, folder) = rest.split_once(' ').unwrap_or((rest, ""));
                let servers: Result<Vec<ServerAddr>, _> = list.split(',').map(str::parse).collect();
                Ok(Self { process, commands, servers: servers?, folder: folder.into() })
            }
            Some(("error", sentence)) => Err(io::Error::other(sentence.to_owned())),
            _ => Err(io::Error::other("the keeper of the brokers ended early")),
        }
    }

    /// The addresses of the brokers.
    pub fn servers(&self) -> &[ServerAddr] {
        &self.servers
    }

    /// The folder with the brokers' storage.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many brokers there are.
    pub fn brokers(&self) -> u32 {
        self.servers.len() as u32
    }

    /// Kills a broker.
    pub async fn kill(&mut self, broker: BrokerId) {
        // An error means that the keeper is gone, and all brokers with it.
        let _ = self.commands.write_all(format!("kill {}\n", broker.0).as_bytes()).await;
    }

    /// Starts a broker that was killed.
    pub async fn restart(&mut self, broker: BrokerId) {
        let _ = self.commands.write_all(format!("start {}\n", broker.0).as_bytes()).await;
    }

    /// Kills the brokers, removes their storage, and waits until that is done.
    pub async fn stop(self) {
        let Self { mut process, commands, .. } = self;
        drop(commands);
        // After an error, or later, the keeper goes on by itself.
        let _ = timeout(STOP_LIMIT, process.wait()).await;
    }
}

/// The keeper's process: starts brokers, carries out commands until its standard input ends, and cleans up.
pub fn keep(brokers: u32) -> io::Result<()> {
    // Only the end of the pipe ends the keeper.
    let _held = interrupt::hold();
    let mut out = io::stdout();
    let program = installed::nats_server().map_err(io::Error::other);
    let mut cluster = match program.and_then(|program| Cluster::start(program, brokers)) {
        Ok(cluster) => cluster,
        Err(error) => return writeln!(out, "error {error}"),
    };
    let list: Vec<String> = cluster.brokers.iter().map(|broker| format!("nats://{}", broker.address)).collect();
    writeln!(out, "ready {} {}", list.join(","), cluster.folder.path().display())?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Some((command, Ok(number))) = line.split_once(' ').map(|(name, number)| (name, number.parse::<usize>()))
        else {
            continue;
        };
        if let Some(broker) = cluster.brokers.get_mut(number) {
            match command {
                "kill" => broker.kill(),
                _ => broker.start(&cluster.program)?,
            }
        }
    }
    Ok(())
}

/// Brokers, and the folder with their storage. Dropping it kills the brokers and removes the folder.
struct Cluster {
    program: PathBuf,
    brokers: Vec<Broker>,
    folder: TempDir,
}

impl Cluster {
    fn start(program: PathBuf, brokers: u32) -> io::Result<Self> {
        let mut tries = 1;
        loop {
            match Self::try_start(&program, brokers) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => tries += 1,
                started => return started,
            }
        }
    }

    fn try_start(program: &Path, brokers: u32) -> io::Result<Self> {
        let cannot = |error: io::Error| {
            let folder = env::temp_dir();
            io::Error::other(format!("the brokers can't store anything in {}: {error}", folder.display()))
        };
        let folder = tempfile::Builder::new().prefix("chapter-machines-").tempdir().map_err(cannot)?;
        let ports = free_addresses(2 * brokers as usize)?;
        let (addresses, routes) = ports.split_at(brokers as usize);
        let mut cluster = Self { program: program.to_owned(), brokers: Vec::new(), folder };
        for (number, (address, route)) in addresses.iter().zip(routes).enumerate() {
            let config = cluster.folder.path().join(format!("broker-{}.conf", number + 1));
            let storage = cluster.folder.path().join(format!("broker-{}", number + 1));
            let ports = format!("ports_file_dir: {:?}\n", cluster.folder.path());
            fs::write(&config, ports + &configuration(number, *address, *route, routes, &storage)).map_err(cannot)?;
            let folder = cluster.folder.path().to_owned();
            let mut broker = Broker { config, folder, address: *address, process: None, fatal: Arc::default() };
            broker.start(program)?;
            cluster.brokers.push(broker);
        }
        cluster.brokers.iter_mut().try_for_each(Broker::wait)?;
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.brokers.iter_mut().for_each(Broker::kill);
        remove(self.folder.path());
    }
}

/// Removes a folder. The demo may be [probing](crate::health) it now: it writes a file, which it removes itself, between
/// the removal of the other files and that of the folder, which then fails.
fn remove(folder: &Path) {
    let begin = Instant::now();
    while fs::remove_dir_all(folder).is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
        if begin.elapsed() > STOP_LIMIT {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// One broker.
struct Broker {
    config: PathBuf,
    /// Where it writes a file when it accepts connections.
    folder: PathBuf,
    /// Where it accepts clients.
    address: SocketAddr,
    process: Option<Child>,
    /// Why it has ended, according to its log.
    fatal: Arc<Mutex<Option<String>>>,
}

impl Broker {
    fn start(&mut self, program: &Path) -> io::Result<()> {
        if self.process.is_none() {
            let mut command = Command::new(program);
            command.arg("--config").arg(&self.config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut process = command.spawn()?;
            let (log, fatal) = (process.stderr.take(), self.fatal.clone());
            self.process = Some(process);
            if let Some(log) = log {
                thread::Builder::new().spawn(move || follow(log, &fatal))?;
            }
        }
        Ok(())
    }

    /// Waits until the broker accepts connections. It then writes a file with its PID in the name. To connect to its ports
    /// wouldn't be enough, because another program may have taken one of them.
    fn wait(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        let (mut used, mut used_at) = (0, begin);
        let Some(process) = &mut self.process else { return Ok(()) };
        let file = self.folder.join(format!("{NATS_SERVER}_{}.ports", process.id()));
        while !file.exists() {
            if let Some(status) = process.try_wait()? {
                return Err(self.reason(status));
            }
            let now = cpu_time(process.id()).unwrap_or(used + 1);
            if now > used {
                (used, used_at) = (now, Instant::now());
            }
            if used_at.elapsed() > IDLE_LIMIT || begin.elapsed() > LIMIT {
                let address = self.address;
                return Err(io::Error::other(format!("{NATS_SERVER} accepts no connections at {address}")));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Why the broker has ended with this status.
    fn reason(&self, status: ExitStatus) -> io::Error {
        // The log ends when the broker does, but the thread that reads it may need a moment.
        let begin = Instant::now();
        while Arc::strong_count(&self.fatal) > 1 && begin.elapsed() < IDLE_LIMIT {
            thread::sleep(PAUSE);
        }
        let fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner).take();
        let reason = fatal.unwrap_or_else(|| status.to_string());
        let is_of_port = reason.contains("address already in use");
        let kind = if is_of_port { io::ErrorKind::AddrInUse } else { io::ErrorKind::Other };
        io::Error::new(kind, format!("{NATS_SERVER} doesn't start: {reason}"))
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Both fail only if the broker has ended.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Reads the log of a broker, and keeps the line that says why it ends.
fn follow(log: ChildStderr, fatal: &Mutex<Option<String>>) {
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if let Some((_, reason)) = line.split_once(FATAL) {
            *fatal.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

/// How long a process has used the processor, in nanoseconds, if the system says so.
fn cpu_time(pid: u32) -> Option<u64> {
    fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?.split(' ').next()?.parse().ok()
}

/// Addresses of this machine whose ports no program uses at the moment.
///
/// The ports are below those that systems give to outgoing connections, because one of these could take a port before its
/// broker does.
///
/// # Errors
///
/// If too few of the ports are free.
pub fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    // All of them are bound before the first is released, so no port comes twice.
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut last = io::Error::other("no free port");
    for _ in 0..PORT_TRIES {
        if listeners.len() == count {
            return listeners.iter().map(TcpListener::local_addr).collect();
        }
        match TcpListener::bind((Ipv4Addr::LOCALHOST, rand::random_range(PORTS))) {
            Ok(listener) => listeners.push(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The configuration of a broker.
fn configuration(
    number: usize,
    address: SocketAddr,
    route: SocketAddr,
    routes: &[SocketAddr],
    storage: &Path,
) -> String {
    let jetstream = format!("store_dir: {storage:?}, max_memory_store: 64MB, max_file_store: 4GB");
    let mut text = format!("server_name: broker-{}\nlisten: \"{address}\"\njetstream {{ {jetstream} }}\n", number + 1);
    if routes.len() > 1 {
        let list: Vec<String> = routes.iter().map(|route| format!("\"nats-route://{route}\"")).collect();
        // Brokers of another cluster that has taken one of the ports are refused by its name.
        let name = process::id();
        text += &format!("cluster {{ name: chapter-{name}, listen: \"{route}\", routes: [{}] }}\n", list.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_folder_is_removed_while_a_file_comes_and_goes() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().expect("a folder");
            let (file, stop) = (folder.path().join("probe"), AtomicBool::new(false));
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        // Both fail once the folder is gone.
                        let _ = fs::write(&file, [0; 1 << 16]).and_then(|()| fs::remove_file(&file));
                    }
                });
                while !file.exists() {
                    thread::yield_now();
                }
                remove(folder.path());
                stop.store(true, Ordering::Relaxed);
            });
            assert!(!folder.path().exists());
        }
    }
}
