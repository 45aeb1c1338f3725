//! How long things took, as quantiles.
use hdrhistogram::Histogram;

const LONGEST_US: u64 = 600_000_000;

/// Kept in microseconds, to two digits.
pub struct Delays(Histogram<u32>);

impl Delays {
    pub fn new() -> Delays {
        Delays(Histogram::new_with_bounds(1, LONGEST_US, 2).unwrap())
    }

    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record((nanoseconds / 1000).max(1));
    }

    /// Milliseconds; none if nothing was recorded.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| round(self.0.value_at_quantile(share) as f64 / 1000.0, 3))
    }

    pub fn longest(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| round(self.0.max() as f64 / 1000.0, 2))
    }

    pub fn add(&mut self, other: &Delays) {
        self.0.add(&other.0).unwrap();
    }

    pub fn clear(&mut self) {
        self.0.reset();
    }
}

pub fn round(number: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (number * scale).round() / scale
}
