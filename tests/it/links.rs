//! Links on arrival: what Stripe's objects tell of users is stored with them, and never moves.

use billgraph::mirror::{
    links::{Recent, link},
    snapshot::{Snapshot, Source},
};
use futures_util::future::join;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    ENDIVE, TestApp,
    billing::{LINK, MADE, customer, event},
    refusal, with,
};

const LINKS: &str = "SELECT id, customer FROM users ORDER BY id";
const CONFLICTS: &str =
    "SELECT user_id, customer, linked_user, linked_customer, source FROM link_conflicts ORDER BY user_id";
const NOBODY: [Value; 0] = [];

/// A customer with this metadata.
fn noted(id: &str, metadata: &Value) -> Value {
    json!({ "id": id, "object": "customer", "created": MADE, "metadata": metadata })
}

/// A completed session of a customer for a user.
fn session(id: &str, user: &str, customer: &str) -> Value {
    json!({ "id": id, "object": "checkout.session", "created": MADE, "mode": "payment", "status": "complete",
            "client_reference_id": user, "customer": customer, "payment_link": null })
}

async fn completed(test: &TestApp, session: &Value) {
    test.receive(&event("checkout.session.completed", MADE, session)).await;
}

#[tokio::test]
async fn what_cannot_be_a_users_id_links_nobody() {
    let test = TestApp::start().await;
    let long = "x".repeat(256);
    for (index, user) in ["", "  ", "a\nb", "a\u{7f}", &long].into_iter().enumerate() {
        let id = format!("cus_{index}");
        test.know(&[noted(&id, &json!({ "user_id": user, "plan": "team" }))]).await;
        completed(&test, &session(&format!("cs_{index}"), user, &id)).await;
    }
    test.know(&[noted("cus_other", &json!({ "plan": "u_1", "User_id": "u_1" }))]).await;
    test.know(&[noted("cus_odd", &json!({ "user_id": 7 })), noted("cus_none", &Value::Null)]).await;
    assert_eq!(test.rows(LINKS).await, NOBODY);
    assert_eq!(test.rows(CONFLICTS).await, NOBODY);
}

#[tokio::test]
async fn sessions_that_tell_nothing_certain_link_nobody() {
    let test = TestApp::start().await;
    let told = session("cs_1", "u_1", "cus_1");
    for (index, change) in [
        // Anybody may write the reference into a payment link's URL.
        json!({ "payment_link": "plink_1" }),
        json!({ "status": "open" }),
        json!({ "status": "expired" }),
        json!({ "customer": null }),
        json!({ "client_reference_id": null }),
    ]
    .iter()
    .enumerate()
    {
        completed(&test, &with(with(told.clone(), change), &json!({ "id": format!("cs_{index}") }))).await;
    }
    let mut connected = event("checkout.session.completed", MADE, &told);
    connected["account"] = "acct_other".into();
    test.receive(&connected).await;
    let gone = noted("cus_gone", &json!({}));
    test.receive(&event("customer.deleted", MADE, &gone)).await;
    completed(&test, &session("cs_gone", "u_1", "cus_gone")).await;
    assert_eq!(test.rows(LINKS).await, NOBODY);
}

#[tokio::test]
async fn an_organizations_customer_is_not_the_user_who_bought_for_it() {
    let test = TestApp::start().await;
    test.know(&[customer("team", "organization_id")]).await;
    let admin = json!({ "org_id": "team", "org_role": "admin" });
    let linked = test.link(&test.token("m", &admin), json!({ "organizationId": "org:team" })).await;
    assert_eq!(linked["customer"]["id"], "cus_team");
    completed(&test, &session("cs_1", "team", "cus_team")).await;
    assert_eq!(test.rows(LINKS).await, NOBODY);
    assert_eq!(test.rows(CONFLICTS).await, NOBODY);
}

#[tokio::test]
async fn a_deleted_customer_is_nobodys() {
    let test = TestApp::start().await;
    let gone = noted("cus_1", &json!({ "user_id": "u_1" }));
    test.receive(&event("customer.deleted", MADE + 5, &gone)).await;
    test.receive(&event("customer.updated", MADE, &gone)).await;
    assert_eq!(test.rows(LINKS).await, NOBODY);
}

#[tokio::test]
async fn the_customer_may_come_first() {
    let test = TestApp::start().await;
    for key in ["user_id", "supabase_user_id", "auth0_user_id", "clerk_user_id"] {
        test.know(&[customer(key, key)]).await;
        let linked = test.link(&test.user(key), json!({})).await;
        assert_eq!(linked["outcome"], "ALREADY_LINKED");
        assert_eq!(linked["customer"]["id"], format!("cus_{key}"));
    }
    let emails = test.rows("SELECT email FROM users WHERE id = 'user_id'").await;
    assert_eq!(emails, [json!({ "email": "user_id@example.com" })]);
    assert_eq!(test.asked(), [""; 0]);
}

#[tokio::test]
async fn the_user_may_come_first() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    let token = test.user("u_1");
    assert_eq!(refusal(&test.try_link(Some(&token), json!({})).await), "UNAVAILABLE");
    assert_eq!(test.rows(LINKS).await, [json!({ "id": "u_1", "customer": null })]);
    let version = test.app().changes.links_version();
    test.know(&[noted("cus_1", &json!({ "user_id": "u_1" }))]).await;
    assert_eq!(test.rows(LINKS).await, [json!({ "id": "u_1", "customer": "cus_1" })]);
    assert_ne!(test.app().changes.links_version(), version, "followers look again at what they may see");
    let data = test.data(Some(&token), "{ viewer { customer { id } } }", json!({})).await;
    assert_eq!(data["viewer"]["customer"]["id"], "cus_1");
}

#[tokio::test]
async fn the_first_key_that_has_a_value_names_the_user() {
    let test = TestApp::with(|settings| settings.billgraph_link_metadata_keys = "b,a".to_owned()).await;
    test.know(&[
        noted("cus_1", &json!({ "a": "u_a", "b": "u_b" })),
        noted("cus_2", &json!({ "a": "alias|u_2", "b": "" })),
        noted("cus_3", &json!({ "user_id": "u_3" })),
    ])
    .await;
    let expected =
        [json!({ "id": "alias|u_2", "customer": "cus_2" }), json!({ "id": "u_b", "customer": "cus_1" })];
    assert_eq!(test.rows(LINKS).await, expected);
}

#[tokio::test]
async fn a_completed_session_names_its_user() {
    let test = TestApp::start().await;
    completed(&test, &session("cs_1", "u_1", "cus_1")).await;
    assert_eq!(test.rows(LINKS).await, [json!({ "id": "u_1", "customer": "cus_1" })]);
    test.know(&[noted("cus_1", &json!({}))]).await;
    assert_eq!(test.link(&test.user("u_1"), json!({})).await["outcome"], "ALREADY_LINKED");
}

#[tokio::test]
async fn a_link_that_is_there_never_moves() {
    let test = TestApp::start().await;
    test.know(&[noted("cus_1", &json!({ "user_id": "u_1" }))]).await;
    test.know(&[noted("cus_2", &json!({ "user_id": "u_2" }))]).await;
    let before = test.rows(LINKS).await;
    // The customer is said to be another user, and the user another customer; twice.
    for created in [MADE + 1, MADE + 2] {
        let other_user = noted("cus_1", &json!({ "user_id": "u_3" }));
        test.receive(&event("customer.updated", created, &other_user)).await;
        let other_customer = noted("cus_3", &json!({ "user_id": "u_1" }));
        test.receive(&event("customer.updated", created, &other_customer)).await;
    }
    completed(&test, &session("cs_1", "u_1", "cus_2")).await;
    assert_eq!(test.rows(LINKS).await, before);
    let conflict = |user: &str, customer: &str, linked_user, linked_customer, source: &str| {
        let linked_user: Option<&str> = linked_user;
        let linked_customer: Option<&str> = linked_customer;
        json!({ "user_id": user, "customer": customer, "linked_user": linked_user,
                "linked_customer": linked_customer, "source": source })
    };
    let mut conflicts = test.rows(CONFLICTS).await;
    conflicts.sort_by_key(ToString::to_string);
    let mut expected = vec![
        conflict("u_1", "cus_2", Some("u_2"), Some("cus_1"), "client_reference_id"),
        conflict("u_1", "cus_3", None, Some("cus_1"), "metadata"),
        conflict("u_3", "cus_1", Some("u_1"), None, "metadata"),
    ];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(conflicts, expected);
}

#[tokio::test]
async fn a_link_to_a_customer_that_was_deleted_gives_way() {
    let test = TestApp::start().await;
    let first = noted("cus_1", &json!({ "user_id": "u_1" }));
    test.know(std::slice::from_ref(&first)).await;
    test.receive(&event("customer.deleted", MADE + 1, &first)).await;
    test.know(&[noted("cus_2", &json!({ "user_id": "u_1" }))]).await;
    assert_eq!(test.rows(LINKS).await, [json!({ "id": "u_1", "customer": "cus_2" })]);
    assert_eq!(test.rows(CONFLICTS).await, NOBODY);
}

#[tokio::test]
async fn a_customer_is_linked_as_an_admin_says_whatever_its_metadata_names() {
    let test = TestApp::start().await;
    let admin = test.service(billgraph::auth::Role::Admin).await;
    let named = test.at_stripe("/v1/customers", "metadata[user_id]=u_1").await;
    let linked = test.link(&admin, json!({ "userId": "u_2", "customerId": named })).await;
    assert_eq!(linked["customer"]["id"], named);
    assert_eq!(test.rows(LINKS).await, [json!({ "id": "u_2", "customer": named })]);
    let other = test.at_stripe("/v1/customers", "metadata[user_id]=u_3").await;
    let linked = test.link(&admin, json!({ "userId": "u_3", "customerId": other })).await;
    assert_eq!((&linked["customer"]["id"], &linked["userErrors"]), (&json!(other), &json!([])));
}

#[tokio::test]
async fn a_batch_takes_the_same_statements_for_any_number_of_customers() {
    let test = TestApp::start().await;
    let objects: Vec<Value> = (0..60).map(|index| customer(&format!("u_{index}"), "user_id")).collect();
    test.know(&objects).await;
    assert_eq!(test.count("users").await, 60);
    let snapshot = |object: &Value| {
        let source = Source::fetched(MADE, ENDIVE);
        Snapshot::of(object, &object.to_string(), source).expect("customers have a table")
    };
    let known: Vec<Snapshot> = objects.iter().map(snapshot).collect();
    let plain = snapshot(&noted("cus_plain", &json!({ "plan": "team" })));
    let app = test.app();
    let ingest = app.db.ingest().await.expect("the database is known");
    let mut counted = Vec::new();
    for rows in [&[&plain][..], &[&known[0]], &known.iter().collect::<Vec<_>>()] {
        let tx = ingest.begin().await.expect("it begins");
        let before = app.db.statements();
        link(&tx, rows, &app.config.link_metadata_keys, &Recent::default(), app.clock.now())
            .await
            .expect("it links");
        counted.push(app.db.statements() - before);
        tx.commit().await.expect("it ends");
    }
    assert_eq!(counted, [0, 2, 2]);
}

#[tokio::test]
async fn two_processes_that_are_told_of_one_customer_link_it_once() {
    let one = TestApp::start().await;
    let other = TestApp::over(one.database.clone(), one.sim.clone(), one.issuer.clone(), |_| {}).await;
    for round in 0..10 {
        let customer = format!("cus_{round}");
        let told = |side: &str| {
            let (id, user) = (format!("cs_{side}_{round}"), format!("{side}_{round}"));
            event("checkout.session.completed", MADE, &session(&id, &user, &customer))
        };
        let (a, b) = (told("a"), told("b"));
        let (first, second) = join(one.post_event(&a), other.post_event(&b)).await;
        assert_eq!((first.0, second.0), (StatusCode::OK, StatusCode::OK));
    }
    assert_eq!(one.rows("SELECT id FROM webhook_events WHERE state <> 'applied'").await, NOBODY);
    assert_eq!(one.rows("SELECT id FROM users WHERE customer IS NOT NULL").await.len(), 10);
    assert_eq!(one.rows(CONFLICTS).await.len(), 10);
}

#[tokio::test]
async fn an_event_and_a_mutation_at_once_leave_one_link() {
    let one = TestApp::start().await;
    let other = TestApp::over(one.database.clone(), one.sim.clone(), one.issuer.clone(), |_| {}).await;
    for round in 0..8 {
        let user = format!("u_{round}");
        let customer = one.at_stripe("/v1/customers", &format!("metadata[user_id]={user}")).await;
        let object = one.customers().into_iter().find(|known| known["id"] == customer).expect("it is there");
        let event = event("customer.created", one.sim.now(), &object);
        let token = one.user(&user);
        let variables = json!({ "input": {} });
        let (linked, posted) = join(one.data(Some(&token), LINK, variables), other.post_event(&event)).await;
        assert_eq!(posted.0, StatusCode::OK);
        assert_eq!(linked["linkCustomer"]["customer"]["id"], customer, "{linked}");
        let stored = one.rows(&format!("SELECT customer FROM users WHERE id = '{user}'")).await;
        assert_eq!(stored, [json!({ "customer": customer })]);
    }
    assert_eq!(one.rows(CONFLICTS).await, NOBODY);
    assert_eq!(one.rows("SELECT id FROM webhook_events WHERE state = 'failed'").await, NOBODY);
}
