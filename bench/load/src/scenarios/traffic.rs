//! Messages at a fixed rate, and how late they arrive.
use super::Run;
use crate::clock::{nanoseconds, now, seconds, MILLISECOND};
use crate::delays::{round, Delays};
use crate::processes::Usage;
use serde_json::{json, Value};

const DRAIN_SECONDS: f64 = 3.0;
/// Sends that are overdue go out so many at a time, so that arrivals are not left unread meanwhile.
const BURST: usize = 32;

/// Who sends: so many members of so many rooms, in turn.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub rooms: usize,
    pub members: usize,
    sockets: usize,
    senders: usize,
}

/// How many messages a second, for how long; what comes in the warm-up is not counted.
pub struct Plan {
    pub messages_per_second: f64,
    pub warm_up: f64,
    pub seconds: f64,
}

/// What one plan came to.
pub struct Step {
    pub offered: f64,
    pub per_second: f64,
    pub expected: u64,
    pub delivered: u64,
    pub closes: u64,
    pub p99: Option<f64>,
    pub usage: Usage,
    pub figures: Value,
}

/// Offers the deliveries a second that `--deliveries` asks for.
pub fn measure(run: &mut Run) -> Value {
    let crowd = Crowd::gather(run);
    let plan = Plan {
        messages_per_second: run.arguments.number("deliveries", 20_000.0) / crowd.members as f64,
        warm_up: run.arguments.number("warm-up", 1.0),
        seconds: run.arguments.number("secs", 3.0),
    };
    offer(run, crowd, &plan).figures
}

impl Crowd {
    /// Fills `--rooms` rooms with `--members` members each: a socket for each membership, or
    /// `--sockets` that share them.
    pub fn gather(run: &mut Run) -> Crowd {
        let members = run.arguments.count("members", 10);
        let senders = run.arguments.count("senders", 10).min(members);
        let rooms = run.engine.rooms.len();
        let seats = rooms * members;
        let sockets = run.arguments.count("sockets", seats).clamp(members, seats);
        let mut rooms_of = vec![vec![]; sockets];
        for seat in 0..seats {
            rooms_of[seat % sockets].push(seat / members);
        }
        for rooms in rooms_of {
            run.engine.add_to(rooms);
        }
        run.gather();
        run.engine.idle(0.3);
        Crowd {
            rooms,
            members,
            sockets,
            senders,
        }
    }

    /// The client that sends message number `k`, and to which room.
    pub fn sender(self, k: usize) -> (usize, usize) {
        let (room, member) = (k % self.rooms, (k / self.rooms) % self.senders);
        ((room * self.members + member) % self.sockets, room)
    }
}

/// Carries out a plan. The figures cover messages of the last `seconds` and their arrival.
pub fn offer(run: &mut Run, crowd: Crowd, plan: &Plan) -> Step {
    let start = now();
    let from = start + nanoseconds(plan.warm_up);
    let to = from + nanoseconds(plan.seconds);
    run.engine.tally.reset(from..to);
    let mut sends = Sends::new(start, plan.messages_per_second);
    sends.until(from, run, crowd);
    let (before, deliveries) = (run.processes.read(), run.engine.deliveries);
    let (sent, lateness) = sends.until(to, run, crowd);
    let usage = run.processes.since(&before);
    let in_time = run.engine.deliveries - deliveries;
    let expected = sent * crowd.members as u64;
    drain(run, expected);
    summarise(
        run,
        crowd,
        plan,
        Window {
            usage,
            in_time,
            expected,
            lateness,
        },
    )
}

struct Sends {
    start: u64,
    gap: f64,
    count: usize,
}

impl Sends {
    fn new(start: u64, per_second: f64) -> Sends {
        Sends {
            start,
            gap: 1e9 / per_second,
            count: 0,
        }
    }

    fn due(&self) -> u64 {
        self.start + (self.count as f64 * self.gap) as u64
    }

    /// Sends what is due until `end`; returns how much was sent and how late.
    fn until(&mut self, end: u64, run: &mut Run, crowd: Crowd) -> (u64, Delays) {
        let (mut sent, mut lateness) = (0, Delays::new());
        while now() < end {
            for _ in 0..BURST {
                let (time, due) = (now(), self.due());
                if due > time || time >= end {
                    break;
                }
                let (client, room) = crowd.sender(self.count);
                if run.engine.publish(client, room) {
                    sent += 1;
                    lateness.record(time - due);
                }
                self.count += 1;
            }
            run.engine.turn(self.due().min(end));
        }
        (sent, lateness)
    }
}

fn drain(run: &mut Run, expected: u64) {
    let end = now() + nanoseconds(DRAIN_SECONDS);
    while run.engine.tally.delivered < expected && now() < end {
        run.engine.turn(now() + 2 * MILLISECOND);
    }
}

struct Window {
    usage: Usage,
    in_time: u64,
    expected: u64,
    lateness: Delays,
}

fn summarise(run: &Run, crowd: Crowd, plan: &Plan, window: Window) -> Step {
    let Window {
        usage,
        in_time,
        expected,
        lateness,
    } = window;
    let tally = &run.engine.tally;
    let offered = plan.messages_per_second * crowd.members as f64;
    let per_second = in_time as f64 / usage.seconds;
    let figures = json!({
        "sockets": crowd.sockets,
        "rooms": crowd.rooms,
        "offered_deliveries_s": offered.round(),
        "deliveries_s": per_second.round(),
        "messages_s": round(per_second / crowd.members as f64, 1),
        "p50_ms": tally.delays.quantile(0.5),
        "p99_ms": tally.delays.quantile(0.99),
        "max_ms": tally.delays.longest(),
        "ack_p50_ms": tally.acks.quantile(0.5),
        "ack_p99_ms": tally.acks.quantile(0.99),
        "cpu_s_per_100k": round(usage.server_seconds / in_time.max(1) as f64 * 1e5, 3),
        "server_cpu": usage.server,
        "database_cpu": usage.database,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
        "late_p99_ms": lateness.quantile(0.99),
        "lost": expected.saturating_sub(tally.delivered),
        "closes": tally.closes,
        "errors": tally.errors,
        "first_error": tally.first_error,
        "payload_bytes": tally.payload_bytes / tally.delivered.max(1),
        "peak_rss_mb": run.processes.peak_mb(),
    });
    Step {
        offered,
        per_second,
        expected,
        delivered: tally.delivered,
        closes: tally.closes,
        p99: tally.delays.quantile(0.99),
        usage,
        figures,
    }
}

/// How long ago, in seconds.
pub fn since(start: u64) -> f64 {
    seconds(now() - start)
}
