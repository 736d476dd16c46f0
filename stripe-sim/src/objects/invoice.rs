//! The invoice object.

use serde_json::{Value, json};

use crate::render::HIDDEN;

/// What an invoice is made of, besides its lines.
#[derive(Debug, Clone)]
pub(crate) struct NewInvoice {
    pub(crate) customer: Value,
    pub(crate) currency: String,
    pub(crate) billing_reason: &'static str,
    pub(crate) subscription: Option<Value>,
    pub(crate) period: (i64, i64),
    /// The discount that applies, or null.
    pub(crate) discount: Value,
    /// In the smallest unit of the currency.
    pub(crate) discount_amount: i64,
}

/// A draft with these lines.
pub(crate) fn draft(id: &str, created: i64, invoice: &NewInvoice, lines: &[Value]) -> Value {
    let subtotal: i64 = lines.iter().filter_map(|line| line["amount"].as_i64()).sum();
    let total = subtotal - invoice.discount_amount;
    let mut draft = facts(id, created, invoice);
    let amounts = json!({
        "amount_due": total.max(0),
        "amount_remaining": total.max(0),
        "ending_balance": null,
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": false,
            "url": format!("/v1/invoices/{id}/lines"),
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": discount_amounts(invoice),
        "total_excluding_tax": total,
        "discounts": discounts(invoice),
        "parent": invoice.subscription.as_ref().map(parent),
        HIDDEN: {"charge": null, "payment_intent": null, "discount": invoice.discount},
    });
    crate::form::merge(&mut draft, amounts);
    draft
}

fn parent(subscription: &Value) -> Value {
    json!({
        "quote_details": null,
        "subscription_details": {
            "metadata": subscription["metadata"],
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    })
}

fn discounts(invoice: &NewInvoice) -> Value {
    if invoice.discount.is_null() { json!([]) } else { json!([invoice.discount["id"]]) }
}

fn discount_amounts(invoice: &NewInvoice) -> Value {
    if invoice.discount.is_null() {
        return json!([]);
    }
    json!([{"amount": invoice.discount_amount, "discount": invoice.discount["id"]}])
}

fn facts(id: &str, created: i64, invoice: &NewInvoice) -> Value {
    let customer = &invoice.customer;
    json!({
        "id": id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Simulated account",
        "account_tax_ids": null,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "application": null,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": true,
        "automatic_tax": {
            "disabled_reason": null,
            "enabled": false,
            "liability": null,
            "provider": null,
            "status": null,
        },
        "automatically_finalizes_at": null,
        "billing_reason": invoice.billing_reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": invoice.currency,
        "custom_fields": null,
        "customer": customer["id"],
        "customer_account": null,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "due_date": null,
        "effective_at": null,
        "footer": null,
        "from_invoice": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": {"type": "self"},
        "last_finalization_error": null,
        "latest_revision": null,
        "livemode": false,
        "metadata": {},
        "next_payment_attempt": null,
        "number": null,
        "on_behalf_of": null,
        "payment_settings": {
            "default_mandate": null,
            "payment_method_options": null,
            "payment_method_types": null,
        },
        "period_end": invoice.period.1,
        "period_start": invoice.period.0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "starting_balance": 0,
        "statement_descriptor": null,
        "status": "draft",
        "status_transitions": {
            "finalized_at": null,
            "marked_uncollectible_at": null,
            "paid_at": null,
            "voided_at": null,
        },
        "test_clock": null,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": created,
    })
}
