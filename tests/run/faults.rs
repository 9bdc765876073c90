//! Shows that each check can fail, with faulty blocks and contracts and the expected messages.

use std::env;
use std::process::Command;

use libtest_mimic::Trial;

use crate::common::{Block, Page};
use crate::console::{self, Plan, Shown};
use crate::contract::Contract;
use crate::python::{self, End};
use crate::rust;

/// The tests of this file, which don't come from blocks.
pub fn trials() -> Vec<Trial> {
    let tests: Vec<(&str, fn())> = vec![
        ("a_program_in_rust", a_program_in_rust),
        ("a_program_in_python", a_program_in_python),
        ("what_a_comment_says_of_python", what_a_comment_says_of_python),
        ("commands_and_their_plans", commands_and_their_plans),
        ("a_command", a_command),
        ("a_session", a_session),
        ("output", output),
        ("contracts", contracts),
        ("facts", facts),
        ("names_of_python", names_of_python),
        ("the_command_line", crate::reference::faults),
    ];
    let trial = |(name, test): (&str, fn())| {
        let ignored = name == "a_program_in_python" && python::is_passed_over();
        let trial = Trial::test(format!("each_check_can_fail::{name}"), move || {
            test();
            Ok(())
        });
        trial.with_ignored_flag(ignored)
    };
    tests.into_iter().map(trial).collect()
}

#[track_caller]
fn assert_fault<T>(result: Result<T, String>, words: &str) {
    let fault = result.err().unwrap_or_else(|| panic!("it should say {words}"));
    assert!(fault.contains(words), "{fault}\ndoes not say\n{words}");
}

fn block(info: &str, note: Option<&str>, text: &str) -> Block {
    Block { info: info.to_owned(), note: note.map(str::to_owned), text: text.to_owned(), ..Block::default() }
}

/// This check prints a lot, so it runs in a process of its own, and its output is discarded.
fn a_program_in_rust() {
    const TRIED: &str = "TRY_PROGRAMS_WITH_FAULTS";
    if env::var_os(TRIED).is_some() {
        return programs_in_rust();
    }
    let mut again = Command::new(env::current_exe().expect("a program knows where it is"));
    rust::with_the_real_compiler(&mut again);
    again.args(["each_check_can_fail::a_program_in_rust", "--exact"]).env(TRIED, "1");
    let output = again.output().expect("it starts again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn programs_in_rust() {
    let run = |info: &str, text: &str| rust::run(&block(info, None, text));
    // In edition 2021 the guard of the condition lives to the end of the statement, and this never ends.
    let edition = "use std::sync::Mutex;\nfn main() {\n# let _ = tokio::time::sleep;\n    let list = Mutex::new(vec![1]);\n    \
                   if let Some(2) = list.lock().unwrap().pop() {} else { list.lock().unwrap().push(1) }\n}";
    assert_eq!(run("rust", edition), Ok(()));
    assert_fault(run("rust", "fn main() { panic!() }"), "Command failed");
    assert_fault(run("rust", "fn main() { let x: u8 = \"\"; }"), "Command failed");
    assert_fault(run("rust", "fn main() { let x = 1; }"), "Command failed");
    assert_fault(run("rust,no_run", "fn main() { let x: u8 = \"\"; }"), "Command failed");
    assert_eq!(run("rust,no_run", "fn main() { loop {} }"), Ok(()));
    assert_eq!(run("rust,should_panic", "fn main() { panic!() }"), Ok(()));
    assert_fault(run("rust,should_panic", "fn main() {}"), "it should have panicked");
    assert_fault(run("rust,should_panic", "fn main() { let x: u8 = \"\"; }"), "Command failed");
    let endless = rust::run_within(std::time::Duration::from_secs(3), "fn main() { loop { std::thread::park() } }");
    assert_fault(endless, "it has not ended after 3s");
}

fn a_program_in_python() {
    let run = |note, text: &str| python::run("faults.py", &block("python", note, text));
    assert_eq!(run(None, "print(1)"), Ok(()));
    assert_fault(run(None, "print(x)"), "NameError");
    assert_fault(run(None, "import threading\nthreading.Thread(target=lambda: x).start()"), "NameError");
    assert_eq!(run(Some("tested to fail with NameError"), "print(x)"), Ok(()));
    assert_fault(run(Some("tested to fail with TypeError"), "print(x)"), "NameError");
    assert_fault(run(Some("tested to fail with TypeError"), "pass"), "ended with 0");
    assert_eq!(run(Some("tested to hang"), "import threading\nthreading.Event().wait()"), Ok(()));
    assert_fault(run(Some("tested to hang"), "pass"), "it should hang, and ended with exit status: 0");
    assert_fault(run(Some("tested with 1"), "import sys\nassert sys.argv[1] == '2'"), "AssertionError");
}

fn names_of_python() {
    let list = "# names\n[asyncio]\nLock\nTask\n[asyncio, left out]\nStreamReader\n";
    assert_eq!(python::missing(list, "| `Lock` | |\n| `Task` | |"), Ok(()));
    assert_fault(python::missing(list, "Task\n| a `Lock()` and `Tasks` |"), "the page does not name Task");
    assert_eq!(python::unknown(list, "asyncio Lock\nasyncio StreamReader\n"), Ok(()));
    assert_fault(python::unknown(list, "asyncio Lock\nqueue Lock\n"), "names.txt lacks queue Lock");
    assert_fault(python::unknown(list, ""), "no names");
}

fn what_a_comment_says_of_python() {
    let plan = |note, text| python::plan(&block("python", Some(note), text));
    let found = plan("tested with 4 100=1", "range(100)\n").expect("a plan");
    assert_eq!((found.program.as_str(), found.arguments, found.end), ("range(1)\n", vec!["4".to_owned()], End::Well));
    assert_fault(plan("tested with 200=1", "range(100)"), "there is no 200");
    let found = plan("tested in\ndef f():\n    ...\nf()", "a\n\nb\n").expect("a plan");
    assert_eq!(found.program, "def f():\n    a\n\n    b\nf()");
    assert_fault(plan("tested in\nf()", "a"), "no line ...");
    assert_fault(plan("not tested", "a"), "nobody knows how to test");
    let needed = |note| python::needed(&block("python", note, "")).map(|(needed, block)| (needed, block.note));
    assert_eq!(needed(None), Ok((None, None)));
    assert_eq!(needed(Some("tested to hang")), Ok((None, Some("tested to hang".to_owned()))));
    assert_eq!(needed(Some("needs Python 3.11")), Ok((Some((3, 11)), None)));
    let both = "needs Python 3.14\ntested with 4";
    assert_eq!(needed(Some(both)), Ok((Some((3, 14)), Some("tested with 4".to_owned()))));
    assert_fault(needed(Some("needs Python three")), "expected a version such as 3.11");
    assert!(!python::is_too_old("a block", (2, 7)));
}

fn commands_and_their_plans() {
    let found = console::commands("$ a b\nc\n\n$ d\n? 2\n").expect("two commands");
    let shown = |command: &str, output: &[&str], status| Shown {
        command: command.to_owned(),
        output: output.iter().map(|&it| it.to_owned()).collect(),
        status,
    };
    assert_eq!(found, [shown("a b", &["c", ""], 0), shown("d", &[], 2)]);
    assert_fault(console::commands("a\n"), "does not begin with a command");

    let flags = ["--time=1".to_owned(), "--scale=2".to_owned()];
    let Ok(Plan::Ours { program, arguments }) = console::plan("cargo run --release --bin x -- --time=3 --a", &flags)
    else {
        panic!("it is one of ours")
    };
    assert!(program.ends_with("x"));
    assert_eq!(arguments, ["--a", "--time=1", "--scale=2"]);
    assert_eq!(console::plan("cargo test", &[]), Ok(Plan::Nothing));
    assert_fault(console::plan("cargo make", &[]), "nobody knows how to run this");
    assert_fault(console::plan("cargo run --bin x --time=3", &[]), "nobody knows how to run this");
}

fn a_session() {
    let audit = "cargo run --example audit -- hang";
    assert_fault(crate::session::run(audit, "$ ps 4242\n$ ps 4242\n"), "one command");
    assert_fault(crate::session::run(audit, "$ ps 42\n"), "has to name the process as 4242");
    assert_fault(crate::session::run(audit, "$ no-such-tool 4242\n"), "no-such-tool is not installed");
    assert_fault(crate::session::run("diff a b", "$ cat 4242\n"), "no session starts with");
    if !python::is_passed_over() {
        assert_fault(crate::session::run("python3 --version", "$ cat 4242\n"), "and says Python");
    }
}

fn a_command() {
    let run = |note, text: &str| console::run(&block("console", note, text), &Contract::default());
    let demo = "$ cargo run --bin chapter-threads -- --jobs=1 --seed=1 --scale=0 --until-done --workers=1";
    let first = "   0.1  service     starting threads: 1 worker, 1 job, 10 s, seed 1";
    assert_eq!(run(None, demo), Ok(()));
    assert_eq!(run(None, &format!("{demo}\n...\n   0.000001  worker-1    starts job 0, size 0.634\n...")), Ok(()));
    assert_fault(
        run(None, &format!("{demo}\n...\n   0.000001  worker-1    starts job 0, size 0.635\n...")),
        "Expected",
    );
    assert_fault(run(None, &format!("{demo}\n{first}\n")), "Expected");
    assert_fault(run(None, &format!("{demo}\n? 2")), "ended with the status 0");
    assert_fault(run(Some("tested with --jobs=x"), demo), "ended with the status 2");
    if cfg!(unix) && !python::is_passed_over() {
        let killed = "$ python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGXCPU)'";
        assert_fault(run(None, killed), "(SIGXCPU)");
        assert_fault(run(None, killed), "ended it at its limit on processor time");
    }
    assert_fault(run(Some("not tested"), demo), "what they are `tested with`");
    assert_fault(run(None, "$ cargo run --bin chapter-fibers"), "there is no program");
    assert_fault(run(None, "$ cargo bench\nfast"), "it is not run");
}

fn output() {
    let compare = |varies: &str, printed, shown| {
        let contract = Contract::parse(&format!("varies: {varies}")).expect("a contract");
        console::compare(printed, shown, &contract)
    };
    let beats = "beats";
    assert_eq!(compare(beats, "a  1.5 s  20 %  3/s\n", "a  17 ms  100 %  41/s"), Ok(()));
    assert_eq!(compare(beats, "   0.000001  a\n", "  12.345678  a"), Ok(()));
    assert_fault(compare(beats, "size 1.5\n", "size 1.6"), "Expected");
    assert_fault(compare(beats, "4 workers\n", "5 workers"), "Expected");
    assert_fault(compare(beats, "a\nb\n", "a"), "Expected");
    assert_eq!(compare(beats, "a\nb\nc\n", "a\n..."), Ok(()));
    assert_fault(compare(beats, "a\nb\n", "b\na"), "Expected");
    assert_eq!(compare("order", "a\nb\n", "b\na"), Ok(()));
    assert_eq!(compare("order", "a\nb\nc\n", "...\nb\na"), Ok(()));
    assert_fault(compare("order", "a\nb\nc\n", "b\na"), "the page does not show these lines:\nc");
    assert_fault(compare("order", "a\nb\n", "b\nb\n..."), "in no order is this printed:\nb");
    let who = "worker-1  finished\nworker-1  2  1.5 s  80 %\n";
    assert_eq!(compare("workers", who, "worker-2  finished\nworker-2  4  1.3 s  70 %"), Ok(()));
    assert_fault(compare(beats, who, "worker-2  finished\nworker-1  2  1.3 s  70 %"), "Expected");
}

fn contracts() {
    assert_fault(Contract::parse("Everything varies."), "has no line");
    assert_fault(Contract::parse("never: order"), "has no \"never\"");
    let likely = Contract::parse("likely: items_grow(no bound)").expect("a contract");
    let constant = "no bound  250 put,  8 waiting\nno bound  500 put,  8 waiting";
    assert_eq!(likely.holds(constant), Ok(()));
    assert_fault(likely.happens(constant), "items_grow(no bound): there are [8, 8] waiting");
    assert_fault(Contract::parse("varies: workers, moon"), "VARIES has no \"moon\"");
    assert_fault(Contract::parse("checks: job_started_thrice"), "CHECKS has no \"job_started_thrice\"");
    assert_fault(Contract::parse("checks: job_size(1)"), "job_size has 2 arguments, not 1");
    assert_fault(Contract::parse("checks: one_job_lost(x"), "continues with");
    assert_eq!(Contract::parse("checks: job_size(0, 0.634), one_job_lost").expect("a contract").checks.len(), 2);

    let command = "```console\n$ a\n```\n\n";
    let contract = |text: &str| format!("<!-- contract\n{text}\n-->\n\n");
    let [one, two] = ["varies: order\nvaries below: switches", "varies: beats"].map(contract);
    let page = Page { path: "page.md".into(), text: format!("{command}{one}{command}{two}{command}") };
    let blocks = page.blocks();
    let varies: Vec<_> = blocks.iter().map(|it| Contract::of(&page, &blocks, it).expect("a contract").varies).collect();
    assert_eq!(varies, [vec!["order"], vec!["beats", "switches"], vec!["switches"]]);
    assert!(blocks.iter().all(|block| block.note.is_none()), "a contract is no note for the next block");
    let page = Page { text: format!("{command}{one}{two}"), ..page };
    assert_fault(Contract::of(&page, &page.blocks(), &page.blocks()[0]), "two contracts follow");
}

fn facts() {
    let holds = |checks: &str, printed: &str| {
        Contract::parse(&format!("checks: {checks}")).expect("the check is known").holds(printed)
    };
    let starts = "worker-1    starts job 0, size 0.634\nworker-2    starts job 1, size 1.347\n";
    assert_fault(holds("job_size(1, 1.346)", starts), "its size is 1.347");
    assert_fault(holds("no_job_started_twice", &starts.repeat(2)), "job 0 is");
    assert_fault(holds("no_job_started_twice", ""), "no line matches");
    let every = "all_jobs_accounted_for";
    assert_fault(holds(every, "all workers  8 jobs: 6 completed, 1 left, 0 lost"), "1 left, 0 lost");
    let dies = |job: &str, lost: u32| format!("worker-1    died{job}\n\n8 jobs: 7 completed, 0 left, {lost} lost");
    assert_fault(holds("one_job_lost", &dies(" while running job 3", 2)), "1 workers died with a job, and 2 are lost");
    assert_fault(holds("one_job_lost", &dies("", 0)), "no line matches");
    let still = "loop_stalled";
    assert_fault(holds(still, "0.9  service     stopped"), "no line matches");
    let lost = "with a call  20 additions, x is 19: 1 lost, 1 ns each\nwith a lock  20 additions, x is 20: 0 lost";
    assert_fault(holds("additions_lost(with a lock)", lost), "none is");
    let order = "jobs_in_order";
    let puts = "worker-3    puts job 0\n";
    let other = "worker-1    starts job 3, size 1.3\n";
    assert_eq!(holds(order, &(other.to_owned() + starts)), Err(format!("{order}: worker-1 starts 0 after 3")));
    assert_fault(holds("puts_ahead_at_most(2)", &(puts.repeat(3) + starts)), "3 are");
    let wait =
        "no bound     250 put,  249 waiting\nno bound     500 put,  8 waiting\nroom for 8   250 put,    8 waiting";
    assert_fault(holds("items_at_most(room for 8, 7)", wait), "there are [8] waiting");
    assert_fault(holds("items_grow(no bound)", wait), "there are [249, 8] waiting");
    assert_fault(holds("no_addition_lost(with a call)", lost), "1 are");
    let beats = "way    beats\none        3  1.0 ms\nother     50  1.0 ms\n";
    assert_fault(holds("beats_more_often(one, other)", beats), "3 and 50 times");
    assert_fault(holds("beats(other, 3)", beats), "50 times");
    let done = "as threads, 0 of 4 workers are done\nas processes, 3 of 4 workers are done\n";
    assert_fault(holds("workers_done(threads, 3)", done), "no line matches");
    let memory = |used: u32| format!("reserved  12.5 KiB\nin use    {used} KiB\n");
    assert_fault(holds("more_reserved_than_used", &memory(13)), "12.5 and 13 KiB");
}
