//! What must hold of each start method.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chapters::processes::Lock;
use chapters::processes::connection::Connection;
use chapters::processes::holder::Holder;
use chapters::processes::shared::Shared;
use chapters::processes::start::{Method, Process, Starter, exit_code, fork};
use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::{Pid, dup, getppid};

use crate::probe::{Act, Probe, report, start};

type Scene = fn(Method);

pub const SCENES: &[(&str, Scene)] = &[
    ("a_child_has_what_it_was_sent_and_nothing_of_its_siblings", descriptors),
    ("standard_input_is_empty", stdin),
    ("standard_output_is_the_parents", stdout),
    ("the_status_says_how_a_child_ended_and_no_other_child_ends", statuses),
    ("a_wait_can_have_a_timeout", timeouts),
    ("signals_interrupt_neither_a_start_nor_a_wait", interruptions),
    ("an_ignored_sigchld_loses_no_status", ignored_sigchld),
    ("a_late_thread_is_noticed_until_it_is_joined", late_thread),
    ("a_start_that_fails_leaves_nothing_behind", failed_starts),
    ("the_terminals_signals_are_left_to_the_first_process", terminal),
    ("a_handle_never_reaches_a_later_process_of_the_same_pid", reused_pid),
    ("no_zombie_is_left", zombies),
    ("few_descriptors_are_an_error_or_enough", few_descriptors),
    ("a_message_that_cannot_be_received_closes_what_came_with_it", truncated_message),
    ("a_dead_holder_is_noticed_without_a_descriptor", no_descriptor_for_a_holder),
];

fn starter(method: Method) -> Starter<Probe> {
    Starter::new(method).expect("a way to start processes")
}

fn descriptors(method: Method) {
    // Inherited by every program that is executed, like the open files of a careless parent.
    let file = File::open("/dev/null").expect("a file");
    let _inherited = dup(&file).expect("a descriptor");
    let starter = starter(method);
    let siblings: Vec<_> = (0..5).map(|_| start(&starter, Act::Sleep).expect("a process")).collect();
    assert_eq!(report(&starter, Act::Descriptors), "1", "it has more than its pipe");
    siblings.iter().for_each(|(sibling, _)| sibling.kill());
}

fn stdin(method: Method) {
    let starter = starter(method);
    assert_eq!(report(&starter, Act::Stdin), "Ok(0)");
    // A server whose children read its requests would be stuck by now.
    assert_eq!(report(&starter, Act::Stdin), "Ok(0)");
}

/// Plays a part of the scene in another process, whose standard output is a pipe.
fn stdout(method: Method) {
    const PRINTS: &str = "PROBE_PRINTS";
    if std::env::var_os(PRINTS).is_some() {
        let starter = starter(method);
        print!("parent ");
        report(&starter, Act::Print("child".to_owned()));
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let output = command.args(std::env::args_os().skip(1)).env(PRINTS, "").output().expect("a process");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), "parent child\n");
}

fn statuses(method: Method) {
    let starter = starter(method);
    let (living, mut pipe) = start(&starter, Act::Sleep).expect("a process");
    pipe.read_exact(&mut [0]).expect("it runs");
    let end = |act| {
        let (process, _pipe) = start(&starter, act).expect("a process");
        let status = process.wait().expect("a status");
        assert_eq!(process.wait().expect("the same status"), status);
        process.kill(); // which does nothing
        (status.code(), status.signal(), exit_code(status))
    };
    assert_eq!(end(Act::Exit(0)), (Some(0), None, 0));
    assert_eq!(end(Act::Exit(7)), (Some(7), None, 7));
    assert_eq!(end(Act::Panic), (Some(101), None, 101));
    assert_eq!(end(Act::Raise(libc::SIGTERM)), (None, Some(15), 143));
    let real_time = libc::SIGRTMIN() + 5;
    assert_eq!(end(Act::Raise(real_time)), (None, Some(real_time), 128 + real_time));
    for (way, signal) in [(Process::kill as fn(&Process), 9), (Process::terminate, 15)] {
        let (process, _pipe) = start(&starter, Act::Sleep).expect("a process");
        way(&process);
        assert_eq!(process.wait().expect("a status").signal(), Some(signal));
    }
    assert_eq!(living.try_wait().expect("no error"), None);
    living.kill();
}

fn timeouts(method: Method) {
    let starter = starter(method);
    let (process, _pipe) = start(&starter, Act::Sleep).expect("a process");
    assert_eq!(process.try_wait().expect("no error"), None);
    let begin = Instant::now();
    assert_eq!(process.wait_timeout(Duration::from_millis(30)).expect("no error"), None);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    process.kill();
    let status = process.wait_timeout(Duration::MAX).expect("no error").expect("it ends");
    assert_eq!(status.signal(), Some(9));
    assert_eq!(process.try_wait().expect("no error"), Some(status));
}

extern "C" fn nothing(_: libc::c_int) {}

fn on_signal(signal: Signal, handler: SigHandler) {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(signal, &action) }.expect("an action");
}

fn interruptions(method: Method) {
    on_signal(Signal::SIGUSR1, SigHandler::Handler(nothing));
    let starter = starter(method);
    // Interrupts this process again and again until it is killed.
    let interrupter = fork::start(|| {
        let parent = getppid();
        loop {
            let _ = kill(parent, Signal::SIGUSR1);
            thread::sleep(Duration::from_micros(50));
        }
    });
    let interrupter = interrupter.expect("a process");
    for _ in 0..20 {
        let (process, mut pipe) = start(&starter, Act::Sleep).expect("it isn't interrupted");
        let mut pid = String::new();
        BufReader::new(&pipe).read_line(&mut pid).expect("a report");
        assert_eq!(pid.trim(), process.pid().to_string(), "the handle is another process's");
        assert_eq!(process.wait_timeout(Duration::from_millis(2)).expect("it isn't interrupted"), None);
        process.kill();
        assert_eq!(process.wait().expect("it isn't interrupted").signal(), Some(9));
        pipe.read_to_end(&mut Vec::new()).expect("its end");
    }
    interrupter.kill();
}

fn ignored_sigchld(method: Method) {
    on_signal(Signal::SIGCHLD, SigHandler::SigIgn);
    let starter = starter(method);
    let (process, _pipe) = start(&starter, Act::Exit(7)).expect("a process");
    assert_eq!(process.wait().expect("a status").code(), Some(7));
}

/// Starts a thread that runs until the flag is set.
fn thread_until(flag: &Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let flag = Arc::clone(flag);
    thread::spawn(move || {
        while !flag.load(Ordering::Relaxed) {
            thread::park_timeout(Duration::from_millis(1));
        }
    })
}

fn late_thread(method: Method) {
    let starter = starter(method);
    let end = Arc::new(AtomicBool::new(false));
    let thread = thread_until(&end);
    let refused = start(&starter, Act::Pid).map(|(process, _)| process.wait());
    match method {
        Method::Fork => {
            let error = refused.expect_err("a copy would lack a thread").to_string();
            assert_eq!(error, "cannot fork a process with 2 threads: the child would have only one");
            assert!(fork::start(|| {}).is_err());
        }
        Method::Spawn | Method::Forkserver => assert!(refused.is_ok()),
    }
    end.store(true, Ordering::Relaxed);
    thread.join().expect("it ends");
    report(&starter, Act::Pid);
    // The system may still list a thread that was joined.
    let joined = if method == Method::Fork { 200 } else { 0 };
    for _ in 0..joined {
        thread::spawn(|| ()).join().expect("it ends");
        report(&starter, Act::Pid);
    }
}

fn children(of: u32) -> Vec<Pid> {
    let path = format!("/proc/{of}/task/{of}/children");
    let children = fs::read_to_string(path).expect("the process is there");
    children.split_whitespace().map(|child| Pid::from_raw(child.parse().expect("a PID"))).collect()
}

fn failed_starts(method: Method) {
    let starter = starter(method);
    let before = children(process::id());
    let (living, mut pipe) = start(&starter, Act::Sleep).expect("a process");
    pipe.read_exact(&mut [0]).expect("it runs");
    let message = start(&starter, Act::Long(vec![7; 2000])).map(|(process, _)| process.wait());
    let unreadable = start(&starter, Act::Unreadable(crate::probe::Unreadable)).map(|(process, _)| process.wait());
    match method {
        Method::Fork => assert!(message.is_ok() && unreadable.is_ok(), "a copy needs no message"),
        Method::Spawn => {
            assert!(message.is_err());
            assert_eq!(unreadable.expect("started").expect("a status").code(), Some(2));
        }
        Method::Forkserver => assert!(message.is_err() && unreadable.is_err()),
    }
    // The others are as they were, and others can be started.
    assert_eq!(living.try_wait().expect("no error"), None);
    report(&starter, Act::Pid);
    living.kill();
    living.wait().expect("a status");
    assert_eq!(children(process::id()), before);
}

fn terminal(method: Method) {
    assert_eq!(report(&starter(method), Act::Terminal), "0");
    // As in a program that listens to Ctrl-C once its workers are there.
    let held = SigSet::from_iter([Signal::SIGINT, Signal::SIGHUP]);
    held.thread_block().expect("a mask");
    assert_eq!(report(&starter(method), Act::Terminal), "0");
    let mask = SigSet::thread_get_mask().expect("a mask");
    assert!(mask.contains(Signal::SIGINT) && mask.contains(Signal::SIGHUP), "the parent's mask is as it was");
}

fn reused_pid(method: Method) {
    let starter = starter(method);
    let (process, mut pipe) = start(&starter, Act::Exit(7)).expect("a process");
    pipe.read_to_end(&mut Vec::new()).expect("its end");
    if !matches!(method, Method::Forkserver) {
        process.wait().expect("a status");
    }
    let pid = process.pid();
    let mut other = None;
    for _ in 0..1000 {
        // The next process gets the next PID, if it's free and no other process is started first.
        if fs::write("/proc/sys/kernel/ns_last_pid", format!("{}", pid.as_raw() - 1)).is_err() {
            eprintln!("skipped: only root can choose the next PID");
            return;
        }
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("a process");
        if child.id() == pid.as_raw() as u32 {
            other = Some(child);
            break;
        }
        child.kill().and_then(|()| child.wait()).expect("it ends");
    }
    let mut other = other.expect("the PID is free again");
    process.kill();
    process.terminate();
    assert_eq!(process.wait().expect("a status").code(), Some(7));
    assert!(other.try_wait().expect("no error").is_none(), "another process was killed");
    drop(other.stdin.take());
    assert!(other.wait().expect("a status").success(), "another process was killed");
}

fn zombies(method: Method) {
    let starter = starter(method);
    for number in 0..20 {
        let (process, mut pipe) = start(&starter, Act::Pid).expect("a process");
        pipe.read_to_end(&mut Vec::new()).expect("its end");
        // A server also reaps the children whose handles are dropped.
        if number % 2 == 0 || !matches!(method, Method::Forkserver) {
            assert!(process.wait().expect("a status").success());
        }
    }
    let family = children(process::id());
    let parents = if matches!(method, Method::Forkserver) { family } else { vec![Pid::this()] };
    for parent in parents {
        while !children(parent.as_raw() as u32).is_empty() {
            thread::yield_now();
        }
    }
}

/// The descriptors that this process has open.
fn open() -> usize {
    fs::read_dir("/proc/self/fd").expect("this system has /proc").count() - 1
}

fn limit_descriptors(limit: usize) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, limit as u64, most).expect("a limit");
}

fn few_descriptors(method: Method) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    let before = open();
    let mut successes = 0;
    for limit in 0..20 {
        limit_descriptors(limit);
        let tried = Starter::new(method).and_then(|starter| {
            let (process, pipe) = start(&starter, Act::Exit(7))?;
            drop(pipe);
            let code = process.wait()?.code();
            // A program that can't open its libraries, because it has reached the limit of descriptors, ends with 127.
            assert!(
                code == Some(7) || !matches!(method, Method::Fork) && matches!(code, Some(1 | 2 | 127)),
                "{code:?}"
            );
            Ok(code)
        });
        setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("a limit");
        successes += usize::from(matches!(tried, Ok(Some(7))));
        assert_eq!(open(), before, "a descriptor is lost with the limit {limit}: {tried:?}");
        assert_eq!(children(process::id()), [], "a process is left with the limit {limit}: {tried:?}");
    }
    assert!(successes > 0, "twenty descriptors are enough");
}

fn truncated_message(_: Method) {
    let (here, there) = Connection::pair().expect("a connection");
    let file = File::open("/dev/null").expect("a file");
    here.send(&1_u8, &[file.as_fd(); 4]).expect("it is sent");
    here.send(&2_u8, &[]).expect("it is sent");
    let before = open();
    // Room for one of them.
    limit_descriptors(file.as_raw_fd() as usize + 2);
    let error = there.receive::<u8>().expect_err("there is no room for four descriptors");
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("a limit");
    assert_eq!(open(), before, "those that did arrive are still open");
    assert_eq!(there.receive::<u8>().expect("the next message").expect("a message").0, 2);
}

fn no_descriptor_for_a_holder(method: Method) {
    let starter = starter(method);
    let (process, mut pipe) = start(&starter, Act::Sleep).expect("a process");
    pipe.read_exact(&mut [0]).expect("it runs");
    let memory = Arc::new(Shared::new(Lock::<()>::WORDS).expect("memory"));
    let lock = Lock::new(&memory).expect("a lock");
    let holder = fork::start(|| std::mem::forget(lock.acquire())).expect("a process");
    // Not reaped: a zombie.
    while fs::read_to_string(format!("/proc/{}/stat", holder.pid())).is_ok_and(|stat| !stat.contains(") Z ")) {
        thread::yield_now();
    }
    limit_descriptors(1); // with 0, even `poll` fails
    assert!(Holder::this_thread() == Holder::this_thread() && !Holder::this_thread().is_dead());
    assert!(lock.acquire().is_abandoned(), "the holder is dead");
    process.kill();
    assert_eq!(process.wait().expect("no descriptor is needed").signal(), Some(9));
}
