//! How many REST requests a second a server answers over connections that are kept.
use super::{recovery::write_log, Run};
use crate::clock::now;
use crate::delays::Delays;
use crate::http::answer_length;
use serde_json::{json, Value};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;

const READ_BUFFER: usize = 64 * 1024;
const POLL_MILLISECONDS: i32 = 100;
/// Code is compiled while it warms up, after so many calls rather than after so much time.
const WARM_UP: usize = 10_000;
const REQUESTS: usize = 20_000;
/// Somewhat more than a page, so that the newest page has an older one before it.
const MESSAGES: usize = 60;
/// The body of a send, whose `clientMessageId` the server makes.
const SENT: &str = r#"{"text":"lorem ipsum dolor sit amet consectetur elit, sed do eiusmod"}"#;

struct Connection {
    stream: TcpStream,
    /// Received, but not yet a whole answer.
    partial: Vec<u8>,
    asked_at: u64,
}

/// What came back while it was counted.
#[derive(Default)]
struct Answers {
    count: u64,
    bytes: u64,
    refused: u64,
    first_error: Option<String>,
}

/// Asks for `--resource` over `--connections`, on each again as soon as it is answered (closed loop),
/// until `--requests` are answered.
pub fn measure(run: &mut Run) -> Value {
    let request = request_for(run);
    if !run.engine.tokens.is_empty() {
        fill_room(run);
    }
    let connections = run.arguments.count("connections", 32);
    let warm_up = run.arguments.count("warm-up-requests", WARM_UP);
    let requests = run.arguments.count("requests", REQUESTS);
    let mut load = Load::open(run.arguments.port(), request, connections);
    load.run(warm_up as u64);
    load.reset();
    let before = run.processes.read();
    load.run(requests as u64);
    let usage = run.processes.since(&before);
    let Load {
        answers, delays, ..
    } = load;
    let count = answers.count as f64;
    json!({
        "requests_s": (count / usage.seconds).round(),
        "requests_cpu_s": (count / usage.server_seconds.max(0.01)).round(),
        "p50_ms": delays.quantile(0.5),
        "p99_ms": delays.quantile(0.99),
        "bytes_per_answer": (answers.bytes as f64 / count).round(),
        "peak_rss_mb": run.processes.peak_mb(),
        "server_cpu": usage.server,
        "generator_cpu": usage.generator,
        "stolen_cpu": usage.stolen,
        "lost": answers.refused,
        "first_error": answers.first_error,
    })
}

fn request_for(run: &Run) -> Vec<u8> {
    let messages = || format!("/rooms/{}/messages", run.engine.rooms[0]);
    let (method, path) = match run.arguments.text("resource", "health").as_str() {
        "health" => ("GET", "/health".to_string()),
        "profile" => ("GET", "/auth/me".to_string()),
        "rooms" => ("GET", "/rooms?limit=50".to_string()),
        "history" => ("GET", format!("{}?limit=50", messages())),
        "send" => ("POST", messages()),
        other => panic!("no resource is called {other}"),
    };
    let body = match method {
        "POST" => format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{SENT}",
            SENT.len()
        ),
        _ => "\r\n".to_string(),
    };
    let authorization = run.engine.tokens.first().map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let port = run.arguments.port();
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{authorization}{body}").into_bytes()
}

/// Writes what is read later, over a socket, which is closed again.
fn fill_room(run: &mut Run) {
    let writer = run.engine.add(0);
    run.gather();
    write_log(run, writer, MESSAGES);
    run.engine.cut(writer);
}

struct Load {
    request: Vec<u8>,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    answers: Answers,
    delays: Delays,
}

impl Load {
    fn open(port: u16, request: Vec<u8>, count: usize) -> Load {
        let connect = |_| {
            let stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
            stream.set_nodelay(true).expect("set nodelay");
            Connection {
                stream,
                partial: vec![],
                asked_at: 0,
            }
        };
        let mut load = Load {
            request,
            connections: (0..count).map(connect).collect(),
            buffer: vec![0; READ_BUFFER],
            answers: Answers::default(),
            delays: Delays::new(),
        };
        (0..count).for_each(|number| load.ask(number));
        load
    }

    fn reset(&mut self) {
        self.answers = Answers::default();
        self.delays.clear();
    }

    /// Serves whatever comes until so many are answered.
    fn run(&mut self, requests: u64) {
        let poll = |connection: &Connection| libc::pollfd {
            fd: connection.stream.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let mut polls: Vec<_> = self.connections.iter().map(poll).collect();
        while self.answers.count < requests {
            unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as u64, POLL_MILLISECONDS) };
            for number in 0..polls.len() {
                if polls[number].revents != 0 {
                    self.receive(number);
                }
            }
        }
    }

    fn ask(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        connection.asked_at = now();
        connection.stream.write_all(&self.request).expect("ask");
    }

    fn receive(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        let count = connection.stream.read(&mut self.buffer).expect("receive");
        assert!(count > 0, "the server closed a connection");
        let received = &self.buffer[..count];
        connection.partial.extend_from_slice(received);
        let Some(length) = answer_length(&connection.partial) else {
            return;
        };
        let answer = &connection.partial[..length];
        self.delays.record(now() - connection.asked_at);
        self.answers.count += 1;
        self.answers.bytes += length as u64;
        if !answer.starts_with(b"HTTP/1.1 20") {
            self.answers.refused += 1;
            let error = || String::from_utf8_lossy(&answer[..length.min(240)]).into_owned();
            self.answers.first_error.get_or_insert_with(error);
        }
        connection.partial.drain(..length);
        self.ask(number);
    }
}
