//! WebSocket frames (RFC 6455): what a client writes, and what it reads.
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

pub struct Frame {
    pub code: u8,
    pub last: bool,
    pub from: usize,
    pub to: usize,
}

/// The first frame in these bytes, if it is there as a whole. Servers do not mask.
pub fn read(bytes: &[u8]) -> Option<Frame> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (from, length) = match second & 0x7f {
        126 => (
            4,
            u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?) as usize,
        ),
        127 => (
            10,
            u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize,
        ),
        short => (2, short as usize),
    };
    let to = from + length;
    (bytes.len() >= to).then_some(Frame {
        code: first & 15,
        last: first & 0x80 != 0,
        from,
        to,
    })
}

/// Appends a frame, masked with `key` as clients must.
pub fn write_masked(out: &mut Vec<u8>, code: u8, payload: &[u8], key: u32) {
    write_head(out, code, payload.len(), 0x80);
    let key = key.to_ne_bytes();
    out.extend_from_slice(&key);
    out.extend(
        payload
            .iter()
            .enumerate()
            .map(|(k, byte)| byte ^ key[k & 3]),
    );
}

/// Appends a frame as servers write it.
pub fn write(out: &mut Vec<u8>, code: u8, payload: &[u8]) {
    write_head(out, code, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn write_head(out: &mut Vec<u8>, code: u8, length: usize, masked: u8) {
    out.push(0x80 | code);
    if length < 126 {
        out.push(masked | length as u8);
    } else if length < 65536 {
        out.push(masked | 126);
        out.extend_from_slice(&(length as u16).to_be_bytes());
    } else {
        out.push(masked | 127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}
