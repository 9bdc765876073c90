//! The median of measurements, how far to trust it, and whether it reaches a goal.
//!
//! Measurements vary, because a machine does other things as well. A bootstrap shows how much that matters: it draws
//! as many of the measurements as there are, with repetition, again and again, and takes the median of each draw. If the
//! range of most of these medians is on one side of a goal, the measurements decide. Otherwise, more of them are needed.

use std::ops::RangeInclusive;

use rand::RngExt;

use crate::random::{Random, Seed};

/// How many times the bootstrap draws.
const DRAWS: usize = 2000;

/// The median, or the upper one of the two middle values. `None` if there aren't any.
///
/// ```
/// assert_eq!(chapters::statistics::median([3.0, 9.0, 1.0]), Some(3.0));
/// ```
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// The range that has the median with a confidence of 95 %, by a bootstrap. `None` if there are no values.
///
/// The draws are the same each time, so the same values have the same interval.
pub fn interval(values: &[f64]) -> Option<RangeInclusive<f64>> {
    let mut random = Random::new(&Seed::from(1));
    let mut draw = || median((0..values.len()).map(|_| values[random.random_range(0..values.len())]));
    let mut medians: Vec<f64> = (0..DRAWS).map_while(|_| draw()).collect();
    medians.sort_by(f64::total_cmp);
    Some(*medians.get(DRAWS / 40)?..=*medians.get(DRAWS - 1 - DRAWS / 40)?)
}

/// Whether measurements reach a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval is within the goal.
    Reached,
    /// The whole interval is outside the goal.
    Missed,
    /// The interval has values on both sides.
    NotDecided,
}

/// Compares an interval with the values that reach the goal.
pub fn verdict(interval: &RangeInclusive<f64>, goal: &RangeInclusive<f64>) -> Verdict {
    if goal.contains(interval.start()) && goal.contains(interval.end()) {
        Verdict::Reached
    } else if interval.end() < goal.start() || interval.start() > goal.end() {
        Verdict::Missed
    } else {
        Verdict::NotDecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that scatter evenly around 1, by up to `spread`.
    fn values(count: usize, spread: f64, seed: i64) -> Vec<f64> {
        let mut random = Random::new(&Seed::from(seed));
        (0..count).map(|_| 1.0 + spread * (2.0 * f64::from(random.random_range(0..=1000)) / 1000.0 - 1.0)).collect()
    }

    #[test]
    fn a_median_is_the_value_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(3.0), "the upper one");
        assert_eq!(median([5.0, 1.0, 100.0]), Some(5.0));
    }

    #[test]
    fn an_interval_has_the_true_median_about_as_often_as_it_says() {
        let has = |seed: &i64| interval(&values(25, 0.5, *seed)).is_some_and(|interval| interval.contains(&1.0));
        let often = (0..200).filter(has).count();
        assert!((180..=200).contains(&often), "{often} of 200");
    }

    #[test]
    fn more_measurements_make_the_interval_narrower() {
        let width = |count: usize| interval(&values(count, 0.5, 7)).map(|it| it.end() - it.start()).unwrap();
        assert!(width(400) < width(100) && width(100) < width(25));
        assert_eq!(interval(&[3.0]), Some(3.0..=3.0));
        assert_eq!(interval(&[]), None);
        let few = [1.0, 2.0, 9.0];
        assert_eq!(interval(&few), Some(1.0..=9.0), "three values say little about the median");
    }

    #[test]
    fn a_verdict_needs_the_whole_interval() {
        assert_eq!(verdict(&(0.9..=1.1), &(0.0..=1.2)), Verdict::Reached);
        assert_eq!(verdict(&(0.9..=1.1), &(0.0..=1.0)), Verdict::NotDecided);
        assert_eq!(verdict(&(1.1..=1.2), &(0.0..=1.0)), Verdict::Missed);
        assert_eq!(verdict(&(40.0..=60.0), &(50.0..=f64::INFINITY)), Verdict::NotDecided);
        assert_eq!(verdict(&(0.8..=1.2), &(0.95..=1.05)), Verdict::NotDecided, "it's wider than the goal");
    }
}
