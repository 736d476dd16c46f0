//! `/v1/subscription_items`

use serde_json::Value;

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::subscribe;
use crate::error::{Answer, ApiError};
use crate::state::State;
use crate::table::Table;

/// The endpoints of subscription items.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/subscription_items", &["subscription"], list),
    Route::get("/v1/subscription_items/{}", &[], retrieve),
];

/// The items of all subscriptions.
pub(crate) fn all(state: &State) -> impl Iterator<Item = &Value> {
    let rows = state.table("subscription").into_iter().flat_map(Table::newest_first);
    rows.flat_map(|row| subscribe::items(row.value()))
}

fn list(state: &mut State, call: &Call) -> Answer {
    let id = call.params.need("subscription")?;
    let subscription = state.at_param("subscription", id, "subscription")?;
    list::values(call, "subscription_item", subscribe::items(subscription).to_vec())
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    let item = all(state).find(|item| item["id"] == call.id());
    item.cloned().ok_or_else(|| ApiError::not_found("subscription_item", call.id()))
}
