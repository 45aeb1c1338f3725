//! Everybody connects at once, as after a deploy.
use super::{Run, SETTLE_SECONDS};
use crate::clock::now;
use crate::delays::{round, Delays};
use crate::scenarios::traffic::since;
use serde_json::{json, Value};

/// Opens `--sockets` connections, `HANDSHAKES_AT_ONCE` at a time, each until it has joined one of
/// `--rooms`, of which all of `--people`, if there are any, are members.
pub fn measure(run: &mut Run) -> Value {
    let sockets = run.arguments.count("sockets", 1000);
    let (rooms, people) = (run.engine.rooms.len(), run.engine.tokens.len().max(1));
    // One first, so that what is made with the first client is not billed to the storm.
    run.engine.add(0);
    run.gather();
    run.engine.idle(0.5);
    let (memory, before) = (run.processes.memory(), run.processes.read());
    run.engine.joins = Delays::new();
    let start = now();
    for number in 1..=sockets {
        // Everybody with a socket in each room, before anybody has a second one there.
        run.engine.add((number + number / people) % rooms);
    }
    run.engine.settle(SETTLE_SECONDS);
    let seconds = since(start);
    let usage = run.processes.since(&before);
    run.engine.idle(run.arguments.number("rest", 2.0));
    let grown = run.processes.memory() - memory;
    let engine = &run.engine;
    json!({
        "sockets": sockets,
        "joined": engine.joined - 1,
        "joined_s": round(seconds, 3),
        "joins_s": ((engine.joined - 1) as f64 / seconds).round(),
        "p50_ms": engine.joins.quantile(0.5),
        "p99_ms": engine.joins.quantile(0.99),
        "cpu_ms_per_socket": round(usage.server_seconds * 1e3 / (engine.joined - 1) as f64, 3),
        "rss_kb_per_socket": round(grown / sockets as f64, 2),
        "peak_rss_mb": run.processes.peak_mb(),
        "server_cpu": usage.server,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
        "lost": sockets + 1 - engine.joined,
        "errors": engine.tally.errors,
        "first_error": engine.tally.first_error,
    })
}
