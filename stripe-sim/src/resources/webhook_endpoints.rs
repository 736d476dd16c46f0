//! `/v1/webhook_endpoints`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::objects::customer::deleted;
use crate::options::Endpoint;
use crate::state::State;

const NEW: &[&str] = &["api_version", "connect", "description", "enabled_events", "metadata", "url"];

/// The endpoints of webhook endpoints.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/webhook_endpoints", NEW, create),
    Route::list("/v1/webhook_endpoints", &[], list),
    Route::get("/v1/webhook_endpoints/{}", &[], retrieve),
    Route::post(
        "/v1/webhook_endpoints/{}",
        &["description", "disabled", "enabled_events", "metadata", "url"],
        update,
    ),
    Route::delete("/v1/webhook_endpoints/{}", &[], delete),
];

/// Adds an endpoint to those that get events; the only answer that tells its secret.
fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let url = params.need("url")?;
    let (id, secret) = (state.id("we", 24), state.id("whsec", 32));
    let mut enabled_events = params.texts("enabled_events");
    if enabled_events.is_empty() {
        enabled_events.push("*".to_owned());
    }
    let mut value = json!({
        "id": id,
        "object": "webhook_endpoint",
        "api_version": params.text("api_version"),
        "application": null,
        "created": state.now(),
        "description": params.text("description"),
        "enabled_events": enabled_events,
        "livemode": false,
        "metadata": {},
        "status": "enabled",
        "url": url,
    });
    params.write_metadata(&mut value);
    let api_version = params.text("api_version").map(str::to_owned);
    let endpoint = Endpoint { api_version, enabled_events, ..Endpoint::new(url, &secret) };
    state.outbox.open(Some(id), endpoint);
    let mut created = state.create("webhook_endpoint", value, &[]);
    created["secret"] = json!(secret);
    Ok(created)
}

fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("webhook_endpoint", call.id())?;
    let disabled = call.params.flag("disabled")?;
    let value = state.change("webhook_endpoint", call.id(), &[], |value| {
        call.params.write(&["description", "url"], value);
        call.params.write_metadata(value);
        if let Some(events) = call.params.get("enabled_events").filter(|events| events.is_array()) {
            value["enabled_events"] = events.clone();
        }
        if let Some(disabled) = disabled {
            value["status"] = json!(if disabled { "disabled" } else { "enabled" });
        }
    });
    state.outbox.change(call.id(), |endpoint| apply(&value, endpoint));
    Ok(value)
}

fn apply(value: &Value, endpoint: &mut Endpoint) {
    let enabled = value["status"] == "enabled";
    let events = value["enabled_events"].as_array().into_iter().flatten();
    let events = events.filter_map(Value::as_str).map(str::to_owned);
    endpoint.enabled_events = events.filter(|_| enabled).collect();
    value["url"].as_str().unwrap_or_default().clone_into(&mut endpoint.url);
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("webhook_endpoint", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "webhook_endpoint", |_| true)
}

fn delete(state: &mut State, call: &Call) -> Answer {
    state.at_path("webhook_endpoint", call.id())?;
    state.delete("webhook_endpoint", call.id(), &[]);
    state.outbox.close(call.id());
    Ok(deleted("webhook_endpoint", call.id()))
}
