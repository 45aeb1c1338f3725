//! A server that delivers ready frames as fast as the kernel takes them, to find the generator's own limit.
use crate::arguments::Arguments;
use crate::clock::now;
use crate::frames;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

const JOINED: &[u8] = br#"{"event":"room:joined","data":{"messages":[]}}"#;

struct Reader {
    stream: TcpStream,
    unsent: Vec<u8>,
}

/// Waits for `--sockets` connections, then writes `--per-write` frames at a time to each until one ends.
pub fn serve(arguments: &Arguments) {
    let sockets = arguments.count("sockets", 1000);
    let per_write = arguments.count("per-write", 1);
    let listener = TcpListener::bind(("127.0.0.1", arguments.port())).expect("bind");
    let mut readers = vec![];
    while readers.len() < sockets {
        let (stream, _) = listener.accept().expect("accept");
        // Whoever only looked whether the port is open asks for nothing.
        readers.extend(admit(stream));
    }
    loop {
        let frames = delivery().repeat(per_write);
        for reader in &mut readers {
            if reader.write(&frames).is_err() {
                return;
            }
        }
    }
}

fn admit(mut stream: TcpStream) -> Option<Reader> {
    stream.set_nodelay(true).ok()?;
    let (mut head, mut chunk) = (vec![], [0; 2048]);
    while memchr::memmem::find(&head, b"\r\n\r\n").is_none() {
        let count = stream.read(&mut chunk).ok().filter(|&count| count > 0)?;
        head.extend_from_slice(&chunk[..count]);
    }
    let mut answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            .to_vec();
    frames::write(&mut answer, frames::TEXT, JOINED);
    stream.write_all(&answer).ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(Reader {
        stream,
        unsent: vec![],
    })
}

fn delivery() -> Vec<u8> {
    let text = format!(
        r#"{{"event":"message:new","data":{{"id":"65f0c0ffee65f0c0ffee65f0","roomId":"000000000000000000000001","sender":{{"id":"u1","username":"user1"}},"text":"~t{:016x}~lorem ipsum dolor sit amet consectetur lorem","seq":123,"clientMessageId":"00000000-0000-4000-8000-000000000000","createdAt":"2026-01-01T00:00:00.000Z"}}}}"#,
        now()
    );
    let mut frame = vec![];
    frames::write(&mut frame, frames::TEXT, text.as_bytes());
    frame
}

impl Reader {
    /// Writes what was left over, or else the new frames; what the kernel does not take is left over.
    fn write(&mut self, frames: &[u8]) -> std::io::Result<()> {
        if self.unsent.is_empty() {
            self.unsent.extend_from_slice(frames);
        }
        match self.stream.write(&self.unsent) {
            Ok(count) => self.unsent.drain(..count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        Ok(())
    }
}
