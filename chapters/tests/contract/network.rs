//! Jobs that send requests to the echo server, and the ways in which a request can fail. The other files test the rest,
//! which these jobs share with those that wait.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use nix::sys::resource::{Resource, getrlimit};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};

use crate::common::{ALL, CURRENT_THREAD, FOREVER, Inherited, MODELS, MULTI_THREAD, THREADS, each, sooner_or_later};

/// A port on which nothing listens as long as the socket exists, because the socket has it.
pub fn silent_port() -> (u16, OwnedFd) {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = SocketAddrV4::try_from(getsockname(&socket).expect("its address")).expect("an IPv4 address");
    (address.port(), socket)
}

#[test]
fn many_requests_without_work_are_answered() {
    each(&ALL, |variant| {
        let run = variant.run(["--jobs=2000", "--kind=net", "--scale=0", "--until-done", FOREVER]);
        let _ = run.finish().exits_with(0).story().complete();
    });
}

#[test]
fn the_limit_on_open_files_is_raised_for_more_connections_than_it_allows() {
    // 300 workers and the server have more sockets than this.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    if most < 1000 {
        return println!("skipped: this process may have only {most} open files");
    }
    let soft = Inherited::SoftLimit(Resource::RLIMIT_NOFILE, 256);
    for variant in [&THREADS, &CURRENT_THREAD, &MULTI_THREAD] {
        let run = variant.run(["--jobs=300", "--workers=300", "--kind=net", "--scale=0.3", "--until-done", FOREVER]);
        let _ = run.inheriting(soft).finish().exits_with(0).story().complete();
    }
}

#[test]
fn too_few_descriptors_fail_jobs_and_the_run_and_nothing_hangs() {
    each(&MODELS, |variant| {
        // Enough for the program, its workers and some connections, whichever side needs the next descriptor.
        for limit in [60, 61] {
            // On a busy machine, a few workers may do all the jobs, over as many connections.
            sooner_or_later("there are more connections than descriptors", || {
                let flags = ["--jobs=40", "--workers=40", "--kind=net", "--scale=0.3", "--until-done", FOREVER];
                let run = variant.run(flags).inheriting(Inherited::Limit(Resource::RLIMIT_NOFILE, limit)).finish();
                assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
                let story = run.story();
                let failed = story.all("job_failed").count() as u64;
                assert_eq!((failed, 0), (story.summary.lost, story.summary.left), "a failed job is lost, and no other");
                failed > 0
            });
        }
    });
}
