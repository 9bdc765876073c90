//! "You are the scheduler", played as a reader plays it: by mouse, by keyboard, on a phone, and on paper.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Test;
use crate::driver::{Browser, Fault};
use crate::pages::pages;

/// The main use of a scheduler lab.
pub const TESTS: &[Test] = tests! {
    a_deadlock_is_reached_by_mouse_and_undone
    a_question_keeps_its_endings_until_the_reader_asks
};

/// The other features. `.ci/run` tests them.
pub const LONG: &[Test] = tests! {
    a_deadlock_is_reached_by_keyboard_alone
    the_shortest_schedule_and_all_endings_are_shown
    a_hint_leads_to_the_goal
    a_hint_says_how_far_back_the_goal_is
    the_last_click_moves_neither_the_page_nor_the_focus
    the_lab_explains_what_a_step_found_and_which_step_missed_the_goal
    a_lab_is_reached_by_a_link_at_the_top_of_the_page
    the_fixed_program_has_no_schedule_that_reaches_the_goal
    a_call_stack_leads_into_the_books_own_lock
    a_scheduler_lab_fits_a_phone
    paper_and_readers_without_scripts_get_a_table
    errors_in_the_readers_program_are_shown
    the_readers_program_is_compiled_and_played
    a_step_can_be_taken_in_every_lab
};

/// The features that other engines than Chromium must have, too.
pub const ESSENTIAL: &[Test] = tests! {
    a_deadlock_is_reached_by_mouse_and_undone
    a_deadlock_is_reached_by_keyboard_alone
    the_shortest_schedule_and_all_endings_are_shown
    a_hint_leads_to_the_goal
    a_call_stack_leads_into_the_books_own_lock
    a_question_keeps_its_endings_until_the_reader_asks
    a_step_can_be_taken_in_every_lab
};

/// The time in which cargo compiles the reader's program on any machine.
const COMPILE_TIMEOUT: Duration = Duration::from_secs(1200);

/// The book has at least this many scheduler labs.
const MIN_LABS: u64 = 12;

/// The beginning of every expression: `it` is the lab of a program, `part` finds something in it.
fn about(program: &str, expression: &str) -> String {
    format!(
        "(() => {{
            const it = document.querySelector('.scheduler[data-program={program}]');
            const part = selector => it.querySelector('.scheduler-live ' + selector);
            const text = selector => part(selector)?.textContent ?? '';
            const button = name => [...it.querySelectorAll('button')].find(it => it.textContent === name);
            return {expression};
        }})()"
    )
}

fn check(browser: &Browser, program: &str, expression: &str) -> Fault {
    match browser.get(0, &about(program, expression))? {
        Value::Bool(true) => Ok(()),
        value => {
            let shown = browser.get(0, &about(program, "it.innerText"))?;
            Err(format!("{program}: {expression} is {value}, in\n{}", shown.as_str().unwrap_or_default()))
        }
    }
}

/// Opens the page of a program in a book on disk.
fn open(browser: &Browser, page: &str) -> Fault {
    browser.open(&browser.file(page)?)?;
    browser.check(0, "[...document.querySelectorAll('.scheduler')].every(it => it.classList.contains('is-on'))")
}

fn click(browser: &Browser, program: &str, selector: &str) -> Fault {
    browser.click_on(&format!(".scheduler[data-program={program}] {selector}"))
}

fn a_deadlock_is_reached_by_mouse_and_undone(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    check(browser, "two_locks", "part('.scheduler-threads').querySelectorAll('button').length === 2")?;
    click(browser, "two_locks", "button[data-thread='1']")?;
    check(browser, "two_locks", "text('.scheduler-shared').includes('A')")?;
    click(browser, "two_locks", "button[data-thread='2']")?;
    check(browser, "two_locks", "text('.scheduler-said').includes('Deadlock: A waits for right, which B holds')")?;
    check(browser, "two_locks", "it.querySelectorAll('.scheduler-arrow.is-cycle').length === 2")?;
    check(browser, "two_locks", "text('.scheduler-goal').includes('Reached')")?;
    click(browser, "two_locks", ".scheduler-tools button:first-child")?;
    check(browser, "two_locks", "it.querySelectorAll('.scheduler-live .scheduler-steps tbody tr').length === 1")?;
    check(browser, "two_locks", "!it.querySelector('.scheduler-arrow.is-cycle')")
}

fn a_deadlock_is_reached_by_keyboard_alone(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    browser.get(0, &about("two_locks", "(part('.scheduler-code').focus(), true)"))?;
    browser.press(&['b', 'a'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('Deadlock')")?;
    check(browser, "two_locks", "it.contains(document.activeElement)")?;
    browser.press(&['u'])?;
    check(browser, "two_locks", "it.querySelectorAll('.scheduler-live .scheduler-steps tbody tr').length === 1")?;
    browser.press(&['r'])?;
    check(browser, "two_locks", "text('.scheduler-steps caption').includes('empty')")?;
    // mdBook opens its search field when `s` is pressed, and the lab doesn't use that key.
    browser.press(&['a', 'm'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('main waits for A and B to finish')")
}

fn the_shortest_schedule_and_all_endings_are_shown(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    browser.get(0, &about("two_locks", "(button('Show the shortest').click(), true)"))?;
    check(browser, "two_locks", "it.querySelectorAll('.scheduler-live .scheduler-steps tbody tr').length === 2")?;
    browser.get(0, &about("two_locks", "(button('All endings').click(), true)"))?;
    check(browser, "two_locks", "text('.scheduler-endings').includes('6 schedules lead to 2 endings')")?;
    browser.get(0, &about("two_locks", "(it.querySelectorAll('.scheduler-endings button')[1].click(), true)"))?;
    check(browser, "two_locks", "text('.scheduler-goal').includes('Missed') && text('.scheduler-output') !== ''")
}

fn a_hint_leads_to_the_goal(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    for _ in 0..2 {
        browser.get(0, &about("two_locks", "(button('Hint').click(), part('.is-hinted').click(), true)"))?;
    }
    check(browser, "two_locks", "text('.scheduler-goal').includes('Reached')")
}

fn a_hint_says_how_far_back_the_goal_is(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    // A takes both locks, so there's no deadlock any more.
    browser.get(0, &about("two_locks", "(part('.scheduler-code').focus(), true)"))?;
    browser.press(&['a', 'a', 'h'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('press Undo once.')")?;
    browser.press(&['u', 'h'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('Schedule B')")
}

fn the_last_click_moves_neither_the_page_nor_the_focus(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    let begin = "(it.scrollIntoView(), part('.scheduler-threads button').focus({ preventScroll: true }), scrollY)";
    let before = browser.get(0, &about("two_locks", begin))?;
    browser.press(&['a', 'b'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('Deadlock')")?;
    check(browser, "two_locks", &format!("scrollY === {before}"))?;
    check(browser, "two_locks", "part('.scheduler-threads').contains(document.activeElement)")
}

fn the_lab_explains_what_a_step_found_and_which_step_missed_the_goal(browser: &Browser) -> Fault {
    open(browser, "gil.html")?;
    browser.get(0, &about("lost_update", "(part('.scheduler-code').focus(), true)"))?;
    browser.press(&['a'])?;
    check(browser, "lost_update", "text('.scheduler-said') === 'The step after that was the only choice.'")?;
    check(browser, "lost_update", "text('.scheduler-threads').includes('last result: finds 0')")?;
    browser.press(&['a'])?;
    check(browser, "lost_update", "text('.scheduler-goal').includes('Missed: step 3')")?;
    check(browser, "lost_update", "text('.scheduler-steps .is-wrong').includes('puts the goal out of reach')")?;
    browser.press(&['u'])?;
    check(browser, "lost_update", "text('.scheduler-said').startsWith('Took back your step and the ')")
}

fn a_lab_is_reached_by_a_link_at_the_top_of_the_page(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    let links = "document.querySelectorAll('.skip-link').length === 1 + document.querySelectorAll('.scheduler').length";
    browser.check(0, links)?;
    browser.get(0, "(document.querySelector('.skip-link[href=\"#lab-two_locks\"]').click(), true)")?;
    browser.wait(0, &about("two_locks", "it.contains(document.activeElement)"))?;
    browser.press(&['b', 'a'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('Deadlock')")
}

fn the_fixed_program_has_no_schedule_that_reaches_the_goal(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    check(browser, "two_locks_fixed", "text('.scheduler-goal').includes('No schedule reaches it')")?;
    browser.get(0, &about("two_locks_fixed", "(button('Hint').click(), true)"))?;
    check(browser, "two_locks_fixed", "text('.scheduler-said').includes('No schedule reaches the goal')")
}

fn a_call_stack_leads_into_the_books_own_lock(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    browser.get(0, &about("book_lock_no_park", "(button('Show the shortest').click(), true)"))?;
    let paths = "[...it.querySelectorAll('.scheduler-path')].filter(it => it.offsetParent).map(it => it.textContent)";
    check(browser, "book_lock_no_park", &format!("{paths}.some(path => path.endsWith('lock.rs'))"))?;
    check(browser, "book_lock_no_park", "it.querySelectorAll('.scheduler-mark.is-caller').length > 0")
}

fn a_scheduler_lab_fits_a_phone(browser: &Browser) -> Fault {
    browser.resize(360, 740)?;
    let look = || {
        open(browser, "locks.html")?;
        browser.check(0, "document.documentElement.scrollWidth <= 360")?;
        let scrolls = ".scheduler-code, .scheduler-lanes, .scheduler-static, .scheduler-sr";
        let inside = format!(
            "[...it.querySelectorAll('*')].every(it => it.closest('{scrolls}') || it.getBoundingClientRect().right <= 360)"
        );
        check(browser, "two_locks", &inside)
    };
    let looked = look();
    browser.resize(1200, 900)?;
    looked
}

fn paper_and_readers_without_scripts_get_a_table(browser: &Browser) -> Fault {
    open(browser, "locks.html")?;
    check(browser, "two_locks", "it.querySelector('.scheduler-static').offsetParent === null")?;
    browser.emulate_print(true)?;
    let printed = check(
        browser,
        "two_locks",
        "it.querySelector('.scheduler-live').offsetParent === null && it.querySelector('.scheduler-static table').offsetParent !== null",
    );
    browser.emulate_print(false)?;
    printed?;
    // Without a script, nothing adds the class that hides the table.
    check(
        browser,
        "two_locks",
        "(it.classList.remove('is-on'), it.querySelector('.scheduler-static table').offsetParent !== null)",
    )
}

fn a_question_keeps_its_endings_until_the_reader_asks(browser: &Browser) -> Fault {
    open(browser, "service.html")?;
    check(browser, "two_lines", "it.querySelector('.scheduler-endings').hidden")?;
    check(browser, "two_lines", "!button('Hint') && !button('Show the shortest')")?;
    // On paper and without scripts as well, there's nothing but the program.
    check(browser, "two_lines", "!it.querySelector('.scheduler-static table')")?;
    browser.get(0, &about("two_lines", "(part('.scheduler-code').focus(), true)"))?;
    browser.press(&['l', 'h', 'a'])?;
    check(browser, "two_lines", "text('.scheduler-goal').includes('found 1 so far')")?;
    check(browser, "two_lines", "text('.scheduler-endings caption') === 'You’ve found 1 ending'")?;
    browser.press(&['r', 'e'])?;
    check(browser, "two_lines", "text('.scheduler-endings').includes('schedules lead to 2 endings')")?;
    browser.press(&['m'])?;
    check(browser, "two_lines", "text('.scheduler-goal').includes('found all 2')")
}

/// Opens the page of the reader's own program in the reading room.
fn open_mine(browser: &Browser) -> Fault {
    let room = browser.room()?.to_owned();
    browser.open(&format!("{room}/mine.html"))?;
    browser.check(0, "document.querySelector('.scheduler-mine button').textContent === 'Compile and play'")
}

fn errors_in_the_readers_program_are_shown(browser: &Browser) -> Fault {
    open_mine(browser)?;
    let looked = || {
        let error = "error[E0425]: cannot find value `x` in this scope\n  --> chapters/programs/mine.rs:13:5";
        browser.use_cargo(Some(&format!("cat >&2 <<'END'\n{error}\nEND\nexit 101")))?;
        browser.click_on(".scheduler-mine button")?;
        browser
            .wait(0, "document.querySelector('.scheduler-mine .scheduler-said').textContent.includes('compile:')")?;
        browser.check(0, "document.querySelector('.scheduler-errors').textContent.includes('mine.rs:13:5')")?;
        // It compiles, and can't be explored.
        let answer = r#"{"error":"A has been running for 20 seconds"}"#;
        browser.use_cargo(Some(&format!("echo '{{\"step\":0}}'; read line; echo '{answer}'; cat")))?;
        browser.click_on(".scheduler-mine button")?;
        browser.wait(0, "document.querySelector('.scheduler-errors').textContent.includes('A has been running')")
    };
    let looked = looked();
    browser.use_cargo(None)?;
    looked
}

fn the_readers_program_is_compiled_and_played(browser: &Browser) -> Fault {
    open_mine(browser)?;
    browser.click_on(".scheduler-mine button")?;
    let is_there = "document.querySelector('.scheduler-own .scheduler-threads button')";
    // The program may have to be compiled first, which can take minutes.
    let begin = Instant::now();
    while browser.wait(0, is_there).is_err() {
        let said = browser.get(0, "document.querySelector('.scheduler-mine').innerText")?;
        if begin.elapsed() > COMPILE_TIMEOUT || !said.to_string().contains("Compiling") {
            return Err(said.to_string());
        }
    }
    let own = "document.querySelector('.scheduler-own')";
    browser.check(0, &format!("{own}.querySelector('.scheduler-path').textContent === 'programs/mine.rs'"))?;
    browser.check(0, &format!("{own}.querySelector('.scheduler-row').textContent.includes('Your own program')"))?;
    while browser.get(0, &format!("Boolean({is_there})"))? == Value::Bool(true) {
        browser.click_on(".scheduler-own .scheduler-threads button")?;
    }
    browser.check(0, &format!("{own}.querySelector('.scheduler-said').textContent.includes('The program has ended')"))
}

fn a_step_can_be_taken_in_every_lab(browser: &Browser) -> Fault {
    let mut labs = 0;
    for page in pages(browser.book()?) {
        browser.visit(&browser.file(&page)?)?;
        let stuck = browser.get(
            0,
            "[...document.querySelectorAll('.scheduler')].filter(it => {
                if (!it.classList.contains('is-on')) return true;
                it.querySelector('.scheduler-live .scheduler-threads button:not(:disabled)').click();
                return !it.querySelector('.scheduler-live .scheduler-steps tbody tr');
            }).map(it => it.dataset.program)",
        )?;
        if stuck != Value::Array(Vec::new()) {
            return Err(format!("{page}: nothing happens in {stuck}"));
        }
        labs += browser.get(0, "document.querySelectorAll('.scheduler').length")?.as_u64().unwrap_or(0);
    }
    if labs < MIN_LABS { Err(format!("the book has {labs} scheduler labs")) } else { Ok(()) }
}
