//! What the servers' protocols call the same few things: identify, join, send, deliver, ack, recover.
use memchr::memmem::{find, find_iter, Finder};
use std::sync::LazyLock;

#[derive(Clone, Copy, PartialEq)]
pub enum Dialect {
    /// Frames as EchoRoom's, without people: joins at once, rooms come into being when named.
    Plain,
    Echoroom,
    EchoroomBatch,
    SocketIo,
    Centrifuge,
}

/// What a server says, as far as a measurement cares.
pub enum Incoming<'a> {
    /// The way is open: the client may identify itself.
    Opened,
    Identified,
    /// The room was joined or recovered; holds the messages that were shown.
    Joined(&'a [u8]),
    Delivery(&'a [u8]),
    Ack(&'a [u8]),
    Error(&'a [u8]),
    /// Wants this answer at once.
    Heartbeat(&'static str),
}

/// The place in a room's log from which a client recovers.
#[derive(Default)]
pub struct Cursor {
    pub seq: u64,
    /// Centrifuge's name for one life of its log.
    pub epoch: String,
}

const HEAD: &[u8] = b"{\"event\":\"";
static SEQ: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"seq\":"));

impl Dialect {
    pub fn named(name: &str) -> Dialect {
        match name {
            "plain" => Dialect::Plain,
            "echoroom" => Dialect::Echoroom,
            "echoroom-batch" => Dialect::EchoroomBatch,
            "socketio" => Dialect::SocketIo,
            "centrifuge" => Dialect::Centrifuge,
            _ => panic!("no dialect is called {name}"),
        }
    }

    /// Whether people register and rooms are made over REST.
    pub fn has_accounts(self) -> bool {
        matches!(
            self,
            Dialect::Echoroom | Dialect::EchoroomBatch | Dialect::SocketIo
        )
    }

    pub fn path(self) -> &'static str {
        match self {
            Dialect::SocketIo => "/socket.io/?EIO=4&transport=websocket",
            Dialect::Centrifuge => "/connection/websocket",
            _ => "/ws",
        }
    }

    pub fn subprotocol(self) -> Option<&'static str> {
        (self == Dialect::EchoroomBatch).then_some("echoroom.batch")
    }

    /// What an upgraded connection amounts to; with Socket.IO the server speaks first.
    pub fn upgraded(self) -> Option<Incoming<'static>> {
        match self {
            Dialect::SocketIo => None,
            Dialect::Plain => Some(Incoming::Identified),
            _ => Some(Incoming::Opened),
        }
    }

    pub fn identify(self, token: &str) -> String {
        match self {
            Dialect::Centrifuge => r#"{"id":1,"connect":{}}"#.to_string(),
            _ => self.event("auth:identify", &format!(r#"{{"token":"{token}"}}"#)),
        }
    }

    pub fn join(self, room: &str) -> String {
        match self {
            Dialect::Centrifuge => format!(r#"{{"id":2,"subscribe":{{"channel":"{room}"}}}}"#),
            _ => self.event("room:join", &format!(r#"{{"roomId":"{room}"}}"#)),
        }
    }

    pub fn recover(self, room: &str, Cursor { seq, epoch }: &Cursor) -> String {
        match self {
            Dialect::Centrifuge => format!(
                r#"{{"id":2,"subscribe":{{"channel":"{room}","recover":true,"epoch":"{epoch}","offset":{seq}}}}}"#
            ),
            _ => self.event(
                "connection:recover",
                &format!(r#"{{"roomId":"{room}","lastSeenSeq":{seq}}}"#),
            ),
        }
    }

    pub fn send(self, room: &str, person: usize, text: &str, id: &str) -> String {
        match self {
            // The client makes the whole message: this server passes on what it is given.
            Dialect::Centrifuge => format!(
                r#"{{"id":3,"publish":{{"channel":"{room}","data":{{"id":"{id}","roomId":"{room}","sender":{{"id":"u{person}","username":"user{person}"}},"text":"{text}","clientMessageId":"{id}","createdAt":"2026-01-01T00:00:00.000Z"}}}}}}"#
            ),
            _ => self.event(
                "message:send",
                &format!(r#"{{"roomId":"{room}","text":"{text}","clientMessageId":"{id}"}}"#),
            ),
        }
    }

    fn event(self, name: &str, data: &str) -> String {
        match self {
            Dialect::SocketIo => format!(r#"42["{name}",{data}]"#),
            _ => format!(r#"{{"event":"{name}","data":{data}}}"#),
        }
    }

    /// Takes a text frame apart.
    pub fn read<'a>(self, text: &'a [u8], take: impl FnMut(Incoming<'a>)) {
        match self {
            Dialect::SocketIo => read_socket_io(text).into_iter().for_each(take),
            Dialect::Centrifuge => text
                .split(|byte| *byte == b'\n')
                .filter_map(read_centrifuge)
                .for_each(take),
            _ if text.first() == Some(&b'[') => split(text).filter_map(read_event).for_each(take),
            _ => read_event(text).into_iter().for_each(take),
        }
    }

    /// The number of a delivered message in its room's log.
    pub fn seq(self, delivery: &[u8]) -> Option<u64> {
        if self == Dialect::Centrifuge {
            return number_after(delivery, find(delivery, b"\"offset\":")? + 9);
        }
        number_after(delivery, SEQ.find(delivery)? + 6)
    }

    pub fn epoch(self, joined: &[u8]) -> Option<String> {
        let from = find(joined, b"\"epoch\":\"")? + 9;
        let length = memchr::memchr(b'"', &joined[from..])?;
        Some(String::from_utf8_lossy(&joined[from..from + length]).into_owned())
    }
}

/// The events of a batch. No text that this generator sends holds the head of an event.
fn split(batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = find_iter(batch, HEAD).peekable();
    std::iter::from_fn(move || {
        let from = starts.next()?;
        Some(&batch[from..starts.peek().copied().unwrap_or(batch.len())])
    })
}

fn read_event(text: &[u8]) -> Option<Incoming<'_>> {
    match text.strip_prefix(HEAD) {
        Some(rest) => named(&rest[..memchr::memchr(b'"', rest)?], text),
        None => Some(Incoming::Error(text)),
    }
}

fn read_socket_io(text: &[u8]) -> Option<Incoming<'_>> {
    match (text.first()?, text.get(1)) {
        (b'0', _) => Some(Incoming::Heartbeat("40")),
        (b'2', _) => Some(Incoming::Heartbeat("3")),
        (b'4', Some(b'0')) => Some(Incoming::Opened),
        (b'4', Some(b'2')) => {
            let name = &text[memchr::memchr(b'"', text)? + 1..];
            named(&name[..memchr::memchr(b'"', name)?], text)
        }
        (b'4', _) => Some(Incoming::Error(text)),
        _ => None,
    }
}

fn read_centrifuge(line: &[u8]) -> Option<Incoming<'_>> {
    if line == b"{}" {
        return Some(Incoming::Heartbeat("{}"));
    }
    if line.starts_with(b"{\"push\"") {
        return find(line, b"\"pub\":").map(|_| Incoming::Delivery(line));
    }
    let id = line.strip_prefix(b"{\"id\":")?.first()?;
    if find(line, b"\"error\":").is_some() {
        return Some(Incoming::Error(line));
    }
    match id {
        b'1' => Some(Incoming::Identified),
        b'2' => Some(Incoming::Joined(line)),
        _ => Some(Incoming::Ack(line)),
    }
}

fn named<'a>(event: &[u8], text: &'a [u8]) -> Option<Incoming<'a>> {
    match event {
        b"message:new" => Some(Incoming::Delivery(text)),
        b"message:ack" => Some(Incoming::Ack(text)),
        b"room:joined" | b"connection:missed" => Some(Incoming::Joined(text)),
        b"auth:ok" | b"auth:identified" => Some(Incoming::Identified),
        _ if find(event, b"error").is_some() => Some(Incoming::Error(text)),
        _ => None,
    }
}

fn number_after(text: &[u8], at: usize) -> Option<u64> {
    let end = text[at..].iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&text[at..at + end]).ok()?.parse().ok()
}
