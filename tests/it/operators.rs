//! What operators see and do: where the mirror stands, and the events that arrived.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use billgraph::{
    auth::Role,
    mirror::listed,
    sync::{
        sweep::sweep,
        verify::{HELD, Wanted, verify},
    },
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, customer, event},
    refusal,
};

const STATUS: &str =
    "{ mirrorStatus { objects { object rows deleted unsettled } lagSeconds failedEvents waitingJobs
    lastSweep { sweptUntil finishedAt seen found isRunning lastError }
    lastVerification { outcome checked drifted repaired report } } }";

const EVENTS: &str = "query(
    $first: Int, $after: String, $last: Int, $before: String, $filter: WebhookEventFilter) {
    webhookEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        nodes { id type object objectId state attempts reason created payload }
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

const REPLAY: &str = "mutation($input: ReplayWebhookEventsInput!) { replayWebhookEvents(input: $input) {
    events { id state reason } userErrors { field code message } } }";

impl TestApp {
    /// The ids of a page of events, and where it ends.
    async fn events_page(&self, token: &str, variables: Value) -> (Vec<String>, Value) {
        let mut data = self.data(Some(token), EVENTS, variables).await;
        let page = data["webhookEvents"].take();
        let nodes = page["nodes"].as_array().expect("a list");
        let ids = nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect();
        (ids, page["pageInfo"].clone())
    }

    async fn alter_table(&self, sql: &str) {
        self.app().db.writer.execute_unprepared(sql).await.expect(sql);
    }
}

#[tokio::test]
async fn all_of_it_is_for_admins() {
    let test = TestApp::start().await;
    let (reader, linker) = (test.service(Role::Reader).await, test.service(Role::Linker).await);
    let user = test.user("u_1");
    let replay = json!({ "input": { "failed": true } });
    for (query, variables) in [(STATUS, json!({})), (EVENTS, json!({})), (REPLAY, replay)] {
        assert_eq!(refusal(&test.graphql(None, query, variables.clone()).await), "UNAUTHENTICATED");
        for token in [&reader, &linker, &user] {
            let answer = test.graphql(Some(token), query, variables.clone()).await;
            assert_eq!(refusal(&answer), "FORBIDDEN", "{query}");
        }
    }
}

#[tokio::test]
async fn the_status_tells_what_the_mirror_holds_and_lacks() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let status = test.data(Some(&admin), STATUS, json!({})).await["mirrorStatus"].clone();
    let nothing = [&status["lagSeconds"], &status["lastSweep"], &status["lastVerification"]];
    assert_eq!(nothing, [&Value::Null; 3], "{status}");
    test.connect_webhooks(ENDIVE);
    let gone = test.at_stripe("/v1/customers", "name=Ada").await;
    test.at_stripe("/v1/customers", "name=Grace").await;
    test.delete_at_stripe(&format!("/v1/customers/{gone}")).await;
    test.sim.advance(7);
    test.deliver().await;
    test.sim.advance(60);
    let (app, wanted) = (test.app(), listed().filter(|mirror| mirror.object == "customer").collect());
    sweep(app, &app.stripe, None).await.expect("it is swept");
    test.alter_table("UPDATE customers SET name = 'x'").await;
    let wanted = Wanted { mirrors: wanted, sample: None, repair: true, pause: Duration::ZERO, held: HELD };
    verify(app, &app.stripe, &wanted, &mut |_| {}).await.expect("it is compared");
    let status = test.data(Some(&admin), STATUS, json!({})).await["mirrorStatus"].clone();
    let objects = status["objects"].as_array().expect("a list");
    let customers = objects.iter().find(|of| of["object"] == "customer").expect("they are counted");
    assert_eq!(*customers, json!({ "object": "customer", "rows": 2, "deleted": 1, "unsettled": 0 }));
    assert_eq!((&status["failedEvents"], &status["waitingJobs"]), (&json!(0), &json!(0)));
    assert_eq!(
        (&status["lastSweep"]["seen"], &status["lastSweep"]["found"], &status["lastSweep"]["isRunning"]),
        (&json!(3), &json!(0), &json!(false))
    );
    let verification = &status["lastVerification"];
    assert_eq!(
        (&verification["outcome"], &verification["repaired"]),
        (&json!("DRIFT"), &json!(1)),
        "{status}"
    );
    assert_eq!(verification["report"]["objects"][0]["drift"][0]["fields"], json!(["name"]));
}

#[tokio::test]
async fn machines_read_figures_of_it() {
    let test = TestApp::start().await;
    let figures = async || {
        let answer = test.client.get(test.url("/metrics")).send().await.expect("the gateway answers");
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let body = answer.text().await.expect("it is text");
        body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(figures().await[..2], ["billgraph_events_failed 0", "billgraph_jobs_waiting 0"]);
    test.alter_table("ALTER TABLE customers RENAME TO customers_away").await;
    test.receive(&event("customer.created", MADE, &customer("c1", "plan"))).await;
    test.alter_table("ALTER TABLE customers_away RENAME TO customers").await;
    assert_eq!(figures().await[0], "billgraph_events_failed 1");
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.advance(60);
    let (app, wanted) = (test.app(), listed().filter(|mirror| mirror.object == "customer").collect());
    sweep(app, &app.stripe, None).await.expect("it is swept");
    test.alter_table("UPDATE customers SET name = 'x'").await;
    let wanted = Wanted { mirrors: wanted, sample: None, repair: false, pause: Duration::ZERO, held: HELD };
    verify(app, &app.stripe, &wanted, &mut |_| {}).await.expect("it is compared");
    test.sim.faults().always_on("/v1/events", Fault::Forbidden);
    sweep(app, &app.stripe, None).await.expect_err("the key may not");
    let (told, now) = (figures().await, test.sim.now());
    let swept_until = format!("billgraph_swept_until_seconds {}", now - 10);
    let finished = format!("billgraph_verification_finished_seconds {now}");
    for expected in [
        swept_until.as_str(),
        "billgraph_sweep_failing 1",
        "billgraph_sweep_events_seen 1",
        "billgraph_sweep_events_found 1",
        "billgraph_sweep_events_found_total 1",
        finished.as_str(),
        "billgraph_verification_outcome{outcome=\"equal\"} 0",
        "billgraph_verification_outcome{outcome=\"drift\"} 1",
        "billgraph_verification_checked 1",
        "billgraph_verification_repaired 0",
        "billgraph_verification_drifted{object=\"customer\",kind=\"missing\"} 0",
        "billgraph_verification_drifted{object=\"customer\",kind=\"differs\"} 1",
    ] {
        assert!(told.iter().any(|line| line == expected), "{expected}: {told:?}");
    }
}

#[tokio::test]
async fn events_are_paged_and_filtered() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    for number in 0..5 {
        let who = format!("c{number}");
        test.receive(&event("customer.created", MADE + number, &customer(&who, "plan"))).await;
    }
    test.receive(&event("customer.updated", MADE - 1, &customer("c1", "plan"))).await;
    let id = |number: usize| {
        format!("evt_customer.created_cus_c{number}_{}", MADE + i64::try_from(number).expect("small"))
    };
    let (first, info) = test.events_page(&admin, json!({ "first": 2 })).await;
    assert_eq!(
        (first, &info["hasNextPage"], &info["hasPreviousPage"]),
        (vec![id(4), id(3)], &json!(true), &json!(false))
    );
    let (next, info) = test.events_page(&admin, json!({ "first": 10, "after": info["endCursor"] })).await;
    assert_eq!(
        (next.len(), &next[..3], &info["hasNextPage"]),
        (4, &[id(2), id(1), id(0)][..], &json!(false))
    );
    assert_eq!(info["hasPreviousPage"], true);
    let (back, info) = test.events_page(&admin, json!({ "last": 1, "before": info["startCursor"] })).await;
    assert_eq!(
        (back, &info["hasNextPage"], &info["hasPreviousPage"]),
        (vec![id(3)], &json!(true), &json!(true))
    );
    let (back, info) = test.events_page(&admin, json!({ "last": 5, "before": info["startCursor"] })).await;
    assert_eq!(
        (back, &info["hasNextPage"], &info["hasPreviousPage"]),
        (vec![id(4)], &json!(true), &json!(false))
    );
    for (filter, expected) in [
        (json!({ "state": ["STALE"] }), 1),
        (json!({ "state": ["APPLIED", "STALE"] }), 6),
        (json!({ "state": [] }), 0),
        (json!({ "type": "customer.updated" }), 1),
        (json!({ "object": "customer", "objectId": "cus_c1" }), 2),
        (json!({ "objectId": "' OR 1=1" }), 0),
    ] {
        let (found, _) = test.events_page(&admin, json!({ "filter": filter })).await;
        assert_eq!(found.len(), expected, "{filter}");
    }
    for variables in [
        json!({ "first": -1 }),
        json!({ "first": 101 }),
        json!({ "last": 101 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "after": "x" }),
        json!({ "before": "MSAxIGE" }),
        json!({ "after": event_cursor("-62135596801", "evt_1") }),
        json!({ "after": event_cursor("253402300800", "evt_1") }),
        json!({ "before": event_cursor("-8334601228800", "evt_1") }),
        json!({ "before": event_cursor(&i64::MAX.to_string(), "evt_1") }),
        json!({ "before": event_cursor("1", "evt\u{0}") }),
        json!({ "filter": { "type": "a\u{0}b" } }),
    ] {
        assert_eq!(
            refusal(&test.graphql(Some(&admin), EVENTS, variables.clone()).await),
            "INVALID",
            "{variables}"
        );
    }
    for moment in ["-62135596800", "253402300799"] {
        test.events_page(&admin, json!({ "after": event_cursor(moment, "evt_1") })).await;
    }
}

/// A cursor such as the gateway makes.
fn event_cursor(moment: &str, id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("event1 {moment} {id}"))
}

#[tokio::test]
async fn events_between_cursors_are_paged_and_all_are_counted_when_asked() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    for number in 0..6 {
        test.receive(&event("customer.created", MADE + number, &customer(&format!("c{number}"), "plan")))
            .await;
    }
    let (all, _) = test.events_page(&admin, json!({})).await;
    let between = json!({
        "after": event_cursor(&(MADE + 5).to_string(), &all[0]),
        "before": event_cursor(&(MADE + 1).to_string(), &all[4]),
    });
    for (count, places, previous, next) in [
        (json!({ "first": 9 }), 1..4, true, true),
        (json!({ "first": 2 }), 1..3, true, true),
        (json!({ "last": 2 }), 2..4, true, true),
        (json!({ "last": 9 }), 1..4, true, true),
    ] {
        let mut variables = between.clone();
        let more = count.as_object().expect("it is an object").clone();
        variables.as_object_mut().expect("it is an object").extend(more);
        let (found, info) = test.events_page(&admin, variables).await;
        assert_eq!(found, all[places], "{count}");
        assert_eq!(
            (&info["hasPreviousPage"], &info["hasNextPage"]),
            (&json!(previous), &json!(next)),
            "{count}"
        );
    }
    let count = async |fields: &str| {
        test.app().db.seen();
        let query =
            format!("{{ webhookEvents(first: 1, filter: {{ objectId: \"cus_c1\" }}) {{ {fields} }} }}");
        let data = test.data(Some(&admin), &query, json!({})).await;
        let seen = test.app().db.seen();
        let counts = seen.iter().filter(|statement| statement.sql.to_lowercase().contains("count("));
        (data["webhookEvents"]["totalCount"].clone(), counts.count())
    };
    assert_eq!(count("totalCount nodes { id }").await, (json!(1), 1));
    assert_eq!(count("nodes { id }").await, (Value::Null, 0), "it is counted only where that is asked");
    let whole = test.data(Some(&admin), "{ webhookEvents(first: 0) { totalCount } }", json!({})).await;
    assert_eq!(whole, json!({ "webhookEvents": { "totalCount": 6 } }));
}

#[tokio::test]
async fn events_that_failed_are_applied_again() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let replay = async |input: Value| {
        let data = test.data(Some(&admin), REPLAY, json!({ "input": input })).await;
        data["replayWebhookEvents"].clone()
    };
    test.alter_table("ALTER TABLE customers RENAME TO customers_away").await;
    let told = event("customer.created", MADE, &customer("c1", "plan"));
    test.receive(&told).await;
    let id = told["id"].as_str().expect("an id");
    let failed = replay(json!({ "ids": [id] })).await;
    assert_eq!(failed["events"][0]["state"], "FAILED", "{failed}");
    test.alter_table("ALTER TABLE customers_away RENAME TO customers").await;
    let applied = replay(json!({ "failed": true })).await;
    assert_eq!(applied["events"], json!([{ "id": id, "state": "APPLIED", "reason": null }]));
    assert_eq!(test.count("customers").await, 1);
    let unkept = replay(json!({ "ids": [id] })).await;
    assert_eq!((&unkept["events"][0]["id"], &unkept["userErrors"]), (&json!(id), &json!([])));
    for (input, code) in [
        (json!({}), "REQUIRED"),
        (json!({ "ids": [id], "failed": true }), "REQUIRED"),
        (json!({ "ids": [] }), "INVALID"),
        (json!({ "ids": vec![id; 101] }), "INVALID"),
        (json!({ "ids": ["a\u{0}"] }), "INVALID"),
        (json!({ "ids": [id, "evt_none"] }), "NOT_FOUND"),
    ] {
        let answer = replay(input.clone()).await;
        assert_eq!(
            (&answer["userErrors"][0]["code"], &answer["events"]),
            (&json!(code), &json!([])),
            "{input}"
        );
    }
}
