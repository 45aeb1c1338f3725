//! The time of sending, written into the text and the id of each message and read back on arrival.
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

const FILLER: &str = "lorem ipsum dolor sit amet consectetur elit,";
const MARK: &[u8] = b"~t";
const ID: &[u8] = b"\"clientMessageId\":\"";

static MARKS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));
static IDS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ID));

/// A text of 63 characters.
pub fn text(stamp: u64) -> String {
    format!("~t{stamp:016x}~{FILLER}")
}

/// The time at which a delivered message was sent.
pub fn of_delivery(frame: &[u8]) -> Option<u64> {
    let from = MARKS.find(frame)? + MARK.len();
    read_hex(frame.get(from..from + 16)?)
}

/// How many messages a frame holds.
pub fn count(frame: &[u8]) -> usize {
    MARKS.find_iter(frame).count()
}

/// The time at which the message was sent that is acked; not all servers repeat its id.
pub fn of_ack(frame: &[u8]) -> Option<u64> {
    let id = &frame[IDS.find(frame)? + ID.len()..];
    let part = |range: Range<usize>| read_hex(id.get(range)?);
    Some(part(0..8)? << 28 | part(9..13)? << 12 | part(15..18)?)
}

/// In the form of a UUID: 60 bits of the time of sending, and a number.
pub fn id(stamp: u64, number: u64) -> String {
    let time = format!("{:015x}", stamp & ((1 << 60) - 1));
    format!(
        "{}-{}-4{}-8000-{:012x}",
        &time[..8],
        &time[8..12],
        &time[12..],
        number & 0xffff_ffff_ffff
    )
}

fn read_hex(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
