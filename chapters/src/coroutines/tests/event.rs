use super::super::testing::on_both_runtimes;
use super::*;

const LONG: Duration = Duration::from_secs(30);

#[test]
fn everybody_is_told_and_whoever_comes_later_does_not_wait() {
    on_both_runtimes(async || {
        let event = Event::new();
        let set = async {
            event.set();
            event.set();
        };
        let waiters = tokio::join!(event.wait_timeout(LONG), event.wait_timeout(LONG), set);
        assert_eq!(waiters, (true, true, ()));
        event.wait().await;
        event.clear();
        assert!(!event.wait_timeout(Duration::ZERO).await);
    });
}

#[test]
fn an_event_that_is_cleared_at_once_has_woken_those_who_waited() {
    on_both_runtimes(async || {
        let event = Event::new();
        let set_and_clear = async {
            event.set();
            event.clear();
        };
        assert!(tokio::join!(event.wait_timeout(LONG), set_and_clear).0);
        assert!(!event.is_set());
    });
}
