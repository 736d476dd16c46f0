//! Refunds of charges.

use serde_json::{Value, json};

use crate::objects::refund;
use crate::state::{State, number, text};

/// Gives an amount of a charge back, in the smallest unit of its currency.
pub(crate) fn give(
    state: &mut State,
    charge: &Value,
    amount: i64,
    reason: Option<&str>,
    metadata: &Value,
) -> Value {
    let id = state.id("re", 24);
    let mut value = refund::new(&id, state.now(), charge, amount, reason);
    value["metadata"] = metadata.clone();
    value["balance_transaction"] = json!(state.id("txn", 24));
    state.create("refund", value, &["refund.created"]);
    let refunded = number(charge, "amount_refunded") + amount;
    state.change("charge", &text(charge, "id"), &["charge.refunded"], |charge| {
        charge["amount_refunded"] = json!(refunded);
        charge["refunded"] = json!(refunded == number(charge, "amount"));
    });
    let reference = state.random.below(1_000_000_000).to_string();
    state.change("refund", &id, &["refund.updated"], |refund| {
        let card = &mut refund["destination_details"]["card"];
        card["reference"] = json!(reference);
        card["reference_status"] = json!("available");
    })
}
