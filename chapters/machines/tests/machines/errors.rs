//! Brokers that can't do what the service needs: each gets one sentence and exit status 1.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::harness::{Broker, Fault, Test, free_address, run, start};

pub const TESTS: &[Test] = &[
    ("servers_that_nobody_runs_are_named", servers_that_nobody_runs_are_named),
    ("a_cluster_without_a_quorum_is_named", a_cluster_without_a_quorum_is_named),
    ("a_broker_outside_a_cluster_has_no_replicas", a_broker_outside_a_cluster_has_no_replicas),
    ("a_full_disk_is_named", a_full_disk_is_named),
    ("storage_that_fills_up_with_records_ends_the_run", storage_that_fills_up_with_records_ends_the_run),
    ("workers_of_another_process_name_the_full_storage", workers_of_another_process_name_the_full_storage),
    ("contradictions_are_found_before_anything_starts", contradictions_are_found_before_anything_starts),
];

fn servers_that_nobody_runs_are_named() -> Fault {
    let address = free_address()?;
    let expected = format!("cannot reach a broker at nats://{address}");
    run(&format!("--servers={address} --jobs=1"))?.is_one_sentence(&expected)?;
    run(&format!("--role=work --workers=1 --servers={address}"))?.is_one_sentence(&expected)
}

fn a_cluster_without_a_quorum_is_named() -> Fault {
    let (own, other, third) = (free_address()?, free_address()?, free_address()?);
    let routes = format!("routes: [\"nats-route://{own}\", \"nats-route://{other}\", \"nats-route://{third}\"]");
    let broker = Broker::start("", &format!("cluster {{ name: c, listen: \"{own}\", {routes} }}"))?;
    run(&format!("--servers={} --replicas=3 --jobs=1", broker.url))?.is_one_sentence("no quorum: the brokers at")
}

fn a_broker_outside_a_cluster_has_no_replicas() -> Fault {
    let broker = Broker::start("", "")?;
    let ended = run(&format!("--servers={} --replicas=3 --jobs=1", broker.url))?;
    ended.is_one_sentence("--replicas=3: the broker at")
}

fn a_full_disk_is_named() -> Fault {
    let broker = Broker::start(", max_file_store: 64KB", "")?;
    let ended = run(&format!("--servers={} --jobs=5000 --scale=0 --until-done", broker.url))?;
    ended.is_one_sentence("the storage of the brokers at")
}

/// Storage for the jobs of [`MANY`], but not for the two records of each job, which are about twice as long together.
const SMALL: &str = ", max_file_store: 192KB";
const MANY: &str = "--jobs=1000 --scale=0 --time=1000";

fn storage_that_fills_up_with_records_ends_the_run() -> Fault {
    let broker = Broker::start(SMALL, "")?;
    let ended = run(&format!("--servers={} {MANY}", broker.url))?;
    ended.is_one_sentence("the service failed: the storage of the brokers at")
}

fn workers_of_another_process_name_the_full_storage() -> Fault {
    let broker = Broker::start(SMALL, "")?;
    let worker = start(&format!("--role=work --workers=1 --time=200 --servers={}", broker.url))?;
    let ended = run(&format!("--role=submit --servers={} {MANY}", broker.url))?;
    ended.is_one_sentence("the service failed: the storage of the brokers at")?;
    worker.end()?.is_one_sentence("the storage of the brokers at")
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
