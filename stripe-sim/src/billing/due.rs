//! Runs what falls due.

use crate::billing::{cancel, collection, invoice, renew, trial};
use crate::resources::checkout_sessions;
use crate::schedule::Due;
use crate::state::State;

/// Notes something for a later second.
pub(crate) fn plan(state: &mut State, at: i64, due: Due) {
    let sequence = state.tick();
    state.schedule.add(at, sequence, due);
}

/// Moves the clock to a second; what falls due meanwhile happens at its time.
pub(crate) fn advance_to(state: &mut State, second: i64) {
    let cause = std::mem::take(&mut state.cause);
    while let Some((at, due)) = state.schedule.take(second) {
        state.clock.move_to(at);
        run(state, due);
    }
    state.clock.move_to(second);
    state.cause = cause;
}

fn run(state: &mut State, due: Due) {
    match due {
        Due::Renew(id) => renew::renew(state, &id),
        Due::TrialWillEnd(id) => trial::will_end(state, &id),
        Due::Finalize(id) => invoice::collect(state, &id),
        Due::Retry(id) => collection::retry(state, &id),
        Due::ExpireIncomplete(id) => cancel::expire_incomplete(state, &id),
        Due::ExpireSession(id) => checkout_sessions::expire_open(state, &id),
    }
}
