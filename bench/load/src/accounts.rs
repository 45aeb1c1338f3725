//! People and rooms, made over REST before a measurement begins.
use crate::http::post;
use serde_json::{json, Value};

const PASSWORD: &str = "correct horse battery";

/// What registering or logging in as person number `k` takes, with the names of all servers' fields.
pub fn credentials(k: usize) -> Value {
    let name = format!("person{k}");
    json!({"username": name, "displayName": name, "email": format!("{name}@example.com"), "password": PASSWORD})
}

/// Registers so many people; returns their tokens.
pub fn register(port: u16, count: usize) -> Vec<String> {
    (0..count)
        .map(|k| {
            let answer = post(port, "/auth/register", None, &credentials(k)).expect("register");
            match answer.body["accessToken"].as_str() {
                Some(token) => token.to_string(),
                None => panic!("register answered {}: {}", answer.status, answer.body),
            }
        })
        .collect()
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
