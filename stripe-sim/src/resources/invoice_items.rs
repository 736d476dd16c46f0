//! `/v1/invoiceitems`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::invoice_item::{self, set_lines};
use crate::error::{Answer, ApiError};
use crate::objects::customer::deleted;
use crate::objects::invoice_item::{NewInvoiceItem, new};
use crate::params::Params;
use crate::resources::subscription_params::metadata;
use crate::state::{State, number, text};

const NEW: &[&str] = &[
    "amount",
    "currency",
    "customer",
    "description",
    "invoice",
    "metadata",
    "price",
    "pricing",
    "quantity",
    "unit_amount_decimal",
];

/// The endpoints of invoice items.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/invoiceitems", NEW, create),
    Route::list("/v1/invoiceitems", &["created", "customer", "invoice", "pending"], list),
    Route::get("/v1/invoiceitems/{}", &[], retrieve),
    Route::post("/v1/invoiceitems/{}", &["description", "metadata"], update),
    Route::delete("/v1/invoiceitems/{}", &[], delete),
];

/// Creates an item that waits for the customer's next invoice, or goes onto the given draft at once.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let item = item(state, &call.params)?;
    let invoice = call.params.text("invoice").map(str::to_owned);
    if let Some(invoice) = &invoice {
        let status = &state.at_param("invoice", invoice, "invoice")?["status"];
        if status != "draft" {
            return Err(ApiError::invalid("This invoice is no longer editable.").param("invoice"));
        }
    }
    let id = state.id("ii", 24);
    let mut value = new(&id, state.now(), &item);
    value["invoice"] = json!(invoice);
    state.create("invoiceitem", value, &["invoiceitem.created"]);
    if let Some(invoice) = invoice {
        let mut lines = lines_of(state, &invoice);
        lines.extend(invoice_item::take(state, std::slice::from_ref(&id), &invoice));
        set_lines(state, &invoice, &lines);
    }
    Ok(state.get("invoiceitem", &id))
}

fn item(state: &State, params: &Params) -> Answer<NewInvoiceItem> {
    let customer = params.need("customer")?;
    state.at_param("customer", customer, "customer")?;
    let named = params.text("pricing/price").or(params.text("price"));
    let price = match named {
        Some(id) => state.at_param("price", id, "pricing[price]")?.clone(),
        None => Value::Null,
    };
    let (unit_amount, currency) = if price.is_null() {
        let amount = params.number("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
        (amount, params.need("currency")?.to_lowercase())
    } else {
        (number(&price, "unit_amount"), text(&price, "currency"))
    };
    Ok(NewInvoiceItem {
        customer: customer.to_owned(),
        currency,
        unit_amount,
        quantity: if price.is_null() { 1 } else { params.number("quantity")?.unwrap_or(1) },
        price,
        description: params.text("description").map(str::to_owned),
        metadata: metadata(params, "metadata"),
    })
}

fn lines_of(state: &State, invoice: &str) -> Vec<Value> {
    state.get("invoice", invoice)["lines"]["data"].as_array().cloned().unwrap_or_default()
}

/// Updates an item, of which Stripe tells nothing.
fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("invoiceitem", call.id())?;
    Ok(state.change("invoiceitem", call.id(), &[], |value| {
        call.params.write(&["description"], value);
        call.params.write_metadata(value);
    }))
}

/// Deletes an item that is pending or on a draft.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.id();
    let invoice = text(state.at_path("invoiceitem", id)?, "invoice");
    if !invoice.is_empty() {
        if state.get("invoice", &invoice)["status"] != "draft" {
            let message =
                "You cannot delete an invoice item that is on an invoice which is no longer a draft.";
            return Err(ApiError::invalid(message));
        }
        let mut lines = lines_of(state, &invoice);
        lines.retain(|line| line["parent"]["invoice_item_details"]["invoice_item"] != *id);
        set_lines(state, &invoice, &lines);
    }
    invoice_item::delete(state, &[id.to_owned()]);
    Ok(deleted("invoiceitem", id))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("invoiceitem", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    let pending = call.params.flag("pending")?;
    list::objects(state, call, "invoiceitem", |value| {
        list::equal(&call.params, "invoice", &value["invoice"])
            && pending.is_none_or(|pending| json!(pending) == value["invoice"].is_null())
    })
}
