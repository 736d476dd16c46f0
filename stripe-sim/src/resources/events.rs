//! `/v1/events`

use crate::api::list::{self, Cursor};
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::events::Event;
use crate::state::State;

/// The endpoints of events.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/events", &["created", "delivery_success", "type", "types"], list),
    Route::get("/v1/events/{}", &[], retrieve),
];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    let event = state.events.position(call.id()).and_then(|position| state.events.get(position));
    let event = event.map(|event| event.render(&state.version, 0));
    event.ok_or_else(|| ApiError::not_found("event", call.id()))
}

/// The events, newest first, in the account's API version whatever the request's is.
fn list(state: &mut State, call: &Call) -> Answer {
    let cursor = Cursor::read(&call.params)?;
    let range = list::created(&call.params)?;
    let mut types = call.params.texts("types");
    types.extend(call.params.text("type").map(str::to_owned));
    let asked = |event: &&Event| {
        let named = types.is_empty() || types.iter().any(|wanted| fits(wanted, event.kind));
        named && list::within(&range, event.created) && event.exists_in(&state.version)
    };
    let position =
        |id: &str| state.events.position(id).ok_or_else(|| ApiError::no_such("event", id, cursor.param()));
    let some = cursor.limit + 1;
    let events: Vec<&Event> = match (cursor.starting_after, cursor.ending_before) {
        (Some(id), _) => state.events.before(position(id)?).rev().filter(asked).take(some).collect(),
        (_, Some(id)) => state.events.since(position(id)? + 1).filter(asked).take(some).collect(),
        _ => state.events.since(0).rev().filter(asked).take(some).collect(),
    };
    let rendered = events.into_iter().map(|event| event.render(&state.version, 0)).collect();
    Ok(list::page(call, rendered, &cursor))
}

/// Whether a type is asked for; `*` stands for the rest of it.
fn fits(wanted: &str, kind: &str) -> bool {
    wanted.strip_suffix('*').map_or(wanted == kind, |start| kind.starts_with(start))
}
