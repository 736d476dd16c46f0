//! The payment page of a hosted checkout session.

use axum::body::Body;
use axum::http::{Method, Request, Response};
use serde_json::Value;

use crate::api::reply::Reply;
use crate::form;
use crate::page;
use crate::resources::checkout_payment::complete;
use crate::resources::payment_methods::Charges;
use crate::sim::Sim;
use crate::state::{State, text};

/// The largest form that is read, in bytes.
const LARGEST: usize = 1 << 14;

/// Shows the payment page, or does what its form asks for.
pub(crate) async fn pay(sim: Sim, id: String, request: Request<Body>) -> Response<Body> {
    let post = request.method() == Method::POST;
    let body = axum::body::to_bytes(request.into_body(), LARGEST).await.unwrap_or_default();
    let mut state = sim.state();
    state.catch_up();
    let reply = if post { submit(&mut state, &id, &form::parse(&body)) } else { show(&state, &id, None) };
    let response = reply.with("content-security-policy", page::POLICY).into_response(state.now());
    drop(state);
    sim.happened();
    response
}

/// Shows the page to which a customer portal session leads.
pub(crate) fn portal(sim: &Sim, id: &str) -> Response<Body> {
    let state = sim.state();
    let reply = match state.find("billing_portal.session", id) {
        Some(session) => Reply::html(200, page::portal(session)),
        None => missing(),
    };
    reply.with("content-security-policy", page::POLICY).into_response(state.now())
}

fn show(state: &State, id: &str, alert: Option<&str>) -> Reply {
    let Some(session) = state.find("checkout.session", id) else { return missing() };
    let items = state.session_items.get(id).map_or(&[][..], Vec::as_slice);
    match session["status"].as_str() {
        Some("open") => Reply::html(200, page::payment(session, items, alert)),
        Some("complete") => {
            Reply::html(200, page::notice("Already paid", "This checkout session is complete."))
        }
        _ => Reply::html(410, page::notice("Expired", "This checkout session has expired.")),
    }
}

fn missing() -> Reply {
    Reply::html(404, page::notice("Not found", "There is no such session."))
}

fn submit(state: &mut State, id: &str, form: &Value) -> Reply {
    let session = state.get("checkout.session", id);
    if session["status"] != "open" {
        return show(state, id, None);
    }
    match form["action"].as_str() {
        Some("cancel") => redirect(&session, "cancel_url", "Canceled", "Nothing was paid."),
        Some("decline") => finish(state, id, Charges::Declined),
        _ => finish(state, id, Charges::Accepted),
    }
}

fn finish(state: &mut State, id: &str, card: Charges) -> Reply {
    match complete(state, id, card) {
        Ok(session) => {
            let field = if session["success_url"].is_null() { "return_url" } else { "success_url" };
            redirect(&session, field, "Paid", "Thank you. This was a simulation; no money moved.")
        }
        Err(error) => show(state, id, Some(&error.message)),
    }
}

/// Sends the customer back, with the session's id where the URL asks for it.
fn redirect(session: &Value, field: &str, title: &str, message: &str) -> Reply {
    match session[field].as_str() {
        Some(url) => {
            let url = url.replace("{CHECKOUT_SESSION_ID}", &text(session, "id"));
            Reply::html(303, page::notice(title, message)).with("location", url)
        }
        None => Reply::html(200, page::notice(title, message)),
    }
}
