//! `/v1/account`

use serde_json::json;

use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::state::State;

/// The endpoints of the account.
pub(crate) const ROUTES: &[Route] =
    &[Route::get("/v1/account", &[], retrieve), Route::get("/v1/accounts/{}", &[], retrieve)];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    let id = call.ids.first().unwrap_or(&state.options.account_id);
    if !state.options.knows_account(id) {
        return Err(ApiError::no_access(id));
    }
    Ok(json!({
        "id": id,
        "object": "account",
        "business_profile": {"mcc": null, "name": "Simulated account", "url": null},
        "business_type": null,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": true,
        "controller": {"type": "account"},
        "country": "US",
        "created": state.options.now,
        "default_currency": "usd",
        "details_submitted": true,
        "email": "account@example.com",
        "metadata": {},
        "payouts_enabled": true,
        "settings": {"dashboard": {"display_name": "Simulated account", "timezone": "Etc/UTC"}},
        "type": "standard",
    }))
}
