//! Everybody comes back at once and asks for what was missed.
use super::{Run, SETTLE_SECONDS};
use crate::clock::{now, MILLISECOND, SECOND};
use crate::delays::{round, Delays};
use crate::scenarios::traffic::since;
use serde_json::{json, Value};

/// Cuts `--sockets` clients off, sends `--missed` messages, and lets all clients recover them.
pub fn measure(run: &mut Run) -> Value {
    let sockets = run.arguments.count("sockets", 1000);
    let missed = run.arguments.count("missed", 50);
    let publisher = run.engine.add(0);
    for _ in 0..sockets {
        run.engine.add(0);
    }
    run.gather();
    for client in 1..=sockets {
        run.engine.cut(client);
    }
    run.engine.idle(1.0);
    // Some more than are missed, so that recovering does not mean reading the whole log.
    write_log(run, publisher, missed + 10);
    run.engine.idle(0.3);
    run.engine.cursor.seq -= missed as u64;
    run.engine.recovering = Some(missed);
    run.engine.joins = Delays::new();
    let (before, bytes, start) = (run.processes.read(), run.engine.bytes_read, now());
    run.engine.reopen();
    run.engine.settle(SETTLE_SECONDS);
    let seconds = since(start);
    let usage = run.processes.since(&before);
    let engine = &run.engine;
    let recovered = engine.joined - 1;
    json!({
        "sockets": sockets,
        "missed": missed,
        "recovered": recovered,
        "recovered_s": round(seconds, 3),
        "recoveries_s": (recovered as f64 / seconds).round(),
        "p50_ms": engine.joins.quantile(0.5),
        "p99_ms": engine.joins.quantile(0.99),
        "received_mb": round((engine.bytes_read - bytes) as f64 / 1e6, 1),
        "peak_rss_mb": run.processes.peak_mb(),
        "server_cpu": usage.server,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
        "lost": sockets - recovered,
        "errors": engine.tally.errors,
        "first_error": engine.tally.first_error,
    })
}

/// Sends one message after the other and notes the number of the last.
pub fn write_log(run: &mut Run, publisher: usize, count: usize) {
    let engine = &mut run.engine;
    engine.follows_log = true;
    let end = now() + 30 * SECOND;
    for sent in 1..=count as u64 {
        engine.publish(publisher, 0);
        while engine.deliveries < sent {
            assert!(
                now() < end,
                "message {sent} did not arrive: {:?}",
                engine.tally.first_error
            );
            engine.turn(now() + MILLISECOND);
        }
    }
    engine.follows_log = false;
}
