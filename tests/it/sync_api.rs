//! Loads and single objects by GraphQL: who may, what is refused, and how a load is followed.

use billgraph::auth::Role;
use chrono::DateTime;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::{
    backfill::customers,
    support::{ENDIVE, TestApp, refusal, socket::Socket, user_errors},
};

const START: &str = "mutation($input: StartBackfillInput!) { startBackfill(input: $input) {
    run { id state createdGte createdLt startedAt error objects { object state loaded refused done error } }
    userErrors { field message code } } }";

const SYNC: &str = "mutation($id: ID!) { syncObject(id: $id) { objectType deleted companions
    node { id ... on BillingSubscription { customer { id } items { nodes { price { product { id } } } } } }
    userErrors { field message code } } }";

const RUNS: &str = "query($first: Int, $after: String) { syncRuns(first: $first, after: $after) {
    totalCount nodes { id state finishedAt updatedAt objects { object loaded done } }
    pageInfo { hasNextPage endCursor } } }";

impl TestApp {
    /// `startBackfill`, and its payload.
    async fn start_backfill(&self, admin: &str, input: Value) -> Value {
        self.data(Some(admin), START, json!({ "input": input })).await["startBackfill"].take()
    }

    /// `syncObject`, and its payload.
    async fn sync_object(&self, admin: &str, id: &str) -> Value {
        self.data(Some(admin), SYNC, json!({ "id": id })).await["syncObject"].take()
    }

    /// What is pushed of a load, until it ends.
    async fn followed(&self, admin: &str, run: &Value) -> Vec<Value> {
        let mut socket = Socket::signed_in(self, admin).await;
        let fields = "id state finishedAt objects { object state loaded done }";
        socket.subscribe(&format!("subscription {{ syncRunProgress(id: {run}) {{ {fields} }} }}")).await;
        let mut pushed = Vec::new();
        loop {
            let mut message = socket.next().await;
            if message["type"] == "complete" {
                return pushed;
            }
            assert_eq!(message["payload"].get("errors"), None, "{message}");
            pushed.push(message["payload"]["data"]["syncRunProgress"].take());
        }
    }
}

#[tokio::test]
async fn only_an_admin_may() {
    let test = TestApp::start().await;
    let (reader, linker) = (test.service(Role::Reader).await, test.service(Role::Linker).await);
    let user = test.user("ada");
    for (token, code) in [
        (None, "UNAUTHENTICATED"),
        (Some(&user), "FORBIDDEN"),
        (Some(&reader), "FORBIDDEN"),
        (Some(&linker), "FORBIDDEN"),
    ] {
        let token = token.map(String::as_str);
        for (query, variables) in [
            (START, json!({ "input": {} })),
            (START, json!({ "input": { "objects": ["custmer"] } })),
            (SYNC, json!({ "id": "cus_1" })),
            (RUNS, json!({})),
            ("{ syncRun(id: \"run_1\") { id } }", json!({})),
        ] {
            assert_eq!(refusal(&test.graphql(token, query, variables).await), code, "{query}");
        }
        let Some(token) = token else { continue };
        let mut socket = Socket::signed_in(&test, token).await;
        socket.subscribe("subscription { syncRunProgress(id: \"run_1\") { id } }").await;
        assert_eq!(refusal(&socket.next().await["payload"]), code);
    }
    assert_eq!(test.asked(), [] as [&str; 0]);
    assert_eq!(test.rows("SELECT id FROM sync_runs").await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_starts_nothing() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let created = |bounds: Value| json!({ "created": bounds });
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    for (input, expected) in [
        (json!({ "objects": ["custmer"] }), "input.objects INVALID"),
        (json!({ "objects": ["customer", "\u{0}"] }), "input.objects INVALID"),
        (json!({ "objects": ["subscription_item"] }), "input.objects INVALID"),
        (json!({ "objects": ["x".repeat(100_000)] }), "input.objects INVALID"),
        (created(json!({ "gte": late, "lt": early })), "input.created INVALID"),
        (created(json!({ "gte": early, "lt": early })), "input.created INVALID"),
        (created(json!({ "gt": early, "gte": early })), "input.created INVALID"),
        (created(json!({ "lt": late, "lte": late })), "input.created INVALID"),
        (created(json!({ "gte": "1969-12-31T23:59:59Z" })), "input.created INVALID"),
        (created(json!({ "lt": "9999-01-01T00:00:00Z" })), "input.created INVALID"),
    ] {
        let payload = test.start_backfill(&admin, input).await;
        assert_eq!((user_errors(&payload), &payload["run"]), (vec![expected.to_owned()], &Value::Null));
        assert!(payload.to_string().len() < 5000, "what is told is short");
    }
    for input in [json!({ "created": { "gte": "hunter2" } }), json!({ "object": "customer" }), json!(5)] {
        let answer = test.graphql(Some(&admin), START, json!({ "input": input })).await;
        assert!(answer["errors"].is_array() && answer["data"].is_null(), "{answer}");
    }
    for id in ["", "hunter2", "il_1", "cbtxn_1", "cus_1/../../account", "cus_\u{0}", "cus_1?expand[]=x"] {
        let payload = test.sync_object(&admin, id).await;
        assert_eq!(
            (user_errors(&payload), &payload["deleted"]),
            (vec!["id INVALID".to_owned()], &Value::Null)
        );
        assert!(!payload.to_string().contains("hunter2"), "{payload}");
    }
    for id in ["run_1", "", "\\u0000", "' OR 1=1"] {
        let read = test.data(Some(&admin), &format!("{{ syncRun(id: \"{id}\") {{ id }} }}"), json!({})).await;
        assert_eq!(read, json!({ "syncRun": null }));
        let mut socket = Socket::signed_in(&test, &admin).await;
        socket.subscribe(&format!("subscription {{ syncRunProgress(id: \"{id}\") {{ id }} }}")).await;
        assert_eq!(refusal(&socket.next().await["payload"]), "NOT_FOUND");
    }
    assert_eq!(test.rows("SELECT id FROM sync_runs").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_load_is_started_and_followed_to_its_end() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let made = customers(&test, 6).await;
    let born = |place: usize| {
        let all = test.sim.objects("customer", ENDIVE);
        let found = all.iter().find(|customer| customer["id"] == made[place]).expect("it is there");
        found["created"].as_i64().expect("a time")
    };
    let time = |second: i64, part: &str| {
        let second = DateTime::from_timestamp(second, 0).expect("a time");
        format!("{}{part}Z", second.format("%Y-%m-%dT%H:%M:%S"))
    };
    // After the first, and not after the fourth: parts of a second count as they should.
    let range = json!({ "gte": time(born(0), ".001"), "lte": time(born(3), ".999") });
    let started = test.start_backfill(&admin, json!({ "objects": ["customer"], "created": range })).await;
    assert_eq!(user_errors(&started), [] as [&str; 0]);
    let run = &started["run"];
    assert_eq!((&run["state"], &run["objects"][0]["object"]), (&json!("RUNNING"), &json!("customer")));
    let pushed = test.followed(&admin, &run["id"]).await;
    let last = pushed.last().expect("something was pushed");
    assert_eq!((&last["id"], &last["state"]), (&run["id"], &json!("COMPLETED")));
    assert_eq!(
        last["objects"],
        json!([{ "object": "customer", "state": "LOADED", "loaded": 3, "done": 1.0 }])
    );
    assert!(last["finishedAt"].is_string(), "{last}");
    let held = test.rows("SELECT id FROM customers ORDER BY created").await;
    assert_eq!(held, made[1..4].iter().map(|id| json!({ "id": id })).collect::<Vec<_>>());
    // What has ended is told once.
    assert_eq!(test.followed(&admin, &run["id"]).await, std::slice::from_ref(last));
}

#[tokio::test]
async fn what_goes_further_is_pushed() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    customers(&test, 3).await;
    test.sim.faults().always_on("/v1/customers", Fault::RateLimited { retry_after: None });
    let started = test.start_backfill(&admin, json!({ "objects": ["customer"] })).await;
    let id = &started["run"]["id"];
    let mut socket = Socket::signed_in(&test, &admin).await;
    let query = format!("subscription {{ syncRunProgress(id: {id}) {{ state objects {{ loaded }} }} }}");
    socket.subscribe(&query).await;
    let told = |state: &str, loaded: u64| json!({ "syncRunProgress": { "state": state, "objects": [{ "loaded": loaded }] } });
    assert_eq!(socket.data().await, told("RUNNING", 0));
    socket.assert_quiet().await;
    test.sim.faults().clear();
    let mut last = socket.data().await;
    while last == told("RUNNING", 3) {
        last = socket.data().await;
    }
    assert_eq!(last, told("COMPLETED", 3));
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
}

#[tokio::test]
async fn the_second_of_two_is_told_of_the_first() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.faults().always_on("/v1/customers", Fault::RateLimited { retry_after: None });
    let first = test.start_backfill(&admin, json!({ "objects": ["customer"] })).await;
    let second = test.start_backfill(&admin, json!({ "objects": ["customer"] })).await;
    assert_eq!(user_errors(&second), ["input UNDER_WAY"]);
    assert_eq!((second["run"]["id"].is_string(), &second["run"]["id"]), (true, &first["run"]["id"]));
    test.sim.faults().clear();
    test.followed(&admin, &first["run"]["id"]).await;
    let third = test.start_backfill(&admin, json!({ "objects": ["customer"] })).await;
    assert_ne!(third["run"]["id"], first["run"]["id"], "that one is done");
    test.followed(&admin, &third["run"]["id"]).await;
}

#[tokio::test]
async fn loads_are_listed_newest_first() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    customers(&test, 2).await;
    let mut ids = Vec::new();
    for object in ["customer", "product", "price"] {
        let started = test.start_backfill(&admin, json!({ "objects": [object] })).await;
        test.followed(&admin, &started["run"]["id"]).await;
        ids.insert(0, started["run"]["id"].clone());
        test.sim.advance(1);
    }
    let page = |variables: Value| test.data(Some(&admin), RUNS, variables);
    let first = page(json!({ "first": 2 })).await["syncRuns"].take();
    let listed = |page: &Value| {
        let nodes = page["nodes"].as_array().expect("a list");
        nodes.iter().map(|node| node["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((listed(&first), &first["totalCount"]), (ids[..2].to_vec(), &json!(3)));
    let rest = page(json!({ "first": 2, "after": first["pageInfo"]["endCursor"] })).await["syncRuns"].take();
    assert_eq!((listed(&rest), &rest["pageInfo"]["hasNextPage"]), (ids[2..].to_vec(), &json!(false)));
    let oldest = &rest["nodes"][0];
    assert_eq!(oldest["objects"], json!([{ "object": "customer", "loaded": 2, "done": 1.0 }]));
    let read = format!("{{ syncRun(id: {}) {{ objects {{ loaded }} }} }}", ids[2]);
    let read = test.data(Some(&admin), &read, json!({})).await;
    assert_eq!(read, json!({ "syncRun": { "objects": [{ "loaded": 2 }] } }));
    let mut statements = Vec::new();
    for first in [1, 3] {
        let before = test.app().db.statements();
        page(json!({ "first": first })).await;
        statements.push(test.app().db.statements() - before);
    }
    assert_eq!(statements[0], statements[1], "as many statements for one as for three");
}

#[tokio::test]
async fn one_object_comes_with_what_it_names() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.generate(300);
    let subscriptions = test.sim.objects("subscription", ENDIVE);
    let subscription = &subscriptions[0];
    let payload = test.sync_object(&admin, subscription["id"].as_str().expect("an id")).await;
    assert_eq!(user_errors(&payload), [] as [&str; 0]);
    assert_eq!((&payload["objectType"], &payload["deleted"]), (&json!("subscription"), &json!(false)));
    assert!(payload["companions"].as_u64().is_some_and(|companions| companions >= 3), "{payload}");
    let node = &payload["node"];
    assert_eq!((&node["id"], &node["customer"]["id"]), (&subscription["id"], &subscription["customer"]));
    assert!(node["items"]["nodes"][0]["price"]["product"]["id"].is_string(), "{node}");
    let gone = test.sync_object(&admin, "price_gone").await;
    assert_eq!((&gone["objectType"], &gone["deleted"]), (&json!("price"), &json!(true)), "{gone}");
}

#[tokio::test]
async fn what_stripe_refuses_is_told_without_its_words() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.faults().always(Fault::KeyRevoked);
    for (query, variables) in [(START, json!({ "input": {} })), (SYNC, json!({ "id": "cus_1" }))] {
        let answer = test.graphql(Some(&admin), query, variables).await;
        assert_eq!(refusal(&answer), "STRIPE");
        assert!(!answer.to_string().contains("Expired"), "{answer}");
    }
}
