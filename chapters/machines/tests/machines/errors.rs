//! Brokers that can't do what the service needs: each gets one sentence and exit status 1.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use nix::sys::signal::Signal;

use crate::harness::{Broker, Disk, Ended, Fault, Test, run, start, start_in};

/// Tests that mount a file system.
pub const ON_A_DISK: &[Test] = &[
    ("a_disk_that_is_full_before_the_start_is_named", a_disk_that_is_full_before_the_start_is_named),
    ("a_disk_without_space_for_the_jobs_is_named", a_disk_without_space_for_the_jobs_is_named),
    ("a_disk_that_fills_up_during_a_run_ends_it", a_disk_that_fills_up_during_a_run_ends_it),
    ("a_disk_that_is_read_only_is_named", a_disk_that_is_read_only_is_named),
    ("a_full_disk_of_other_brokers_is_named", a_full_disk_of_other_brokers_is_named),
    ("a_disk_of_other_brokers_that_fills_up_during_a_run_ends_it", a_disk_of_other_brokers_that_fills_up_ends_a_run),
];

pub const TESTS: &[Test] = &[
    ("servers_that_nobody_runs_are_named", servers_that_nobody_runs_are_named),
    ("a_cluster_without_a_quorum_is_named", a_cluster_without_a_quorum_is_named),
    ("a_broker_outside_a_cluster_has_no_replicas", a_broker_outside_a_cluster_has_no_replicas),
    ("storage_without_space_for_the_jobs_is_named", storage_without_space_for_the_jobs_is_named),
    ("storage_that_fills_up_with_records_ends_the_run", storage_that_fills_up_with_records_ends_the_run),
    ("brokers_that_die_end_the_run", brokers_that_die_end_the_run),
    ("brokers_that_hang_end_the_run", brokers_that_hang_end_the_run),
    ("one_of_three_brokers_may_hang", one_of_three_brokers_may_hang),
    ("a_broker_that_the_client_does_not_know_may_die", a_broker_that_the_client_does_not_know_may_die),
    ("two_brokers_that_the_client_does_not_know_may_not_die", two_brokers_that_the_client_does_not_know_may_not_die),
    ("a_worker_that_hangs_ends_with_the_run", a_worker_that_hangs_ends_with_the_run),
    ("workers_of_another_process_end_without_a_broker", workers_of_another_process_end_without_a_broker),
    ("contradictions_are_found_before_anything_starts", contradictions_are_found_before_anything_starts),
];

/// Addresses of services that aren't installed anywhere any more.
const NOBODY: &str = "127.0.0.1:1";
const NOBODY_ELSE: &str = "127.0.0.1:11";

fn servers_that_nobody_runs_are_named() -> Fault {
    let expected = format!("cannot reach a broker at nats://{NOBODY}");
    run(&format!("--servers={NOBODY} --jobs=1"))?.is_one_sentence(&expected)?;
    run(&format!("--role=work --workers=1 --servers={NOBODY}"))?.is_one_sentence(&expected)?;
    run("--servers=no-such-host.invalid:4222 --jobs=1")?.is_one_sentence("cannot reach a broker at nats://no-such-host")
}

fn a_cluster_without_a_quorum_is_named() -> Fault {
    // The broker draws a port for itself. It knows two others, which don't exist.
    let routes = format!("routes: [\"nats-route://{NOBODY}\", \"nats-route://{NOBODY_ELSE}\"]");
    let broker = Broker::start("", &format!("cluster {{ name: c, listen: \"127.0.0.1:-1\", {routes} }}"))?;
    run(&format!("--servers={} --replicas=3 --jobs=1", broker.url))?.is_one_sentence("no quorum: the brokers at")
}

fn a_broker_outside_a_cluster_has_no_replicas() -> Fault {
    let broker = Broker::start("", "")?;
    let ended = run(&format!("--servers={} --replicas=3 --jobs=1", broker.url))?;
    ended.is_one_sentence("--replicas=3: the broker at")
}

fn storage_without_space_for_the_jobs_is_named() -> Fault {
    let broker = Broker::start(", max_file_store: 64KB", "")?;
    let ended = run(&format!("--servers={} --jobs=5000 --scale=0 --until-done", broker.url))?;
    ended.is_one_sentence("the storage of the brokers at")
}

/// Jobs that take longer than any test.
const LONG: &str = "--kind=io --jobs=100 --seed=1 --workers=2 --time=1000";

/// Starts a run with long jobs, and waits until workers have begun some.
fn busy(run: Result<crate::harness::Run, String>) -> Result<crate::harness::Run, String> {
    let mut run = run?;
    run.wait_for("starts job")?;
    Ok(run)
}

fn storage_that_fills_up_with_records_ends_the_run() -> Fault {
    // The broker's limit counts the messages of all streams. These fill it while the workers are busy.
    let broker = Broker::start(", max_file_store: 256KB", "")?;
    let worker = start(&format!("--role=work --workers=1 --time=200 --servers={}", broker.url))?;
    let service = busy(start(&format!("--role=submit {LONG} --servers={}", broker.url)))?;
    broker.fill()?;
    let ended = service.end()?;
    ended.is_one_sentence("the service failed: the storage of the brokers at")?;
    worker.end()?.is_one_sentence("the storage of the brokers at")
}

fn brokers_that_die_end_the_run() -> Fault {
    for (brokers, dying, words) in [(1, 1, "the broker at nats://"), (3, 2, "no quorum: only 1 of the 3 brokers at")] {
        let run = busy(start(&format!("--brokers={brokers} {LONG}")))?;
        run.signal("nats-server", dying, Signal::SIGKILL)?;
        run.end()?.is_one_sentence(words)?;
    }
    Ok(())
}

fn brokers_that_hang_end_the_run() -> Fault {
    for (brokers, hung, words) in
        [(1, 1, "doesn't answer"), (3, 2, "no quorum: only 1 of the 3 brokers at"), (3, 3, "the brokers at")]
    {
        let run = busy(start(&format!("--brokers={brokers} {LONG}")))?;
        run.signal("nats-server", hung, Signal::SIGSTOP)?;
        run.end()?.is_one_sentence(words)?;
    }
    Ok(())
}

fn one_of_three_brokers_may_hang() -> Fault {
    let run = busy(start("--brokers=3 --kind=io --jobs=40 --seed=1 --scale=0.5 --until-done --time=250"))?;
    run.signal("nats-server", 1, Signal::SIGSTOP)?;
    let ended = run.end()?;
    ended.has_status(0)?;
    completes(&ended, 40)
}

/// Starts three brokers, and runs jobs with the address of the first one. Then kills `count` of the others.
fn with_one_address(count: usize, flags: &str) -> Result<Ended, String> {
    let folder = tempfile::TempDir::new().map_err(|error| error.to_string())?;
    let mut brokers = Broker::cluster(folder.path())?;
    let run = busy(start(&format!("--servers={} --replicas=3 {flags}", brokers[0].url)))?;
    brokers.iter_mut().skip(1).take(count).try_for_each(Broker::kill)?;
    run.end()
}

fn a_broker_that_the_client_does_not_know_may_die() -> Fault {
    let ended = with_one_address(1, "--kind=io --jobs=40 --seed=1 --scale=0.5 --until-done --time=250")?;
    ended.has_status(0)?;
    completes(&ended, 40)
}

fn two_brokers_that_the_client_does_not_know_may_not_die() -> Fault {
    with_one_address(2, LONG)?.is_one_sentence("no quorum: most brokers in the cluster of")
}

fn a_worker_that_hangs_ends_with_the_run() -> Fault {
    let run = busy(start("--kind=io --jobs=12 --seed=1 --until-done --time=250"))?;
    run.signal("--worker=", 1, Signal::SIGSTOP)?;
    let ended = run.end()?;
    ended.has_status(0)?;
    completes(&ended, 12)
}

fn completes(ended: &Ended, jobs: u32) -> Fault {
    let words = format!("\nall workers  {jobs} jobs: {jobs} completed, 0 left, 0 lost\n");
    if ended.stdout.contains(&words) { Ok(()) } else { Err(ended.stdout.clone()) }
}

fn workers_of_another_process_end_without_a_broker() -> Fault {
    let broker = Broker::start("", "")?;
    let worker = start(&format!("--role=work --workers=1 --time=200 --servers={}", broker.url))?;
    let service = busy(start(&format!("--role=submit {LONG} --servers={}", broker.url)))?;
    broker.hang()?;
    service.end()?.is_one_sentence("the service failed: the broker at")?;
    worker.end()?.is_one_sentence("the service hasn't answered for 10 s")
}

const FULL: &str = "the brokers can't store anything in";
const REFUSED: &str = "the storage of the brokers at";

fn a_disk_that_is_full_before_the_start_is_named() -> Fault {
    let disk = Disk::mount(64)?;
    disk.fill()?;
    for brokers in [1, 3] {
        start_in(&disk.folder(), &format!("--brokers={brokers} --jobs=1"))?.end()?.is_one_sentence(FULL)?;
    }
    Ok(())
}

fn a_disk_without_space_for_the_jobs_is_named() -> Fault {
    for (brokers, size) in [(1, 512), (3, 4096)] {
        let disk = Disk::mount(size)?;
        let run = start_in(&disk.folder(), &format!("--brokers={brokers} --jobs=50000 --scale=0 --until-done"))?;
        run.end()?.is_one_sentence(FULL)?;
    }
    Ok(())
}

fn a_disk_that_fills_up_during_a_run_ends_it() -> Fault {
    for brokers in [1, 3] {
        let disk = Disk::mount(16_384)?;
        let run = busy(start_in(&disk.folder(), &format!("--brokers={brokers} {LONG}")))?;
        disk.fill()?;
        let ended = run.end()?;
        // A broker may find the time to refuse a report before it stops answering.
        ended.is_one_of(&[FULL, REFUSED])?;
    }
    Ok(())
}

/// The errors for other people's brokers without space on their disks. Which one comes depends on the write that fails first.
const WITHOUT_SPACE: &[&str] = &[
    REFUSED,
    "have no JetStream",
    "has no JetStream",
    "only 1 of the 3 brokers",
    "make space on their disks",
    "a full disk",
];

fn a_full_disk_of_other_brokers_is_named() -> Fault {
    let disk = Disk::mount(16_384)?;
    let brokers = Broker::cluster(&disk.folder())?;
    disk.fill()?;
    let all: Vec<&str> = brokers.iter().map(|broker| &*broker.url).collect();
    // The first of these runs is the one in which the brokers notice.
    for servers in [all.join(","), all.join(","), brokers[0].url.clone()] {
        run(&format!("--servers={servers} --replicas=3 --jobs=1"))?.is_one_of(WITHOUT_SPACE)?;
    }
    Ok(())
}

fn a_disk_of_other_brokers_that_fills_up_ends_a_run() -> Fault {
    let disk = Disk::mount(16_384)?;
    let brokers = Broker::cluster(&disk.folder())?;
    let all: Vec<&str> = brokers.iter().map(|broker| &*broker.url).collect();
    let service = busy(start(&format!("{LONG} --servers={}", all.join(","))))?;
    disk.fill()?;
    service.end()?.is_one_of(WITHOUT_SPACE)
}

fn a_disk_that_is_read_only_is_named() -> Fault {
    let disk = Disk::mount(64)?;
    disk.protect()?;
    for brokers in [1, 3] {
        start_in(&disk.folder(), &format!("--brokers={brokers} --jobs=1"))?.end()?.is_one_sentence(FULL)?;
    }
    Ok(())
}

fn contradictions_are_found_before_anything_starts() -> Fault {
    for (flags, words) in [
        ("--kill=leader --servers=127.0.0.1:1", "--kill=leader: the demo kills only brokers that it starts"),
        ("--kill=network --workers=1", "--kill=network: another worker must get the job"),
        ("--role=work", "--role: the processes meet at brokers"),
        ("--replicas=3", "--replicas=3: expected --brokers=3"),
        ("--brokers=2", "expected 1 or 3"),
        ("--ack-wait=0", "expected a number of seconds, at least 0.1"),
        ("--name=a.b", "expected letters, digits, and hyphens"),
    ] {
        let ended = run(flags)?;
        ended.has_status(2)?;
        if !ended.stderr.contains(words) {
            return Err(format!("{flags}: {}", ended.stderr));
        }
    }
    Ok(())
}

/// Starts a server that greets each client with a line, and answers pings if it should. Returns its address.
fn server(greeting: &'static str, answers: bool) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let talk = move |mut connection: TcpStream| {
        let _ = write!(connection, "{greeting}\r\n");
        let Ok(reader) = connection.try_clone() else { return };
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if answers && line.starts_with("PING") {
                let _ = write!(connection, "PONG\r\n");
            }
        }
    };
    // The threads end with the test.
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|connection| _ = thread::spawn(move || talk(connection)))
    });
    Ok(address)
}

/// A server that introduces itself as an old broker.
pub fn too_old() -> Fault {
    let info = r#"INFO {"server_id":"A","version":"2.1.4","go":"go1.13","host":"127.0.0.1","port":1,"max_payload":1048576,"proto":1,"headers":true}"#;
    let address = server(info, true)?;
    run(&format!("--servers={address} --jobs=1"))?.is_one_sentence("is nats-server 2.1.4: expected 2.9 or newer")
}

/// Servers that aren't brokers, and one that stops answering after its greeting.
pub fn other_servers() -> Fault {
    let info = r#"INFO {"server_id":"A","version":"2.9.10","go":"go1.13","host":"127.0.0.1","port":1,"max_payload":1048576,"proto":1,"headers":true,"jetstream":true}"#;
    for greeting in ["", "HTTP/1.1 400 Bad Request", "+OK POP3 ready", info] {
        let address = server(greeting, false)?;
        let expected = format!("cannot reach a broker at nats://{address}");
        run(&format!("--servers={address} --jobs=1"))?.is_one_sentence(&expected)?;
        run(&format!("--role=work --workers=1 --servers={address}"))?.is_one_sentence(&expected)?;
    }
    let address = server(info, true)?;
    run(&format!("--servers={address} --jobs=1"))?.is_one_sentence("no quorum: the brokers at")
}
