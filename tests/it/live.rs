//! Changes, pushed over WebSockets and server-sent events.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{LINK, MADE, account, customer, event, subscription},
    socket::{PROTOCOL, Socket},
};

const CHANGED: &str = "subscription { subscriptionChanged { kind eventType subscription { id status } } }";

/// An event that gives somebody's subscription another status.
fn becomes(who: &str, status: &str, at: i64) -> Value {
    event("customer.subscription.updated", MADE + at, &subscription(who, status))
}

fn pushed(who: &str, status: &str) -> Value {
    let subscription = json!({ "id": format!("sub_{who}"), "status": status.to_uppercase() });
    let event_type = "customer.subscription.updated";
    json!({ "subscriptionChanged": { "kind": "UPDATED", "eventType": event_type, "subscription": subscription } })
}

async fn two_accounts() -> (TestApp, String, String) {
    let test = TestApp::start().await;
    test.know(&[account("a", "user_id"), account("b", "user_id")].concat()).await;
    let (a, b) = (test.linked("a").await, test.linked("b").await);
    (test, a, b)
}

#[tokio::test]
async fn nobody_follows_anything() {
    let test = TestApp::start().await;
    let mut socket = Socket::open(&test.url("/graphql"), PROTOCOL, &[]).await.expect("the gateway upgrades");
    socket.init(json!({})).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
    socket.subscribe(CHANGED).await;
    let refused = socket.next().await;
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
}

#[tokio::test]
async fn a_bad_cursor_is_refused() {
    let (test, a, _) = two_accounts().await;
    for cursor in ["", "x", "MSAx!", "MiAx", "MSBhYmM"] {
        let mut socket = Socket::signed_in(&test, &a).await;
        socket
            .subscribe(&format!("subscription {{ subscriptionChanged(after: \"{cursor}\") {{ kind }} }}"))
            .await;
        let refused = socket.next().await;
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "INVALID", "{cursor}: {refused}");
    }
}

#[tokio::test]
async fn a_user_follows_what_is_theirs() {
    let (test, a, b) = two_accounts().await;
    let foreign = CHANGED.replace("Changed {", "Changed(customerId: \"cus_b\") {");
    let other = CHANGED.replace("Changed {", "Changed(userId: \"user:b\") {");
    let own = CHANGED.replace("Changed {", "Changed(customerId: \"cus_a\", userId: \"a\") {");
    let mut sockets = Vec::new();
    for (token, query) in [(&a, CHANGED), (&a, &own), (&b, CHANGED), (&a, &foreign), (&a, &other)] {
        let mut socket = Socket::signed_in(&test, token).await;
        socket.follow(&test, query).await;
        sockets.push(socket);
    }
    for at in [1, 2] {
        test.receive(&becomes("b", "past_due", at)).await;
        test.receive(&becomes("a", "past_due", at)).await;
    }
    for _ in [1, 2] {
        assert_eq!(sockets[2].data().await, pushed("b", "past_due"));
        assert_eq!(sockets[0].data().await, pushed("a", "past_due"));
        assert_eq!(sockets[1].data().await, pushed("a", "past_due"));
    }
    for socket in &mut sockets {
        socket.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_reader_follows_everybody_or_a_user() {
    let (test, _, _) = two_accounts().await;
    let reader = test.service(Role::Reader).await;
    let (mut all, mut one) =
        (Socket::signed_in(&test, &reader).await, Socket::signed_in(&test, &reader).await);
    all.follow(&test, CHANGED).await;
    one.follow(&test, &CHANGED.replace("Changed {", "Changed(userId: \"b\") {")).await;
    test.receive(&becomes("a", "unpaid", 1)).await;
    test.receive(&becomes("b", "canceled", 1)).await;
    assert_eq!(all.data().await, pushed("a", "unpaid"));
    assert_eq!(all.data().await, pushed("b", "canceled"));
    assert_eq!(one.data().await, pushed("b", "canceled"));
}

#[tokio::test]
async fn a_user_who_is_linked_later_is_told_from_then_on() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    for (who, metadata_key) in [("late", "plan"), ("later", "user_id")] {
        let mut socket = Socket::signed_in(&test, &test.user(who)).await;
        socket.follow(&test, CHANGED).await;
        test.know(&[subscription(who, "active")]).await;
        test.receive(&becomes(who, "past_due", 1)).await;
        socket.assert_quiet().await;
        // Who is named by the metadata is linked as the customer comes.
        test.know(&[customer(who, metadata_key)]).await;
        if metadata_key == "plan" {
            let input = json!({ "input": { "userId": who, "customerId": format!("cus_{who}") } });
            test.data(Some(&admin), LINK, input).await;
        }
        test.receive(&becomes(who, "active", 2)).await;
        assert_eq!(socket.data().await, pushed(who, "active"));
    }
}

#[tokio::test]
async fn a_cursor_resumes_with_nothing_lost_and_nothing_repeated() {
    const CURSORS: &str = "subscription { subscriptionChanged { cursor eventId } }";
    let (test, a, _) = two_accounts().await;
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.follow(&test, CURSORS).await;
    test.receive(&becomes("a", "past_due", 1)).await;
    let cursor = socket.data().await["subscriptionChanged"]["cursor"].take();
    drop(socket);
    for at in 2..=6 {
        test.receive(&becomes("b", "unpaid", at)).await;
        test.receive(&becomes("a", "unpaid", at)).await;
    }
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.subscribe(&CURSORS.replace("Changed {", &format!("Changed(after: {cursor}) {{"))).await;
    let mut last = cursor.to_string();
    for at in 2..=8 {
        if at > 6 {
            test.receive(&becomes("a", "active", at)).await;
        }
        let event = format!("evt_customer.subscription.updated_sub_a_{}", MADE + at);
        let change = socket.data().await["subscriptionChanged"].take();
        assert_eq!(change["eventId"], json!(event));
        assert_ne!(change["cursor"].to_string(), last, "each change has a place of its own");
        last = change["cursor"].to_string();
    }
    socket.assert_quiet().await;
}

#[tokio::test]
async fn what_is_pushed_is_as_it_is_now() {
    const JOINED: &str = "subscription { subscriptionChanged { subscription { status latestInvoice { status }
        customer { name subscriptions { nodes { status } } } } } }";
    let (test, a, _) = two_accounts().await;
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.follow(&test, JOINED).await;
    let mut invoice =
        account("a", "user_id").into_iter().find(|object| object["id"] == "in_a").expect("it is there");
    let mut customer = customer("a", "user_id");
    for (at, status, paid, name) in [(1, "past_due", "open", "Ann"), (2, "active", "paid", "Anna")] {
        (invoice["status"], customer["name"]) = (paid.into(), name.into());
        test.receive(&event("invoice.updated", MADE + at, &invoice)).await;
        test.receive(&event("customer.updated", MADE + at, &customer)).await;
        test.receive(&becomes("a", status, at)).await;
        let status = status.to_uppercase();
        let subscriptions = json!({ "nodes": [{ "status": status }] });
        let expected = json!({ "status": status, "latestInvoice": { "status": paid.to_uppercase() },
                               "customer": { "name": name, "subscriptions": subscriptions } });
        assert_eq!(socket.data().await["subscriptionChanged"]["subscription"], expected);
    }
}

/// What each answer over a socket reads is forgotten with it: an object is read once for an answer, and anew for the next.
#[tokio::test]
async fn an_answer_reads_an_object_once_and_the_next_one_anew() {
    const TWICE: &str = "subscription { subscriptionChanged { subscription {
        customer { name subscriptions { nodes { customer { name } } } } again: customer { name } } } }";
    const ASKED: &str = "{ customer(id: \"cus_a\") { name subscriptions { nodes { customer { name } } } } }";
    let (test, a, _) = two_accounts().await;
    let (mut following, mut asking) =
        (Socket::signed_in(&test, &a).await, Socket::signed_in(&test, &a).await);
    following.follow(&test, TWICE).await;
    let mut named = customer("a", "user_id");
    for (at, name) in [(1, "Ann"), (2, "Anna"), (3, "Anne")] {
        named["name"] = name.into();
        test.receive(&event("customer.updated", MADE + at, &named)).await;
        test.app().db.seen();
        test.receive(&becomes("a", "active", at)).await;
        let subscription = following.data().await["subscriptionChanged"]["subscription"].take();
        let own = json!({ "customer": { "name": name } });
        let customer = json!({ "name": name, "subscriptions": { "nodes": [own] } });
        assert_eq!(subscription, json!({ "customer": customer, "again": { "name": name } }));
        let seen = test.app().db.seen();
        let customers = seen.iter().filter(|statement| statement.sql.contains("FROM \"customers\""));
        assert_eq!(customers.count(), 1, "{seen:?}");
        assert_eq!(asking.ask(ASKED).await, json!({ "customer": customer }));
    }
}

#[tokio::test]
async fn a_socket_sees_what_its_user_may_see_now() {
    const VIEWER: &str = "{ viewer { customer { id } } customer(id: \"cus_late\") { id } }";
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.know(&[customer("late", "plan")]).await;
    let mut socket = Socket::signed_in(&test, &test.user("late")).await;
    assert_eq!(socket.ask(VIEWER).await, json!({ "viewer": { "customer": null }, "customer": null }));
    let input = json!({ "input": { "userId": "late", "customerId": "cus_late" } });
    test.data(Some(&admin), LINK, input).await;
    let own = json!({ "id": "cus_late" });
    assert_eq!(socket.ask(VIEWER).await, json!({ "viewer": { "customer": own }, "customer": own }));
}
