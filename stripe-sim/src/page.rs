//! The HTML of the payment page: self-contained, without scripts, every value escaped.

use serde_json::Value;

use crate::state::{number, text};

/// The content security policy of every page.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action *; base-uri 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;font:100%/1.5 system-ui,sans-serif}\
body{margin:0 auto;max-width:32rem;padding:2rem 1rem}\
.note{background:#fff3c4;border:2px solid #8a6100;border-radius:.5rem;color:#3d2b00;padding:.75rem 1rem}\
.alert{background:#fde3e1;border:2px solid #a3190f;border-radius:.5rem;color:#5c0c06;padding:.75rem 1rem}\
table{border-collapse:collapse;margin:1.5rem 0;width:100%}\
th,td{border-bottom:1px solid #8888;padding:.5rem 0;text-align:left}\
th:last-child,td:last-child{text-align:right}\
button{background:#1d4f91;border:2px solid #1d4f91;border-radius:.5rem;color:#fff;cursor:pointer;display:block;\
font:inherit;margin:.75rem 0;padding:.75rem;width:100%}\
button.second{background:none;color:inherit}\
button:focus-visible{outline:3px solid #e08a00;outline-offset:2px}";

/// Currencies whose smallest unit is the whole (<https://docs.stripe.com/currencies#zero-decimal>).
const WHOLE: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];

/// The page on which an open session is paid.
pub(crate) fn payment(session: &Value, items: &[Value], alert: Option<&str>) -> String {
    let rows: String = items.iter().map(row).collect();
    let total = money(number(session, "amount_total"), &text(session, "currency"));
    let alert = alert.map(|alert| format!("<p class=\"alert\" role=\"alert\">{}</p>", escaped(alert)));
    let what = if items.is_empty() {
        "<p>A payment method is saved for later.</p>".to_owned()
    } else {
        table(&rows, &total)
    };
    let pay = if items.is_empty() { "Save".to_owned() } else { format!("Pay {}", escaped(&total)) };
    let body = format!(
        "<p class=\"note\" role=\"note\"><strong>This is a simulation, no money moves.</strong></p>{}{what}\
         <form method=\"post\">\
         <button name=\"action\" value=\"pay\">{pay}</button>\
         <button name=\"action\" value=\"decline\" class=\"second\">Pay with a card that is declined</button>\
         <button name=\"action\" value=\"cancel\" class=\"second\">Cancel</button></form>",
        alert.unwrap_or_default(),
    );
    document("Checkout", &body)
}

/// The page to which a customer portal session leads.
pub(crate) fn portal(session: &Value) -> String {
    let back = match session["return_url"].as_str() {
        Some(url) => format!("<p><a href=\"{}\">Back</a></p>", escaped(url)),
        None => String::new(),
    };
    let customer = escaped(&text(session, "customer"));
    document("Customer portal", &format!("<p>This simulates the customer portal of {customer}.</p>{back}"))
}

/// A page that only says something.
pub(crate) fn notice(title: &str, message: &str) -> String {
    document(title, &format!("<p>{}</p>", escaped(message)))
}

fn document(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

fn table(rows: &str, total: &str) -> String {
    format!(
        "<table><thead><tr><th scope=\"col\">Item</th><th scope=\"col\">Amount</th></tr></thead><tbody>{rows}</tbody>\
         <tfoot><tr><th scope=\"row\">Due now</th><td><strong>{}</strong></td></tr></tfoot></table>",
        escaped(total)
    )
}

fn row(item: &Value) -> String {
    let amount = money(number(item, "amount_total"), &text(item, "currency"));
    let rhythm = match item["price"]["recurring"]["interval"].as_str() {
        Some(interval) => format!(" per {interval}"),
        None => String::new(),
    };
    let name = escaped(&text(item, "description"));
    format!(
        "<tr><td>{name} × {}</td><td>{}{}</td></tr>",
        number(item, "quantity"),
        escaped(&amount),
        escaped(&rhythm)
    )
}

fn money(amount: i64, currency: &str) -> String {
    let code = currency.to_uppercase();
    if WHOLE.contains(&currency) {
        return format!("{amount} {code}");
    }
    format!("{}.{:02} {code}", amount / 100, amount % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
