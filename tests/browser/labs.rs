//! Labs, used as a reader uses them: in the reading room, and on a page that is opened from disk.

use std::env;
use std::io::{self, Write};
use std::path::Path;

use chapters::python::{DEFAULT, Interpreter};
use serde_json::json;

use crate::Test;
use crate::driver::{Browser, Fault};

/// The main use of a lab.
pub const TESTS: &[Test] = tests! {
    a_run_has_the_options_that_were_set_and_leaves_bars_a_log_and_a_summary
};

/// The other features. They take a browser a long time, so `.ci/run` tests them.
pub const LONG: &[Test] = tests! {
    a_page_on_disk_replays_the_recorded_run
    a_refusal_is_shown
    a_lab_fits_a_phone
    a_value_out_of_range_is_not_run
    a_stopped_run_has_a_summary
    one_worker_is_killed_and_its_job_is_lost
    a_worker_and_the_leading_broker_are_killed_and_the_work_continues
    with_the_lock_and_without_it_are_compared_on_one_axis
    the_last_two_runs_are_compared_or_the_last_is_shown_alone
    the_three_models_follow_one_another
    the_service_in_cpython_is_drawn_beside_the_demo
    a_page_on_disk_shows_the_recorded_run_of_cpython_beside_its_own
    the_comparison_is_measured_beside_the_recorded_one
    a_lab_is_used_by_keyboard_alone
    a_lab_has_the_colors_of_the_theme
};

/// The features that other engines than Chromium must have, too.
pub const ESSENTIAL: &[Test] = tests! {
    a_run_has_the_options_that_were_set_and_leaves_bars_a_log_and_a_summary
    a_page_on_disk_replays_the_recorded_run
    a_value_out_of_range_is_not_run
    a_stopped_run_has_a_summary
    with_the_lock_and_without_it_are_compared_on_one_axis
    a_lab_has_the_colors_of_the_theme
};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const RIGHT: char = '\u{E014}';
const DOWN: char = '\u{E015}';

/// Opens a page of the reading room.
fn open(browser: &Browser, page: &str) -> Fault {
    browser.open(&format!("{}/{page}.html", browser.room()?))?;
    browser.check(0, "[...document.querySelectorAll('figure.lab')].every(it => it.querySelector('.lab-controls'))")
}

/// How often a run is repeated whose time may be up, on a busy machine, before a worker has begun a job.
const TRIES: usize = 20;

fn a_run_has_the_options_that_were_set_and_leaves_bars_a_log_and_a_summary(browser: &Browser) -> Fault {
    for _ in 0..TRIES {
        run_with_options(browser)?;
        if browser.get(0, "painted(runs()[1], '--threads') > 1000")? == json!(true) {
            return Ok(());
        }
    }
    Err(format!("in {TRIES} runs, no job is drawn"))
}

fn run_with_options(browser: &Browser) -> Fault {
    open(browser, "service")?;
    for (option, value) in [("workers", "2"), ("jobs", "3"), ("time", "0.4")] {
        browser.type_in(0, option, value)?;
    }
    let command = "cargo run --bin chapter-threads -- ";
    browser.check(0, &format!("text('.lab-code').startsWith({command:?})"))?;
    browser.check(
        0,
        "['--workers=2', '--jobs=3', '--time=0.4', '--seed=1'].every(it => text('.lab-code').includes(it))",
    )?;
    browser.click(0, ".lab-go")?;
    browser.wait(0, "runs().length === 2 && over()")?;
    browser.check(0, "runs()[1].querySelectorAll('.lab-names > div').length === 2")?;
    browser.check(0, "lab.querySelector('.lab-message').hidden")?;
    browser.get(0, "lab.querySelector('.lab-log').scrollTop = 0")?;
    browser.wait(0, "text('.lab-lines').includes('starting threads: 2 workers, 3 jobs, 0.4 s, seed 1')")?;
    browser.wait(
        0,
        "[...lab.querySelectorAll('.lab-summary tr')].some(row => /^jobs.* of 8.* of 3/.test(row.textContent))",
    )
}

fn a_value_out_of_range_is_not_run(browser: &Browser) -> Fault {
    open(browser, "service")?;
    browser.set(0, &[("workers", "0")])?;
    browser.click(0, ".lab-go")?;
    browser.check(0, "runs().length === 1 && document.activeElement.matches('[id$=\"-workers\"]:invalid')")
}

fn a_stopped_run_has_a_summary(browser: &Browser) -> Fault {
    open(browser, "service")?;
    // Workers that wait leave the processor to the browser.
    browser.set(0, &[("jobs", "0"), ("time", "50")])?;
    browser.click(0, ".lab-go")?;
    browser.wait(0, "text('.lab-lines').includes('worker-4    started')")?;
    browser.click(0, ".lab-go")?;
    browser.wait(0, "over() && runs()[1].querySelector('.lab-state').textContent.endsWith('stopped')")?;
    browser.check(0, "!text('.lab-summary').includes('…')")
}

fn a_refusal_is_shown(browser: &Browser) -> Fault {
    open(browser, "service")?;
    for lab in 0..3 {
        browser.set(lab, &[("jobs", "0"), ("time", "50")])?;
        browser.click(lab, ".lab-go")?;
        if lab < 2 {
            browser.wait(lab, "text('.lab-lines').includes('started')")?;
        }
    }
    browser.wait(2, "over() && !lab.querySelector('.lab-message').hidden && text('.lab-message').length > 10")?;
    for lab in 0..2 {
        browser.click(lab, ".lab-go")?;
        browser.wait(lab, "over()")?;
    }
    // Browsers log the status of a refusal.
    let complaints = browser.complaints()?;
    let expected = |it: &String| it.contains("/room/run") && it.contains("429");
    if complaints.len() == 1 && complaints.iter().all(expected) { Ok(()) } else { Err(complaints.join("\n")) }
}

/// Waits until an expression about a lab is true, and fails at once if the run ends before.
fn wait_in_run(browser: &Browser, lab: usize, expression: &str) -> Fault {
    browser.wait(lab, &format!("({expression}) || over()"))?;
    browser.check(lab, expression)
}

/// Stops a run, unless it's over already: then the button would start another one.
fn stop(browser: &Browser, lab: usize) -> Fault {
    browser.get(lab, "over() || lab.querySelector('.lab-go').click()")?;
    browser.wait(lab, "over() && !lab.querySelector('.lab-kill') && text('.lab-sums').length > 0")
}

fn one_worker_is_killed_and_its_job_is_lost(browser: &Browser) -> Fault {
    // On a busy machine, the run may be over before the worker is killed.
    let mut killed = Err("not tried".to_owned());
    for _ in 0..TRIES {
        killed = killed.or_else(|_| kill_one(browser));
    }
    killed
}

fn kill_one(browser: &Browser) -> Fault {
    open(browser, "processes")?;
    let lab = 1;
    browser.set(lab, &[("jobs", "100000")])?;
    // Jobs that wait leave the processor to the browser.
    browser.get(lab, "lab.querySelector('.is-segments input[value=io]').click()")?;
    browser.click(lab, ".lab-go")?;
    browser.wait(lab, "lab.querySelectorAll('.lab-kill').length === 4")?;
    browser.click(lab, "[aria-label=\"Kill worker-2\"]")?;
    let expected = "lab.querySelectorAll('.lab-kill').length === 3 && text('.lab-lines').includes('worker-2    died')";
    wait_in_run(browser, lab, expected)?;
    stop(browser, lab)?;
    browser.check(lab, "/^jobs.*1 lost$/m.test(lab.querySelector('.lab-sums').innerText)")?;
    browser.check(lab, "text('.lab-keys').includes('died')")?;
    browser.check(lab, "runs()[1].querySelector('canvas').getAttribute('aria-description').includes('and died')")
}

fn a_worker_and_the_leading_broker_are_killed_and_the_work_continues(browser: &Browser) -> Fault {
    let program = Path::new(env!("CARGO_BIN_EXE_reading-room")).with_file_name("chapter-machines");
    if !(program.is_file() && installed::nats_server().is_ok()) {
        assert!(env::var_os("CI").is_none(), "{} or nats-server is missing", program.display());
        let _ = writeln!(io::stderr(), "SKIPPED: killing brokers needs cargo build -p machines, and nats-server");
        return Ok(());
    }
    browser.room()?;
    // Instead of compiling the program, this drops the arguments for cargo.
    let script = format!("while [ \"$1\" != -- ]; do shift; done; shift; exec '{}' \"$@\"", program.display());
    browser.use_cargo(Some(&script))?;
    // On a busy machine, the time of the run may be up before a leader is elected.
    let mut killed = Err("not tried".to_owned());
    for _ in 0..5 {
        killed = killed.or_else(|_| kill_a_worker_and_the_leader(browser));
    }
    browser.use_cargo(None)?;
    killed
}

fn kill_a_worker_and_the_leader(browser: &Browser) -> Fault {
    open(browser, "machines")?;
    let lab = 2;
    browser.set(lab, &[("jobs", "1000")])?;
    let command = "cargo run -p machines --bin chapter-machines -- --jobs=1000 ";
    browser
        .check(lab, &format!("text('.lab-code').startsWith({command:?}) && !text('.lab-code').includes('--kill')"))?;
    browser.check(lab, "lab.querySelector('.lab-others').hidden")?;
    browser.click(lab, ".lab-go")?;
    // All lines of a log that is high enough are on the page.
    browser.get(lab, "lab.querySelector('.lab-log').style.cssText = 'height: 9000px; max-height: none'")?;
    browser.wait(lab, "all('.lab-names .lab-kill').length === 4 && all('.lab-others .lab-kill').length === 2")?;
    browser.click(lab, "[aria-label=\"Kill worker-2\"]")?;
    wait_in_run(browser, lab, "text('.lab-lines').includes('worker-2    died')")?;
    browser.check(lab, "!lab.querySelector('[aria-label=\"Kill worker-2\"]')")?;
    browser.click(lab, ".lab-others .lab-kill:last-child")?;
    wait_in_run(browser, lab, "/service +broker-\\d died[^]* broker-\\d leads/.test(text('.lab-lines'))")?;
    stop(browser, lab)?;
    browser.check(lab, "/deliveries\\s*\\d+ repeated/.test(lab.querySelector('.lab-sums').innerText)")?;
    browser.wait(lab, "painted(runs()[1], '--machines') > 1000 && text('.lab-keys').includes('died')")?;
    browser
        .check(lab, "/, broker-\\d died\\./.test(runs()[1].querySelector('canvas').getAttribute('aria-description'))")
}

fn with_the_lock_and_without_it_are_compared_on_one_axis(browser: &Browser) -> Fault {
    open(browser, "gil")?;
    let lab = 1;
    browser.set(lab, &[("jobs", "2"), ("workers", "2")])?;
    browser.click(lab, ".lab-go")?;
    browser.wait(
        lab,
        "over() && runs().length === 2 && runs().every(run => run.getAttribute('aria-label').startsWith('Run'))",
    )?;
    browser.check(
        lab,
        "runs().map(run => run.querySelector('.lab-head b').textContent).join() === '--gil=one,--gil=none'",
    )?;
    browser.wait(lab, "painted(runs()[0], '--threads-dark') > 100 && painted(runs()[1], '--threads-dark') === 0")?;
    // The run with the lock takes longer, so the other one ends earlier on the shared axis.
    browser.wait(lab, "painted(runs()[1], '--threads') > 1000")?;
    browser.check(lab, "all('.lab-summary thead th').map(it => it.textContent).join() === 'Run 1,Run 2'")?;
    browser.check(lab, "new Set(all('canvas').map(it => `${it.getBoundingClientRect().x} ${it.width}`)).size === 1")
}

fn the_last_two_runs_are_compared_or_the_last_is_shown_alone(browser: &Browser) -> Fault {
    open(browser, "service")?;
    browser.set(0, &[("time", "0.1"), ("jobs", "0")])?;
    for number in 1..=2 {
        browser.click(0, ".lab-go")?;
        browser.wait(0, &format!("over() && runs().at(-1).getAttribute('aria-label') === 'Run {number}'"))?;
    }
    browser.check(0, "runs().map(it => it.getAttribute('aria-label')).join() === 'Run 1,Run 2'")?;
    browser.click(0, ".lab-zoom .lab-tick input")?;
    browser.wait(0, "runs().map(it => it.getAttribute('aria-label')).join() === 'Run 2'")
}

fn the_three_models_follow_one_another(browser: &Browser) -> Fault {
    open(browser, "choosing")?;
    let lab = 5;
    browser.set(lab, &[("scale", "0.1")])?;
    browser.click(lab, ".lab-go")?;
    browser.wait(lab, "over() && runs().length === 3")?;
    let models = "['threads', 'processes', 'coroutines']";
    browser.wait(lab, &format!("{models}.every((model, at) => painted(runs()[at], `--${{model}}`) > 1000)"))?;
    browser.check(lab, &format!("{models}.every(model => text('.lab-keys').includes(`a job (${{model}})`))"))
}

fn the_service_in_cpython_is_drawn_beside_the_demo(browser: &Browser) -> Fault {
    open(browser, "service")?;
    browser.set(0, &[("jobs", "2"), ("workers", "2"), ("time", "9")])?;
    browser.check(0, "text('.lab-go') === 'Run' && !text('.lab-code').includes('chapter-python')")?;
    browser.click(0, ".lab-fields .lab-tick input")?;
    let command = "cargo run --bin chapter-python -- --workers=2 --jobs=2 --seed=1 --time=9 --model=threads";
    browser.check(0, &format!("text('.lab-go') === 'Run both' && text('.lab-code').endsWith({command:?})"))?;
    browser.click(0, ".lab-go")?;
    let Ok(interpreter) = Interpreter::find(Path::new(DEFAULT)) else {
        browser.wait(0, "over() && text('.lab-message').includes('--python=python3')")?;
        return browser.wait(0, "runs().length === 1 && painted(runs()[0], '--threads') > 1000");
    };
    browser.wait(0, "over() && runs().length === 2")?;
    browser.check(0, "lab.querySelector('.lab-message').hidden")?;
    let tag = format!("Run 2: {interpreter}");
    browser.wait(0, &format!("runs()[1].querySelector('.lab-tag').textContent === {tag:?}"))?;
    browser.wait(0, "runs().every(run => painted(run, '--threads') > 1000)")?;
    browser.check(0, "new Set(all('canvas').map(it => `${it.getBoundingClientRect().x} ${it.width}`)).size === 1")?;
    // Without the switch, the next run is compared with the last one of the demo.
    browser.click(0, ".lab-fields .lab-tick input")?;
    browser.set(0, &[("jobs", "0"), ("time", "0.1")])?;
    browser.click(0, ".lab-go")?;
    browser.wait(0, "over() && runs().map(it => it.getAttribute('aria-label')).join() === 'Run 1,Run 3'")
}

fn a_page_on_disk_shows_the_recorded_run_of_cpython_beside_its_own(browser: &Browser) -> Fault {
    browser.open(&browser.file("gil.html")?)?;
    browser.check(0, "runs().length === 1")?;
    browser.click(0, ".lab-zoom .lab-tick input")?;
    browser.wait(
        0,
        "runs().length === 2 && runs()[1].querySelector('.lab-tag').textContent.startsWith('Recorded: CPython')",
    )?;
    browser.wait(0, "painted(runs()[0], '--threads-dark') > 100 && painted(runs()[1], '--threads') > 1000")?;
    browser.click(0, ".lab-zoom .lab-tick input")?;
    browser.wait(0, "runs().length === 1")
}

fn the_comparison_is_measured_beside_the_recorded_one(browser: &Browser) -> Fault {
    open(browser, "choosing")?;
    let lab = 4;
    browser.set(lab, &[("rounds", "1")])?;
    browser.click(lab, ".lab-field.is-switch input")?;
    browser.check(lab, "text('.lab-code').includes('--only=start') && !text('.lab-code').includes('--python')")?;
    browser.click(lab, ".lab-go")?;
    browser.wait(lab, "over() && all('.lab-bar').length >= 5")?;
    browser.check(lab, "text('.lab-readout').startsWith('Done')")?;
    browser.check(lab, "all('.lab-rows tr').every(row => row.lastElementChild.textContent)")
}

fn a_page_on_disk_replays_the_recorded_run(browser: &Browser) -> Fault {
    browser.open(&browser.file("locks.html")?)?;
    browser.check(0, "!lab.querySelector('.lab-go, .lab-controls') && text('.lab-play') === 'Play'")?;
    browser.wait(0, "painted(runs()[0], '--threads-dark') > 100")?;
    let state = "text('.lab-state')";
    let end = browser.get(0, state)?;
    // The page notes the times that it shows, because a busy machine may ask for them too late.
    browser.get(
        0,
        "(() => {
            window.shown = [];
            const changes = { childList: true, characterData: true, subtree: true };
            new MutationObserver(() => window.shown.push(text('.lab-state'))).observe(lab, changes);
        })()",
    )?;
    browser.click(0, ".lab-play")?;
    browser.wait(0, &format!("window.shown.some(it => parseFloat(it) < parseFloat({end}))"))?;
    browser.wait(0, &format!("text('.lab-play') === 'Play' && {state} === {end}"))?;
    browser.wait(0, "painted(runs()[0], '--threads-dark') > 100")
}

fn a_lab_is_used_by_keyboard_alone(browser: &Browser) -> Fault {
    open(browser, "service")?;
    browser.type_in(0, "time", "0.1")?;
    // Over the last field and the switch to the button, and over the command and the tools to the picture.
    browser.press(&[TAB, TAB, TAB])?;
    browser.check(0, "document.activeElement.matches('.lab-go')")?;
    browser.press(&[ENTER])?;
    browser.wait(0, "over() && runs().length === 2")?;
    browser.check(0, "document.activeElement.matches('.lab-go')")?;
    for _ in 0..8 {
        if browser.get(0, "document.activeElement.matches('canvas')")? == json!(true) {
            break;
        }
        browser.press(&[TAB])?;
    }
    browser.check(0, "document.activeElement.matches('canvas')")?;
    browser.press(&[RIGHT, RIGHT, DOWN])?;
    browser.check(0, "/^worker-2: job \\d, size/.test(text('.lab-spoken'))")?;
    browser.press(&['+', '+'])?;
    browser.check(0, "lab.querySelector('.lab-zoom').classList.contains('is-zoomed')")?;
    browser.press(&['0'])?;
    browser.check(0, "!lab.querySelector('.lab-zoom').classList.contains('is-zoomed')")
}

fn a_lab_has_the_colors_of_the_theme(browser: &Browser) -> Fault {
    open(browser, "service")?;
    browser.wait(0, "painted(runs()[0], '--threads') > 1000")?;
    let light = browser.get(0, "getComputedStyle(lab).getPropertyValue('--threads')")?;
    browser.get(0, "document.documentElement.classList.replace('light', 'navy')")?;
    browser.wait(0, "painted(runs()[0], '--threads') > 1000")?;
    browser.check(0, &format!("getComputedStyle(lab).getPropertyValue('--threads') !== {light}"))
}

fn a_lab_fits_a_phone(browser: &Browser) -> Fault {
    browser.resize(360, 740)?;
    let look = || {
        for page in ["gil", "choosing"] {
            open(browser, page)?;
            browser.check(0, "innerWidth === 360 && document.documentElement.scrollWidth <= 360")?;
            let inside = "all('*').every(it => it.closest('.lab-spoken, .lab-log, .lab-sums, figcaption, svg') || it.getBoundingClientRect().right <= 360)";
            browser.check(0, inside)?;
        }
        Ok(())
    };
    let looked = look();
    browser.resize(1200, 900)?;
    looked
}
