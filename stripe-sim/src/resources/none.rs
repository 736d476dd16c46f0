//! Objects that no simulated account has.

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::state::State;

/// The lists that are empty, and what is not there.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/accounts", &["created"], list),
    Route::list("/v1/balance_transactions", &["created"], list),
    Route::get("/v1/balance_transactions/{}", &[], balance_transaction),
    Route::list("/v1/billing/credit_balance_transactions", &["customer"], of_customer),
    Route::list("/v1/billing/credit_grants", &[], list),
    Route::list("/v1/billing/meters", &[], list),
    Route::list("/v1/billing_portal/configurations", &[], list),
    Route::list("/v1/credit_notes", &["created"], list),
    Route::list("/v1/customers/{}/balance_transactions", &[], of_customer_in_path),
    Route::list("/v1/disputes", &["created"], list),
    Route::get("/v1/mandates/{}", &[], mandate),
    Route::list("/v1/payment_links", &[], list),
    Route::list("/v1/payouts", &["created"], list),
    Route::list("/v1/quotes", &[], list),
    Route::list("/v1/radar/early_fraud_warnings", &["created"], list),
    Route::list("/v1/reviews", &["created"], list),
    Route::list("/v1/subscription_schedules", &["created"], list),
    Route::list("/v1/tax_rates", &["created"], list),
    Route::list("/v1/test_helpers/test_clocks", &[], list),
    Route::list("/v1/transfers", &["created"], list),
];

fn list(_: &mut State, call: &Call) -> Answer {
    list::created(&call.params)?;
    Ok(list::page(call, Vec::new(), &list::Cursor::read(&call.params)?))
}

/// Charges and refunds name some: what they moved is not simulated.
fn balance_transaction(state: &mut State, call: &Call) -> Answer {
    state.at_path("balance_transaction", call.id()).cloned()
}

fn mandate(state: &mut State, call: &Call) -> Answer {
    state.at_path("mandate", call.id()).cloned()
}

fn of_customer(state: &mut State, call: &Call) -> Answer {
    state.at_param("customer", call.params.need("customer")?, "customer")?;
    list(state, call)
}

fn of_customer_in_path(state: &mut State, call: &Call) -> Answer {
    state.at_path("customer", call.id())?;
    list(state, call)
}
