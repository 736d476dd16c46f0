//! What the protocol says of operations beyond what the library does: an id names one operation at a time, a document
//! that is refused is an error and no result, and nothing more is said of what the client has ended.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Message;
use serde::Deserialize;
use serde_json::{Value, json};

/// The operations of a socket.
#[derive(Default)]
pub struct Operations(Mutex<Ids>);

#[derive(Default)]
struct Ids {
    /// Those under way.
    running: HashSet<String>,
    /// Those of which the client knows that they have ended, by how often the library is still to say so.
    ended: HashMap<String, usize>,
    /// Whether the client gave an operation the id of one under way.
    collided: bool,
}

/// What all messages of operations have.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

/// A result.
#[derive(Deserialize)]
struct Next {
    id: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    data: Value,
    errors: Vec<Value>,
}

impl Operations {
    /// Takes note of what the client says, and whether the socket goes on after that.
    pub fn hear(&self, message: &Message) -> bool {
        let text = match message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            _ => return true,
        };
        // What is no message of an operation is the library's to judge.
        let Ok(Head { kind, id }) = serde_json::from_slice(text) else { return true };
        let mut ids = self.ids();
        if kind == "subscribe" {
            ids.collided = !ids.running.insert(id);
        } else if kind == "complete" {
            ids.end(id);
        }
        !ids.collided
    }

    /// Whether the client gave an operation the id of one under way.
    pub fn collided(&self) -> bool {
        self.ids().collided
    }

    /// What the client is told where the library says this, if anything.
    pub fn say(&self, message: Message) -> Option<Message> {
        let Message::Text(text) = &message else { return Some(message) };
        if text.starts_with(r#"{"type":"complete""#) {
            let is_news = serde_json::from_str(text).map_or(true, |Head { id, .. }| self.ids().complete(&id));
            return is_news.then_some(message);
        }
        match refusal(text) {
            Some(Next { id, payload }) if self.ids().end(id.clone()) => {
                let error = json!({ "type": "error", "id": id, "payload": payload.errors });
                Some(Message::text(error.to_string()))
            }
            _ => Some(message),
        }
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids {
    /// Ends an operation before the library says that it has ended, if it is under way.
    fn end(&mut self, id: String) -> bool {
        let is_running = self.running.remove(&id);
        if is_running {
            *self.ended.entry(id).or_default() += 1;
        }
        is_running
    }

    /// Whether the client does not know yet that the operation has ended, as the library says.
    fn complete(&mut self, id: &str) -> bool {
        let Some(times) = self.ended.get_mut(id) else {
            self.running.remove(id);
            return true;
        };
        *times -= 1;
        if *times == 0 {
            self.ended.remove(id);
        }
        false
    }
}

/// A result that is none: its errors have no place in an answer, since nothing was executed.
fn refusal(text: &str) -> Option<Next> {
    if !text.contains(r#""payload":{"data":null,"#) {
        return None;
    }
    let next: Next = serde_json::from_str(text).ok()?;
    let was_executed = next.payload.errors.iter().any(|error| error.get("path").is_some());
    (next.payload.data.is_null() && !was_executed).then_some(next)
}
