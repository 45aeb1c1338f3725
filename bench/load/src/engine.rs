//! Thousands of clients in one thread on one epoll set, so that one clock stamps every send and arrival.
use crate::clock::{nanoseconds, now, MILLISECOND, SECOND};
use crate::delays::Delays;
use crate::dialect::{Cursor, Dialect, Incoming};
use crate::frames;
use crate::sockets::{self, last_error};
use crate::stamps;
use crate::tally::Tally;
use memchr::memmem::find;
use std::collections::VecDeque;

/// More at once would overrun the backlogs of the servers' listeners.
const HANDSHAKES_AT_ONCE: usize = 256;
const READ_BUFFER: usize = 256 * 1024;
const EVENTS_PER_TURN: usize = 512;

#[derive(PartialEq, Clone, Copy)]
enum Phase {
    Closed,
    Connecting,
    Upgrading,
    Greeting,
    Joined,
}

struct Client {
    file: i32,
    phase: Phase,
    /// Received, but not yet a whole frame.
    partial: Vec<u8>,
    /// The fragments so far of a message in several frames.
    fragments: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    waits_to_write: bool,
    /// Which it joins, one after the other, and how many it has joined.
    rooms: Vec<usize>,
    entered: usize,
    person: usize,
    unacked: VecDeque<u64>,
    recovered: usize,
    opened_at: u64,
}

pub struct Engine {
    dialect: Dialect,
    port: u16,
    epoll: i32,
    clients: Vec<Client>,
    pub rooms: Vec<String>,
    pub tokens: Vec<String>,
    pub tally: Tally,
    /// Deliveries of every kind, ever.
    pub deliveries: u64,
    pub bytes_read: u64,
    /// From the first byte of a connection to the joined room.
    pub joins: Delays,
    pub joined: usize,
    pub failures: u64,
    greeting: usize,
    to_open: VecDeque<usize>,
    /// Only deliveries to clients below this number are tallied.
    pub tallied_clients: usize,
    /// While set, clients recover from `cursor` and are joined once they have so many messages.
    pub recovering: Option<usize>,
    pub follows_log: bool,
    pub cursor: Cursor,
    buffer: Vec<u8>,
    sent: u64,
}

impl Engine {
    pub fn new(dialect: Dialect, port: u16) -> Engine {
        Engine {
            dialect,
            port,
            epoll: unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) },
            clients: vec![],
            rooms: vec![],
            tokens: vec![],
            tally: Tally::new(),
            deliveries: 0,
            bytes_read: 0,
            joins: Delays::new(),
            joined: 0,
            failures: 0,
            greeting: 0,
            to_open: VecDeque::new(),
            tallied_clients: usize::MAX,
            recovering: None,
            follows_log: false,
            cursor: Cursor::default(),
            buffer: vec![0; READ_BUFFER],
            sent: 0,
        }
    }

    // ---- what scenarios do ----

    /// Adds a client of one room, to be opened with the next turns; returns its number.
    pub fn add(&mut self, room: usize) -> usize {
        self.add_to(vec![room])
    }

    /// Adds a client of several rooms, which is joined once it is in all of them.
    pub fn add_to(&mut self, rooms: Vec<usize>) -> usize {
        let number = self.clients.len();
        self.clients.push(Client::new(rooms, number));
        self.to_open.push_back(number);
        number
    }

    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Sends one chat message, with the time in its text and its id; false when the client is not joined.
    pub fn publish(&mut self, number: usize, room: usize) -> bool {
        let Client { phase, person, .. } = self.clients[number];
        if phase != Phase::Joined {
            return false;
        }
        let stamp = now();
        self.sent += 1;
        let message = self.dialect.send(
            &self.rooms[room],
            person,
            &stamps::text(stamp),
            &stamps::id(stamp, self.sent),
        );
        self.clients[number].unacked.push_back(stamp);
        self.say(number, &message);
        true
    }

    /// Opens again who was closed.
    pub fn reopen(&mut self) {
        for number in 0..self.clients.len() {
            if self.clients[number].phase == Phase::Closed && !self.to_open.contains(&number) {
                self.to_open.push_back(number);
            }
        }
    }

    /// Breaks a connection without a goodbye (RST), which leaves no port in TIME_WAIT either.
    pub fn cut(&mut self, number: usize) {
        let client = &mut self.clients[number];
        if client.file < 0 {
            return;
        }
        sockets::cut(client.file);
        client.file = -1;
        match client.phase {
            Phase::Joined => self.joined -= 1,
            _ => self.greeting -= 1,
        }
        client.phase = Phase::Closed;
    }

    /// Serves whatever happens until everybody is joined, or the time is up.
    pub fn settle(&mut self, seconds: f64) -> bool {
        let end = now() + nanoseconds(seconds);
        while !self.to_open.is_empty() || self.greeting > 0 {
            let time = now();
            if time > end {
                return false;
            }
            self.turn(time + 5 * MILLISECOND);
        }
        self.joined == self.clients.len()
    }

    pub fn idle(&mut self, seconds: f64) {
        let end = now() + nanoseconds(seconds);
        while now() < end {
            self.turn(end);
        }
    }

    /// Waits until something can be read or the deadline passes, and serves it.
    pub fn turn(&mut self, deadline: u64) {
        while self.greeting < HANDSHAKES_AT_ONCE {
            let Some(number) = self.to_open.pop_front() else {
                break;
            };
            self.open(number);
        }
        for event in self.wait(deadline) {
            self.serve(event.u64 as usize, event.events as i32);
        }
    }

    // ---- sockets ----

    fn wait(&self, deadline: u64) -> Vec<libc::epoll_event> {
        let mut events = Vec::with_capacity(EVENTS_PER_TURN);
        let left = deadline.saturating_sub(now());
        let timeout = libc::timespec {
            tv_sec: (left / SECOND) as i64,
            tv_nsec: (left % SECOND) as i64,
        };
        // Milliseconds, which plain epoll_wait takes, would be too coarse for the plan of sends.
        unsafe {
            let count = libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll,
                events.as_mut_ptr(),
                EVENTS_PER_TURN,
                &timeout as *const libc::timespec,
                std::ptr::null::<u8>(),
                8usize,
            );
            events.set_len(count.max(0) as usize);
        }
        events
    }

    fn serve(&mut self, number: usize, flags: i32) {
        if self.clients[number].phase == Phase::Closed {
            return;
        }
        if flags & libc::EPOLLOUT != 0 {
            match self.clients[number].phase {
                Phase::Connecting => self.upgrade(number),
                _ => self.flush(number),
            }
        }
        if flags & (libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR) != 0
            && self.clients[number].file >= 0
        {
            self.receive(number);
        }
    }

    fn open(&mut self, number: usize) {
        let file = sockets::connect(self.port);
        if let Err(error) = file {
            self.failures += 1;
            return self.tally.error(format!("connect: {error}").as_bytes());
        }
        let client = &mut self.clients[number];
        *client = Client {
            file: file.unwrap(),
            ..Client::new(std::mem::take(&mut client.rooms), client.person)
        };
        client.phase = Phase::Connecting;
        client.waits_to_write = true;
        client.opened_at = now();
        self.greeting += 1;
        self.control(libc::EPOLL_CTL_ADD, number);
    }

    fn control(&self, operation: i32, number: usize) {
        let client = &self.clients[number];
        let flags = libc::EPOLLIN
            | if client.waits_to_write {
                libc::EPOLLOUT
            } else {
                0
            };
        let mut event = libc::epoll_event {
            events: flags as u32,
            u64: number as u64,
        };
        unsafe { libc::epoll_ctl(self.epoll, operation, client.file, &mut event) };
    }

    fn upgrade(&mut self, number: usize) {
        if let Some(error) = sockets::pending_error(self.clients[number].file) {
            self.tally.error(format!("connect: {error}").as_bytes());
            return self.fail(number);
        }
        let Engine { dialect, port, .. } = self;
        let offer = dialect.subprotocol().map_or(String::new(), |name| {
            format!("Sec-WebSocket-Protocol: {name}\r\n")
        });
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: ZWNob3Jvb20tYmVuY2gtMQ==\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n",
            dialect.path()
        );
        self.clients[number].phase = Phase::Upgrading;
        self.clients[number]
            .out
            .extend_from_slice(request.as_bytes());
        self.flush(number);
    }

    fn say(&mut self, number: usize, text: &str) {
        self.sent += 1;
        let key = 0x5bd1_e995u32.wrapping_mul(self.sent as u32 | 1);
        frames::write_masked(
            &mut self.clients[number].out,
            frames::TEXT,
            text.as_bytes(),
            key,
        );
        self.flush(number);
    }

    fn flush(&mut self, number: usize) {
        loop {
            let client = &mut self.clients[number];
            if client.file < 0 {
                return;
            }
            let rest = &client.out[client.written..];
            if rest.is_empty() {
                client.out.clear();
                client.written = 0;
                return self.watch_writing(number, false);
            }
            let count = unsafe {
                libc::send(
                    client.file,
                    rest.as_ptr() as *const _,
                    rest.len(),
                    libc::MSG_NOSIGNAL,
                )
            };
            if count >= 0 {
                client.written += count as usize;
            } else if last_error() == libc::EAGAIN {
                return self.watch_writing(number, true);
            } else {
                return self.fail(number);
            }
        }
    }

    fn watch_writing(&mut self, number: usize, waits: bool) {
        if self.clients[number].waits_to_write == waits {
            return;
        }
        self.clients[number].waits_to_write = waits;
        self.control(libc::EPOLL_CTL_MOD, number);
    }

    /// The server, or the way to it, ended a connection.
    fn fail(&mut self, number: usize) {
        match self.clients[number].phase {
            Phase::Joined => self.tally.closes += 1,
            _ => self.failures += 1,
        }
        self.cut(number);
    }

    fn receive(&mut self, number: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let file = self.clients[number].file;
        let count = unsafe { libc::recv(file, buffer.as_mut_ptr() as *mut _, buffer.len(), 0) };
        if count > 0 {
            self.bytes_read += count as u64;
            self.take(number, &buffer[..count as usize], now());
        } else if count == 0 || last_error() != libc::EAGAIN {
            self.fail(number);
        }
        self.buffer = buffer;
    }

    fn take(&mut self, number: usize, bytes: &[u8], time: u64) {
        if self.clients[number].partial.is_empty() {
            let used = self.read(number, bytes, time);
            self.clients[number]
                .partial
                .extend_from_slice(&bytes[used..]);
            return;
        }
        let mut all = std::mem::take(&mut self.clients[number].partial);
        all.extend_from_slice(bytes);
        let used = self.read(number, &all, time);
        all.drain(..used);
        self.clients[number].partial = all;
    }

    /// Reads what is whole; returns how many bytes that was.
    fn read(&mut self, number: usize, bytes: &[u8], time: u64) -> usize {
        let mut used = 0;
        if self.clients[number].phase == Phase::Upgrading {
            let Some(end) = find(bytes, b"\r\n\r\n") else {
                return 0;
            };
            used = end + 4;
            self.upgraded(number, &bytes[..used], time);
        }
        while self.clients[number].file >= 0 {
            let Some(frame) = frames::read(&bytes[used..]) else {
                return used;
            };
            let payload = &bytes[used + frame.from..used + frame.to];
            used += frame.to;
            match frame.code {
                frames::CLOSE => {
                    self.tally.error(&[b"close frame: ", payload].concat());
                    self.fail(number);
                }
                frames::PING => {
                    frames::write_masked(
                        &mut self.clients[number].out,
                        frames::PONG,
                        payload,
                        0x0102_0304,
                    );
                    self.flush(number);
                }
                frames::PONG => {}
                _ => self.text(number, payload, frame.last, time),
            }
        }
        bytes.len()
    }

    // ---- the conversation ----

    fn upgraded(&mut self, number: usize, head: &[u8], time: u64) {
        if !head.starts_with(b"HTTP/1.1 101") {
            self.tally.error(head);
            return self.fail(number);
        }
        self.clients[number].phase = Phase::Greeting;
        if let Some(incoming) = self.dialect.upgraded() {
            self.hear(number, incoming, time);
        }
    }

    fn text(&mut self, number: usize, payload: &[u8], last: bool, time: u64) {
        let dialect = self.dialect;
        if last && self.clients[number].fragments.is_empty() {
            return dialect.read(payload, |incoming| self.hear(number, incoming, time));
        }
        self.clients[number].fragments.extend_from_slice(payload);
        if last {
            let whole = std::mem::take(&mut self.clients[number].fragments);
            dialect.read(&whole, |incoming| self.hear(number, incoming, time));
        }
    }

    fn hear(&mut self, number: usize, incoming: Incoming, time: u64) {
        match incoming {
            Incoming::Delivery(text) => self.delivered(number, text, time),
            Incoming::Ack(text) => self.acked(number, text, time),
            Incoming::Heartbeat(answer) => self.say(number, answer),
            Incoming::Opened => {
                let person = self.clients[number].person;
                let token = self
                    .tokens
                    .get(person % self.tokens.len().max(1))
                    .map_or("", String::as_str);
                let words = self.dialect.identify(token);
                self.say(number, &words);
            }
            Incoming::Identified => {
                let room = &self.rooms[self.clients[number].rooms[0]];
                let words = match self.recovering {
                    Some(_) => self.dialect.recover(room, &self.cursor),
                    None => self.dialect.join(room),
                };
                self.say(number, &words);
            }
            Incoming::Joined(text) => self.entered(number, text, time),
            Incoming::Error(text) => self.tally.error(text),
        }
    }

    fn entered(&mut self, number: usize, text: &[u8], time: u64) {
        if self.cursor.epoch.is_empty() {
            self.cursor.epoch = self.dialect.epoch(text).unwrap_or_default();
        }
        let client = &mut self.clients[number];
        if let Some(wanted) = self.recovering {
            client.recovered += stamps::count(text);
            if client.recovered < wanted {
                return;
            }
        }
        if client.phase == Phase::Joined {
            return;
        }
        client.entered += 1;
        if let Some(&room) = client.rooms.get(client.entered) {
            let words = self.dialect.join(&self.rooms[room]);
            return self.say(number, &words);
        }
        client.phase = Phase::Joined;
        self.joins.record(time - client.opened_at);
        self.greeting -= 1;
        self.joined += 1;
    }

    fn delivered(&mut self, number: usize, text: &[u8], time: u64) {
        self.deliveries += 1;
        if self.follows_log {
            self.cursor.seq = self.cursor.seq.max(self.dialect.seq(text).unwrap_or(0));
        }
        let stamp = stamps::of_delivery(text);
        let Some(stamp) = stamp.filter(|stamp| self.tally.window.contains(stamp)) else {
            return;
        };
        if number < self.tallied_clients {
            self.tally.delivered += 1;
            self.tally.payload_bytes += text.len() as u64;
            self.tally.delays.record(time.saturating_sub(stamp));
        }
    }

    fn acked(&mut self, number: usize, text: &[u8], time: u64) {
        let oldest = self.clients[number].unacked.pop_front();
        let stamp = stamps::of_ack(text).or(oldest);
        if let Some(stamp) = stamp.filter(|stamp| self.tally.window.contains(stamp)) {
            self.tally.acks.record(time.saturating_sub(stamp));
        }
    }
}

impl Client {
    fn new(rooms: Vec<usize>, person: usize) -> Client {
        Client {
            file: -1,
            phase: Phase::Closed,
            partial: vec![],
            fragments: vec![],
            out: vec![],
            written: 0,
            waits_to_write: false,
            rooms,
            entered: 0,
            person,
            unacked: VecDeque::new(),
            recovered: 0,
            opened_at: 0,
        }
    }
}
