//! Moderate load for long, with sockets that come and go, and the memory meanwhile.
use super::traffic::{since, Crowd};
use super::Run;
use crate::clock::{nanoseconds, now, MILLISECOND};
use crate::delays::round;
use serde_json::{json, Value};

/// Sockets that come and go, beside the crowd that stays.
const PASSERS_BY: usize = 200;
const SETTLED_SECONDS: f64 = 2.0;
/// At least so many samples, and one every few seconds in a long run.
const MIN_SAMPLES: f64 = 60.0;
const SAMPLE_SECONDS: f64 = 5.0;

/// Something that is to happen so often a second.
struct Beat {
    gap: u64,
    next: u64,
}

impl Beat {
    fn every(seconds: f64) -> Beat {
        let gap = nanoseconds(seconds);
        Beat {
            gap,
            next: now() + gap,
        }
    }

    fn is_due(&mut self) -> bool {
        let due = now() >= self.next;
        if due {
            self.next += self.gap;
        }
        due
    }
}

/// Sends `--messages` a second to the rooms, and replaces `--churn` sockets a second.
pub fn measure(run: &mut Run) -> Value {
    let crowd = Crowd::gather(run);
    let stay = run.engine.clients();
    for k in 0..PASSERS_BY {
        run.engine.add(k % crowd.rooms);
    }
    run.gather();
    run.engine.idle(SETTLED_SECONDS);
    run.engine.tallied_clients = stay;

    let seconds = run.arguments.number("secs", 600.0);
    let mut messages = Beat::every(1.0 / run.arguments.number("messages", 100.0));
    let mut changes = Beat::every(1.0 / run.arguments.number("churn", 20.0));
    let mut samples = Beat::every(SAMPLE_SECONDS.min(seconds / MIN_SAMPLES));
    let (before, start) = (run.processes.read(), now());
    let end = start + nanoseconds(seconds);
    run.engine.tally.reset(start..end);
    let (mut sent, mut passed_by, mut memory) = (0usize, 0, vec![]);
    while now() < end {
        if messages.is_due() {
            let (client, room) = crowd.sender(sent);
            sent += usize::from(run.engine.publish(client, room));
        }
        if changes.is_due() {
            // The one cut before is opened again only now: it was away for a while.
            run.engine.reopen();
            run.engine.cut(stay + passed_by % PASSERS_BY);
            passed_by += 1;
        }
        if samples.is_due() {
            memory.push(json!([
                round(since(start), 1),
                round(run.processes.memory() / 1024.0, 2)
            ]));
        }
        run.engine
            .turn(end.min(messages.next).min(changes.next).min(samples.next));
    }
    let usage = run.processes.since(&before);
    let expected = (sent * crowd.members) as u64;
    let stop = now() + 3000 * MILLISECOND;
    while run.engine.tally.delivered < expected && now() < stop {
        run.engine.turn(now() + 5 * MILLISECOND);
    }
    let tally = &run.engine.tally;
    json!({
        "sockets": run.engine.clients(),
        "seconds": seconds,
        "messages": sent,
        "passed_by": passed_by,
        "deliveries_s": (tally.delivered as f64 / usage.seconds).round(),
        "p50_ms": tally.delays.quantile(0.5),
        "p99_ms": tally.delays.quantile(0.99),
        "lost": expected.saturating_sub(tally.delivered),
        "closes": tally.closes,
        "errors": tally.errors,
        "first_error": tally.first_error,
        "server_cpu": usage.server,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
        "peak_rss_mb": run.processes.peak_mb(),
        "rss_samples": memory,
    })
}
