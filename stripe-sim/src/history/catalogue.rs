//! The products and prices of the generated history.

use serde_json::{Value, json};

use super::Plan;
use crate::api::route::Call;
use crate::resources::{coupons, entitlements, plans, prices, products, promotion_codes};
use crate::state::{State, text};
use crate::table::{Row, Table};

/// The recurring products: name, and the monthly amount in the smallest unit of each currency.
const PRODUCTS: &[(&str, &[(&str, i64)])] = &[
    ("Starter", &[("usd", 900), ("eur", 800), ("jpy", 1_200)]),
    ("Team", &[("usd", 2_900), ("eur", 2_700), ("jpy", 4_000)]),
    ("Business", &[("usd", 9_900), ("eur", 9_200), ("jpy", 14_000)]),
    ("Priority support", &[("usd", 1_900), ("eur", 1_700), ("jpy", 2_500)]),
];

/// Opens the business: products, prices and coupons.
pub(super) fn open(state: &mut State) {
    for (name, amounts) in PRODUCTS {
        offer(state, name, amounts);
    }
    let product = product(state, "Credit pack");
    for (currency, amount) in [("usd", 5_000), ("eur", 4_500), ("jpy", 7_000)] {
        let id = price(state, &product, currency, amount, None);
        state.history.one_time.push(id);
    }
    let params = [
        json!({"id": "WELCOME25", "percent_off": 25, "duration": "once", "name": "25% off"}),
        json!({"id": "SPRING10", "percent_off": 10, "duration": "repeating", "duration_in_months": 3, "name": "10% off"}),
    ];
    for params in params {
        let call = Call::internal(state, &[], &params);
        let coupon = coupons::create(state, &call).expect("the generated coupons are valid");
        state.history.coupons.push(text(&coupon, "id"));
    }
    promote(state);
}

/// Offers a coupon under a code, and ends the offer of an older one.
pub(super) fn promote(state: &mut State) {
    let Some(coupon) = state.history.random.pick(&state.history.coupons).cloned() else { return };
    let call = Call::internal(state, &[], &json!({"promotion": {"type": "coupon", "coupon": coupon}}));
    let code = text(&promotion_codes::create(state, &call).expect("the coupon exists"), "id");
    let older = state.history.code_on_offer.replace(code);
    if let Some(older) = older {
        let call = Call::internal(state, &[&older], &json!({"active": false}));
        promotion_codes::update(state, &call).expect("the code exists");
    }
}

/// What a product gives to those who subscribe to it: a feature of its own, and one that all have.
fn give_features(state: &mut State, product: &str, name: &str) {
    let own = format!("{}_features", name.to_lowercase().replace(' ', "_"));
    for (lookup_key, name) in [(own.as_str(), name), ("basics", "Basics")] {
        let known = state.table("entitlements.feature").into_iter().flat_map(Table::newest_first);
        let known = known.map(Row::value).find(|feature| feature["lookup_key"] == lookup_key).cloned();
        let feature = known.unwrap_or_else(|| {
            let call = Call::internal(state, &[], &json!({"lookup_key": lookup_key, "name": name}));
            entitlements::create(state, &call).expect("the feature is valid")
        });
        let call = Call::internal(state, &[product], &json!({"entitlement_feature": feature["id"]}));
        entitlements::attach(state, &call).expect("the product and the feature exist");
    }
}

/// Archives a product's price and offers it anew, or archives a retired product.
pub(super) fn renew(state: &mut State) {
    let name = format!("Limited offer {}", state.now());
    let id = product(state, &name);
    let extra = price(state, &id, "usd", 1_500, None);
    change(state, &extra, "price", &json!({"active": false}));
    change(state, &id, "product", &json!({"active": false, "metadata": {"archived": "true"}}));
    let mistaken = price(state, &id, "usd", 15, Some("month"));
    plans::delete(state, &Call::internal(state, &[&mistaken], &json!({}))).expect("the price recurs");
    if state.history.random.percent(50) {
        let call = Call::internal(state, &[], &json!({"name": format!("Draft of {name}")}));
        let draft = products::create(state, &call).expect("the generated product is valid");
        let call = Call::internal(state, &[&text(&draft, "id")], &json!({}));
        products::delete(state, &call).expect("a product without prices can be deleted");
    }
}

fn offer(state: &mut State, name: &str, amounts: &[(&str, i64)]) {
    let product = product(state, name);
    give_features(state, &product, name);
    let mut default = None;
    for (currency, amount) in amounts {
        for (interval, amount) in [("month", *amount), ("year", *amount * 10)] {
            let id = price(state, &product, currency, amount, Some(interval));
            default.get_or_insert_with(|| id.clone());
            let yearly = interval == "year";
            state.history.plans.push(Plan { price: id, currency: (*currency).to_owned(), yearly });
        }
    }
    change(state, &product, "product", &json!({"default_price": default}));
}

fn product(state: &mut State, name: &str) -> String {
    let params =
        json!({"name": name, "description": format!("{name}, as generated"), "metadata": {"tier": name}});
    let call = Call::internal(state, &[], &params);
    text(&products::create(state, &call).expect("the generated product is valid"), "id")
}

fn price(state: &mut State, product: &str, currency: &str, amount: i64, interval: Option<&str>) -> String {
    let mut params = json!({"product": product, "currency": currency, "unit_amount": amount});
    if let Some(interval) = interval {
        params["recurring"] = json!({"interval": interval});
        params["nickname"] = json!(format!("per {interval}"));
    }
    let call = Call::internal(state, &[], &params);
    text(&prices::create(state, &call).expect("the generated price is valid"), "id")
}

fn change(state: &mut State, id: &str, object: &str, params: &Value) {
    let call = Call::internal(state, &[id], params);
    let changed =
        if object == "price" { prices::update(state, &call) } else { products::update(state, &call) };
    changed.expect("the generated change is valid");
}
