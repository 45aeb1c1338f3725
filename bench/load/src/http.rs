//! A blocking client of REST: one request for each connection, JSON in and out.
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Answer {
    pub status: u16,
    pub body: Value,
}

pub fn post(port: u16, path: &str, token: Option<&str>, body: &Value) -> Result<Answer, String> {
    let body = body.to_string();
    let authorization = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{authorization}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(port, request.as_bytes()).map_err(|error| error.to_string())?;
    parse(&answer).ok_or_else(|| "an answer that is not HTTP".to_string())
}

/// The length of an answer with a `Content-Length`, once it is there as a whole.
pub fn answer_length(received: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(received, b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..end]).expect("a head in ASCII");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().expect("a length"))
    });
    let length = end + length.expect("an answer without Content-Length");
    (received.len() >= length).then_some(length)
}

fn exchange(port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let rest = &answer[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") {
        join_chunks(rest)
    } else {
        rest.to_vec()
    };
    Some(Answer {
        status,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn join_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(chunk) = size
            .filter(|&size| size > 0)
            .and_then(|size| rest.get(end + 2..end + 2 + size))
        else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + chunk.len()..).unwrap_or(&[]);
    }
    body
}
