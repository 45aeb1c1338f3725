//! People and rooms, made over REST before a measurement begins.
use crate::http::post;
use serde_json::{json, Value};

const PASSWORD: &str = "correct horse battery";

/// What registering or logging in as person number `k` takes, with the names of all servers' fields.
pub fn credentials(k: usize) -> Value {
    let name = format!("person{k}");
    json!({"username": name, "displayName": name, "email": format!("{name}@example.com"), "password": PASSWORD})
}

/// Requests under way at once where there are thousands.
const AT_ONCE: usize = 16;

/// Registers so many people; returns their tokens.
pub fn register(port: u16, count: usize) -> Vec<String> {
    at_once(count, |k| {
        let answer = post(port, "/auth/register", None, &credentials(k)).expect("register");
        match answer.body["accessToken"].as_str() {
            Some(token) => token.to_string(),
            None => panic!("register answered {}: {}", answer.status, answer.body),
        }
    })
}

/// Makes everybody a member of every room, as a first message does.
pub fn enter(port: u16, tokens: &[String], rooms: &[String]) {
    at_once(tokens.len() * rooms.len(), |k| {
        let (token, room) = (&tokens[k % tokens.len()], &rooms[k / tokens.len()]);
        let path = format!("/rooms/{room}/messages");
        let answer = post(port, &path, Some(token), &json!({"text": "Hello"})).expect("send");
        assert_eq!(answer.status, 201, "a send answered {}", answer.body);
    });
}

/// The results of `each`, of 0 to `count`, in their order.
fn at_once<T: Send>(count: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let share = count.div_ceil(AT_ONCE).max(1);
    let each = &each;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .step_by(share)
            .map(|first| {
                let part = first..count.min(first + share);
                scope.spawn(move || part.map(each).collect::<Vec<T>>())
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a request"))
            .collect()
    })
}

/// Makes so many rooms; returns their ids.
pub fn make_rooms(port: u16, token: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|k| {
            let answer = post(
                port,
                "/rooms",
                Some(token),
                &json!({"name": format!("Room {k}")}),
            )
            .expect("make a room");
            match answer.body["room"]["id"].as_str() {
                Some(id) => id.to_string(),
                None => panic!("POST /rooms answered {}: {}", answer.status, answer.body),
            }
        })
        .collect()
}
