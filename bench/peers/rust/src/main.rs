//! One thread of tokio with tungstenite: about the least that fan-out costs on this machine.
//!
//! Messages are parsed, numbered and serialised once; all that is queued for a socket goes out in one
//! write. It does not: accounts, checks, storage, presence. The last hundred messages stay in memory.
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio_tungstenite::tungstenite::{protocol::WebSocketConfig, Message, Utf8Bytes};
use tokio_tungstenite::WebSocketStream;

const HISTORY: usize = 100;

#[derive(Deserialize)]
struct Frame<'a> {
    event: &'a str,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    room_id: &'a str,
    #[serde(default, borrow)]
    text: Cow<'a, str>,
    #[serde(default)]
    client_message_id: &'a str,
    #[serde(default)]
    last_seen_seq: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatMessage<'a> {
    id: String,
    room_id: &'a str,
    sender: Sender,
    text: &'a str,
    seq: u64,
    client_message_id: &'a str,
    created_at: u128,
}

#[derive(Serialize)]
struct Sender {
    id: String,
    username: String,
}

#[derive(Default)]
struct Room {
    members: BTreeMap<u64, UnboundedSender<Utf8Bytes>>,
    seq: u64,
    last: VecDeque<String>,
}

type Rooms = Rc<RefCell<HashMap<String, Room>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    let port = words
        .iter()
        .position(|word| word == "--port")
        .and_then(|at| words.get(at + 1)?.parse().ok());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket
        .bind(([127, 0, 0, 1], port.unwrap_or(3000)).into())
        .unwrap();
    let listener = socket.listen(4096).unwrap();
    let rooms = Rooms::default();
    let accept = async {
        for me in 1.. {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            tokio::task::spawn_local(attend(stream, me, rooms.clone()));
        }
    };
    tokio::task::LocalSet::new().run_until(accept).await;
}

async fn attend(stream: TcpStream, me: u64, rooms: Rooms) {
    stream.set_nodelay(true).ok();
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(16 * 1024);
    let Ok(mut socket) = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await
    else {
        return;
    };
    let (queue, mut queued) = unbounded_channel();
    let mut joined = vec![];
    loop {
        tokio::select! {
            Some(text) = queued.recv() => {
                if write(&mut socket, text, &mut queued).await.is_err() { break }
            }
            received = socket.next() => {
                let Some(Ok(received)) = received else { break };
                let Message::Text(text) = received else { continue };
                joined.extend(handle(&text, me, &mut rooms.borrow_mut(), &queue));
            }
        }
    }
    for id in joined {
        if let Some(room) = rooms.borrow_mut().get_mut(&id) {
            room.members.remove(&me);
        }
    }
}

/// Writes this text and all that waits behind it, and flushes once.
async fn write(
    socket: &mut WebSocketStream<TcpStream>,
    text: Utf8Bytes,
    queued: &mut UnboundedReceiver<Utf8Bytes>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    socket.feed(Message::Text(text)).await?;
    while let Ok(text) = queued.try_recv() {
        socket.feed(Message::Text(text)).await?;
    }
    socket.flush().await
}

/// Returns the room that was joined, if it was.
fn handle(
    text: &str,
    me: u64,
    rooms: &mut HashMap<String, Room>,
    queue: &UnboundedSender<Utf8Bytes>,
) -> Option<String> {
    let Frame { event, data } = serde_json::from_str(text).ok()?;
    let id = data.room_id;
    let room = rooms.entry(id.to_string()).or_default();
    if event == "message:send" {
        send(room, &data, me, queue);
        return None;
    }
    let answer = match event {
        "room:join" => {
            format!(r#"{{"event":"room:joined","data":{{"roomId":"{id}","messages":[]}}}}"#)
        }
        "connection:recover" => {
            let messages = missed(room, data.last_seen_seq);
            format!(
                r#"{{"event":"connection:missed","data":{{"roomId":"{id}","messages":[{messages}]}}}}"#
            )
        }
        _ => return None,
    };
    room.members.insert(me, queue.clone());
    queue.send(answer.into()).ok();
    Some(id.to_string())
}

fn send(room: &mut Room, data: &Data, me: u64, queue: &UnboundedSender<Utf8Bytes>) {
    room.seq += 1;
    let message = ChatMessage {
        id: format!("{:024x}", room.seq),
        room_id: data.room_id,
        sender: Sender {
            id: format!("u{me}"),
            username: format!("user{me}"),
        },
        text: &data.text,
        seq: room.seq,
        client_message_id: data.client_message_id,
        created_at: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    };
    let message = serde_json::to_string(&message).unwrap();
    let frame = Utf8Bytes::from(format!(r#"{{"event":"message:new","data":{message}}}"#));
    for member in room.members.values() {
        member.send(frame.clone()).ok();
    }
    room.last.push_back(message);
    if room.last.len() > HISTORY {
        room.last.pop_front();
    }
    let (id, seq) = (data.client_message_id, room.seq);
    let ack =
        format!(r#"{{"event":"message:ack","data":{{"clientMessageId":"{id}","seq":{seq}}}}}"#);
    queue.send(ack.into()).ok();
}

fn missed(room: &Room, since: u64) -> String {
    let count = (room.seq.saturating_sub(since) as usize).min(room.last.len());
    let messages: Vec<&str> = room
        .last
        .iter()
        .skip(room.last.len() - count)
        .map(String::as_str)
        .collect();
    messages.join(",")
}
