//! What arrived of the messages of one measurement.
use crate::delays::Delays;
use std::ops::Range;

/// What was seen since the last `reset`; messages count if they were sent within `window`.
pub struct Tally {
    pub window: Range<u64>,
    pub delivered: u64,
    pub delays: Delays,
    pub acks: Delays,
    pub payload_bytes: u64,
    pub closes: u64,
    pub errors: u64,
    pub first_error: Option<String>,
}

impl Tally {
    pub fn new() -> Tally {
        Tally {
            window: 0..u64::MAX,
            delivered: 0,
            delays: Delays::new(),
            acks: Delays::new(),
            payload_bytes: 0,
            closes: 0,
            errors: 0,
            first_error: None,
        }
    }

    /// Begins anew, for messages that are sent within `window`.
    pub fn reset(&mut self, window: Range<u64>) {
        self.delays.clear();
        self.acks.clear();
        *self = Tally {
            delays: std::mem::replace(&mut self.delays, Delays::new()),
            acks: std::mem::replace(&mut self.acks, Delays::new()),
            window,
            ..Tally::new()
        };
    }

    pub fn error(&mut self, text: &[u8]) {
        self.errors += 1;
        let start = &text[..text.len().min(240)];
        self.first_error
            .get_or_insert_with(|| String::from_utf8_lossy(start).into_owned());
    }
}
