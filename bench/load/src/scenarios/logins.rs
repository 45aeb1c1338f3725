//! What logins do to the delivery of messages.
use super::traffic::{offer, since, Crowd, Plan};
use super::{Run, PEOPLE};
use crate::accounts::credentials;
use crate::clock::now;
use crate::delays::{round, Delays};
use crate::http::post;
use serde_json::{json, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const MESSAGES_PER_SECOND: f64 = 50.0;

struct Logins {
    delays: Delays,
    answered: u64,
    refused: u64,
}

/// Delivers in one room, first quietly, then while `--at-once` people log in without a pause.
pub fn measure(run: &mut Run) -> Value {
    let crowd = Crowd::gather(run);
    let (at_once, port) = (run.arguments.count("at-once", 32), run.arguments.port());
    let seconds = run.arguments.number("secs", 6.0);
    let plan = |warm_up| Plan {
        messages_per_second: MESSAGES_PER_SECOND,
        warm_up,
        seconds,
    };
    let quiet = offer(run, crowd, &plan(0.5));
    let stop = AtomicBool::new(false);
    let (busy, took, logins) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..at_once)
            .map(|k| {
                scope.spawn({
                    let stop = &stop;
                    move || log_in(port, k, stop)
                })
            })
            .collect();
        let start = now();
        let busy = offer(run, crowd, &plan(1.0));
        let took = since(start);
        stop.store(true, Ordering::Relaxed);
        let logins: Vec<Logins> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        (busy, took, logins)
    });
    let mut delays = Delays::new();
    logins.iter().for_each(|client| delays.add(&client.delays));
    let mut figures = busy.figures;
    figures["quiet_p50_ms"] = quiet.figures["p50_ms"].clone();
    figures["quiet_p99_ms"] = quiet.figures["p99_ms"].clone();
    figures["logins_s"] = json!(round(
        logins.iter().map(|client| client.answered).sum::<u64>() as f64 / took,
        1
    ));
    figures["login_p50_ms"] = json!(delays.quantile(0.5));
    figures["login_p99_ms"] = json!(delays.quantile(0.99));
    figures["refused_logins"] = json!(logins.iter().map(|client| client.refused).sum::<u64>());
    figures
}

fn log_in(port: u16, k: usize, stop: &AtomicBool) -> Logins {
    let mut logins = Logins {
        delays: Delays::new(),
        answered: 0,
        refused: 0,
    };
    while !stop.load(Ordering::Relaxed) {
        let start = now();
        let answer = post(port, "/auth/login", None, &credentials(k % PEOPLE));
        // What ends after the measurement was not answered during it.
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if answer.is_ok_and(|answer| answer.status == 200) {
            logins.answered += 1;
            logins.delays.record(now() - start);
        } else {
            logins.refused += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    logins
}
