//! The highest rate of deliveries that a server keeps up with.
use super::traffic::{offer, Crowd, Plan, Step};
use super::Run;
use serde_json::{json, Value};

const P99_LIMIT_MS: f64 = 100.0;
/// Shares of what was offered: arrived at all, and arrived while it was being sent.
const ARRIVED: f64 = 0.998;
const IN_TIME: f64 = 0.93;
const MAX_STEPS: usize = 14;
const FACTOR: f64 = 2.0;
/// The search ends when the lowest failing rate is within this of the highest passing one.
const PRECISION: f64 = 1.12;

impl Step {
    fn passes(&self) -> bool {
        self.closes == 0
            && self.p99.is_some_and(|p99| p99 < P99_LIMIT_MS)
            && self.delivered as f64 >= ARRIVED * self.expected as f64
            && self.per_second >= IN_TIME * self.offered
    }
}

/// Doubles the rate from `--from` until it fails or `--to` is passed, then closes in.
pub fn measure(run: &mut Run) -> Value {
    let crowd = Crowd::gather(run);
    let (mut rate, top) = (
        run.arguments.number("from", 20_000.0),
        run.arguments.number("to", 4_000_000.0),
    );
    let (mut best, mut failed): (Option<Step>, Option<Step>) = (None, None);
    let mut trail = vec![];
    while trail.len() < MAX_STEPS {
        let step = attempt(run, crowd, rate, failed.is_none());
        trail.push(json!([
            step.offered.round(),
            step.p99,
            step.usage.server,
            step.usage.generator,
            step.passes()
        ]));
        if step.passes() {
            best = Some(step);
        } else {
            failed = Some(step);
            rest(run);
        }
        rate = match (&best, &failed) {
            (Some(best), Some(failed)) if failed.offered / best.offered < PRECISION => break,
            (Some(best), Some(failed)) => (failed.offered * best.offered).sqrt(),
            (Some(_), None) => rate * FACTOR,
            _ => rate / (FACTOR * FACTOR),
        };
        if rate > top {
            break;
        }
    }
    report(best, failed, trail)
}

/// The first failure is tried again, lest a hiccup of the machine set the bracket.
fn attempt(run: &mut Run, crowd: Crowd, rate: f64, retry: bool) -> Step {
    let plan = Plan {
        messages_per_second: rate / crowd.members as f64,
        warm_up: 0.5,
        seconds: run.arguments.number("secs", 1.5),
    };
    let step = offer(run, crowd, &plan);
    if step.passes() || !retry {
        return step;
    }
    rest(run);
    offer(run, crowd, &plan)
}

/// Waits until nothing has arrived for a while, and replaces lost connections.
fn rest(run: &mut Run) {
    for _ in 0..60 {
        let deliveries = run.engine.deliveries;
        run.engine.idle(0.3);
        if run.engine.deliveries == deliveries {
            break;
        }
    }
    run.engine.reopen();
    run.engine.settle(15.0);
}

fn report(best: Option<Step>, failed: Option<Step>, trail: Vec<Value>) -> Value {
    let mut figures = best.as_ref().map_or(json!({}), |best| best.figures.clone());
    figures["max_deliveries_s"] = json!(best.map_or(0.0, |best| best.offered.round()));
    if let Some(failed) = failed {
        figures["failed_deliveries_s"] = json!(failed.offered.round());
        figures["failed_p99_ms"] = json!(failed.p99);
        figures["failed_server_cpu"] = json!(failed.usage.server);
        figures["failed_database_cpu"] = json!(failed.usage.database);
        figures["failed_generator_cpu"] = json!(failed.usage.generator);
        figures["failed_lost"] = json!(failed.expected.saturating_sub(failed.delivered));
        figures["failed_error"] = failed.figures["first_error"].clone();
    }
    figures["trail"] = json!(trail);
    figures
}
