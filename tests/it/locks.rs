//! Transactions at once, of which one needs what another has locked.

use futures_util::future::join;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;

use crate::support::{
    TestApp,
    billing::{MADE, event},
    socket::soon,
};

/// The payment of this invoice is found out when its row is locked already.
const INVOICE: &str = "in_of_two";
const PAYMENT: &str = "pi_of_two";

/// Somebody who has the payment and waits for the invoice must get it: who writes the invoice begins again.
#[tokio::test]
async fn who_needs_more_than_they_locked_lets_go_first() {
    let test = TestApp::start().await;
    let payment = json!({ "type": "payment_intent", "payment_intent": PAYMENT });
    test.know(&[
        json!({ "id": PAYMENT, "object": "payment_intent", "created": MADE, "latest_charge": "ch_1" }),
        json!({ "id": "inpay_1", "object": "invoice_payment", "created": MADE, "invoice": INVOICE,
                "payment": payment, "status": "paid" }),
    ])
    .await;
    let invoice = json!({ "id": INVOICE, "object": "invoice", "created": MADE, "status": "paid" });
    let paid = event("invoice.paid", MADE + 1, &invoice);
    if test.database.backend() == DbBackend::Postgres {
        test.receive(&event("invoice.created", MADE, &invoice)).await;
        let held = test.app().db.begin().await.expect("the database answers");
        let locked = format!("SELECT pg_advisory_xact_lock(hashtextextended('{PAYMENT}', 0))");
        held.execute_unprepared(&locked).await.expect("nobody else has it");
        let meanwhile = async {
            waits_for_the_payment(&test).await;
            let row = format!("SELECT 1 FROM invoices WHERE id = '{INVOICE}' FOR UPDATE NOWAIT");
            held.execute_unprepared(&row).await.expect("nobody has the invoice");
            held.commit().await.expect("the database answers");
        };
        soon(join(test.receive(&paid), meanwhile)).await;
    } else {
        test.receive(&paid).await;
    }
    let row = json!({ "status": "paid", "payment_intent": PAYMENT, "charge": "ch_1" });
    assert_eq!(test.rows("SELECT status, payment_intent, charge FROM invoices").await, [row]);
}

async fn waits_for_the_payment(test: &TestApp) {
    let waiting = format!(
        "SELECT count(*)::int4 AS waiting FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
         AND (classid::int8 << 32 | objid::int8) = hashtextextended('{PAYMENT}', 0)"
    );
    while test.rows(&waiting).await[0]["waiting"] == 0 {}
}
