//! Times and sizes, and what they come to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// What a quiet phase ends with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Incidents that were opened so far.
    pub incidents: u64,
    /// Live ones.
    pub live: u64,
    /// Resident memory in kB.
    pub rss_kb: u64,
    /// Open files.
    pub files: u64,
    /// Threads.
    pub threads: u64,
    /// Bytes of the journal's directory.
    pub disk: u64,
}

/// Everything that is measured.
#[derive(Default)]
pub struct Measures {
    times: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    samples: Mutex<Vec<Sample>>,
}

/// What many times come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        let at = |part: f64| times.get(((times.len().saturating_sub(1)) as f64 * part).round() as usize);
        let at = |part| at(part).copied().unwrap_or_default();
        Self { count: times.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

impl Measures {
    /// One time of a kind.
    pub fn took(&self, what: &'static str, time: Duration) {
        self.times.lock().unwrap().entry(what).or_default().push(time);
    }

    /// What the times of each kind come to.
    pub fn spreads(&self) -> BTreeMap<&'static str, Spread> {
        self.times.lock().unwrap().iter().map(|(what, times)| (*what, Spread::of(times))).collect()
    }

    /// The end of a quiet phase.
    pub fn sample(&self, sample: Sample) {
        self.samples.lock().unwrap().push(sample);
    }

    /// All samples so far.
    pub fn samples(&self) -> Vec<Sample> {
        self.samples.lock().unwrap().clone()
    }
}

/// By how much `y` grows for each `x`: the slope of the straight line that fits best.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if spread == 0.0 { 0.0 } else { points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_knows_its_places() {
        let times: Vec<Duration> = (1..=101).rev().map(Duration::from_millis).collect();
        let ms = Duration::from_millis;
        assert_eq!(Spread::of(&times), Spread { count: 101, p50: ms(51), p99: ms(100), max: ms(101) });
        assert_eq!(Spread::of(&[]), Spread::default());
    }

    #[test]
    fn a_slope_is_growth_for_each_step() {
        assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 2.0).abs() < 1e-9);
        assert!(slope(&[(4.0, 1.0), (4.0, 3.0)]).abs() < 1e-9);
        assert!(slope(&[(0.0, 7.0), (1.0, 7.0), (2.0, 7.0)]).abs() < 1e-9);
    }
}
