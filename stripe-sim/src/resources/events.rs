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
    let position = state.event_positions.get(call.id());
    let event = position.map(|position| state.events[*position].render(&state.version, 0));
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
    let position = |id: &str| {
        let position = state.event_positions.get(id).copied();
        position.ok_or_else(|| ApiError::no_such("event", id, cursor.param()))
    };
    let some = cursor.limit + 1;
    let events: Vec<&Event> = match (cursor.starting_after, cursor.ending_before) {
        (Some(id), _) => state.events[..position(id)?].iter().rev().filter(asked).take(some).collect(),
        (_, Some(id)) => state.events[position(id)? + 1..].iter().filter(asked).take(some).collect(),
        _ => state.events.iter().rev().filter(asked).take(some).collect(),
    };
    let rendered = events.into_iter().map(|event| event.render(&state.version, 0)).collect();
    Ok(list::page(call, rendered, &cursor))
}

/// Whether a type is asked for; `*` stands for the rest of it.
fn fits(wanted: &str, kind: &str) -> bool {
    wanted.strip_suffix('*').map_or(wanted == kind, |start| kind.starts_with(start))
}
