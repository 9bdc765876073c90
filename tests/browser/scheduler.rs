//! "You are the scheduler", played as a reader plays it: by mouse, by keyboard, on a phone, and on paper.

use serde_json::Value;

use crate::Test;
use crate::driver::{Browser, Fault};

/// The main use of a scheduler lab.
pub const TESTS: &[Test] = tests! {
    a_deadlock_is_reached_by_mouse_and_undone
};

/// The other features. `.ci/run` tests them.
pub const LONG: &[Test] = tests! {
    a_deadlock_is_reached_by_keyboard_alone
    the_shortest_schedule_and_all_endings_are_shown
    a_hint_leads_to_the_goal
    the_fixed_program_has_no_schedule_that_reaches_the_goal
    a_call_stack_leads_into_the_books_own_lock
    a_scheduler_lab_fits_a_phone
    paper_and_readers_without_scripts_get_a_table
};

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
    check(browser, "two_locks", "text('.scheduler-said').includes('deadlock: A waits for right, which B holds')")?;
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
    check(browser, "two_locks", "text('.scheduler-said').includes('deadlock')")?;
    check(browser, "two_locks", "it.contains(document.activeElement)")?;
    browser.press(&['u'])?;
    check(browser, "two_locks", "it.querySelectorAll('.scheduler-live .scheduler-steps tbody tr').length === 1")?;
    browser.press(&['r'])?;
    check(browser, "two_locks", "text('.scheduler-steps caption').includes('empty')")?;
    // mdBook opens its search field when `s` is pressed, and the lab doesn't use that key.
    browser.press(&['a', 'm'])?;
    check(browser, "two_locks", "text('.scheduler-said').includes('main waits for A to finish')")
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
