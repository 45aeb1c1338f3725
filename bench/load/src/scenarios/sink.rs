//! How much this generator itself can take in on one core; `blast` is its server.
use super::Run;
use serde_json::{json, Value};

/// Reads from `--sockets` connections as fast as frames come.
pub fn measure(run: &mut Run) -> Value {
    for _ in 0..run.arguments.count("sockets", 1000) {
        run.engine.add(0);
    }
    run.gather();
    run.engine.idle(0.5);
    let (before, deliveries) = (run.processes.read(), run.engine.deliveries);
    run.engine.idle(run.arguments.number("secs", 4.0));
    let usage = run.processes.since(&before);
    let per_second = (run.engine.deliveries - deliveries) as f64 / usage.seconds;
    json!({
        "deliveries_s": per_second.round(),
        "limit_deliveries_s": (per_second / usage.generator.max(0.01)).round(),
        "server_cpu": usage.server,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
    })
}
