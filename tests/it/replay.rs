//! Events that could not be applied: tried again by themselves, and by `billgraph replay`.

use billgraph::sync::retry;
use chrono::DateTime;
use futures_util::future::join;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, event},
    process::{billgraph, run, text},
};

const EVENTS: &str = "SELECT id, state, attempts FROM webhook_events ORDER BY id";
const NAMES: &str = "SELECT id, name FROM coupons ORDER BY id";

fn coupon(id: &str, name: &str) -> Value {
    json!({ "id": id, "object": "coupon", "name": name, "created": MADE, "percent_off": 10, "duration": "once",
            "valid": true, "times_redeemed": 0 })
}

impl TestApp {
    async fn execute(&self, sql: &str) {
        self.app().db.writer.execute_unprepared(sql).await.expect(sql);
    }

    /// Makes that no event of a coupon can be applied.
    async fn break_coupons(&self) {
        self.execute("ALTER TABLE coupons RENAME TO coupons_away").await;
    }

    async fn mend_coupons(&self) {
        self.execute("ALTER TABLE coupons_away RENAME TO coupons").await;
    }

    async fn retry(&self) {
        let app = self.app();
        retry::drain(app, app.clock.now()).await.expect("the database answers");
    }

    async fn event_states(&self) -> Vec<(String, String, i64)> {
        let rows = self.rows(EVENTS).await;
        let text = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
        let state =
            |row: &Value| (text(row, "id"), text(row, "state"), row["attempts"].as_i64().expect("a number"));
        rows.iter().map(state).collect()
    }

    async fn replay(&self, arguments: &[&str]) -> (Option<i32>, Vec<String>, String) {
        let ended = run(billgraph(&self.database, &[&["replay"], arguments].concat(), &[]), "").await;
        let lines = text(&ended.stdout).lines().map(str::to_owned).collect();
        (ended.status.code(), lines, text(&ended.stderr).to_owned())
    }
}

fn state(id: &str, state: &str, attempts: i64) -> (String, String, i64) {
    (id.to_owned(), state.to_owned(), attempts)
}

#[tokio::test]
async fn an_event_that_failed_is_tried_again_later_and_later() {
    let test = TestApp::start().await;
    test.break_coupons().await;
    let created = event("coupon.created", MADE, &coupon("ten", "Ten"));
    let id = created["id"].as_str().expect("an id");
    test.receive(&created).await;
    test.retry().await;
    assert_eq!(test.event_states().await, [state(id, "failed", 1)], "it is not due yet");
    for (pause, attempts) in [(5, 2), (0, 2), (10, 3), (20, 4)] {
        test.sim.advance(pause);
        test.retry().await;
        assert_eq!(test.event_states().await, [state(id, "failed", attempts)], "after {pause} s");
    }
    let rows = test.rows("SELECT reason, payload, applied_at FROM webhook_events").await;
    assert!(rows[0]["reason"].as_str().is_some_and(|reason| reason.contains("coupons")), "{rows:?}");
    assert!(rows[0]["payload"].is_string() && rows[0]["applied_at"].is_null(), "{rows:?}");
    test.execute("UPDATE webhook_events SET attempts = 2000000000").await;
    test.sim.advance(3600);
    test.retry().await;
    let rows = test.rows("SELECT retry_at FROM webhook_events").await;
    let retry_at =
        DateTime::parse_from_rfc3339(rows[0]["retry_at"].as_str().expect("a time")).expect("a time");
    let pause = (retry_at.to_utc() - test.app().clock.now()).num_seconds();
    assert!((1799..=3600).contains(&pause), "{pause}");
    test.mend_coupons().await;
    test.sim.advance(3600);
    test.retry().await;
    assert_eq!(test.event_states().await, [state(id, "applied", 2_000_000_002)]);
    let rows = test.rows("SELECT reason, applied_at, retry_at FROM webhook_events").await;
    assert!(rows[0]["reason"].is_null() && rows[0]["retry_at"].is_null(), "{rows:?}");
    assert!(rows[0]["applied_at"].is_string());
    assert_eq!(test.rows(NAMES).await, [json!({ "id": "ten", "name": "Ten" })]);
    test.receive(&created).await;
    assert_eq!(test.rows("SELECT seq FROM changes").await.len(), 1, "it is told once");
}

#[tokio::test]
async fn of_two_replicas_one_tries_it() {
    let test = TestApp::start().await;
    test.break_coupons().await;
    let ids: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
    for id in &ids {
        test.receive(&event("coupon.created", MADE, &coupon(id, id))).await;
    }
    test.mend_coupons().await;
    test.sim.advance(5);
    let other = TestApp::over(test.database.clone(), test.sim.clone(), test.issuer.clone(), |_| {}).await;
    join(test.retry(), other.retry()).await;
    let states = test.event_states().await;
    assert!(
        states.iter().all(|(_, state, attempts)| (state.as_str(), *attempts) == ("applied", 2)),
        "{states:?}"
    );
    assert_eq!(test.rows("SELECT seq FROM changes").await.len(), ids.len());
}

#[tokio::test]
async fn an_event_that_is_tried_again_follows_the_same_rules() {
    let test = TestApp::start().await;
    test.break_coupons().await;
    let old = event("coupon.created", MADE, &coupon("ten", "old"));
    let mut first = event("coupon.created", MADE, &coupon("five", "first"));
    let mut second = event("coupon.updated", MADE, &coupon("five", "second"));
    (first["id"], second["id"]) = (json!("evt_zz"), json!("evt_a"));
    second["data"]["previous_attributes"] = json!({ "name": "first" });
    for event in [&old, &first] {
        test.receive(event).await;
    }
    test.mend_coupons().await;
    for event in [&event("coupon.updated", MADE + 1, &coupon("ten", "new")), &second] {
        test.receive(event).await;
    }
    test.sim.advance(60);
    test.retry().await;
    let states = test.event_states().await;
    let of = |id: &str| states.iter().find(|(event, ..)| event == id).map(|(_, state, _)| state.as_str());
    assert_eq!((of("evt_zz"), of("evt_coupon.created_ten_1750000000")), (Some("applied"), Some("stale")));
    let expected = [json!({ "id": "five", "name": "second" }), json!({ "id": "ten", "name": "new" })];
    assert_eq!(test.rows(NAMES).await, expected);
}

#[tokio::test]
async fn the_mirror_does_not_wait_for_an_event_that_fails() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.break_coupons().await;
    let id = test.at_stripe("/v1/coupons", "percent_off=10&duration=once&name=Ten").await;
    test.deliver().await;
    let jobs = test.rows("SELECT object, object_id, reason FROM sync_jobs").await;
    assert_eq!(jobs, [json!({ "object": "coupon", "object_id": id, "reason": "failed_event" })]);
    test.mend_coupons().await;
    test.sim.advance(60);
    test.catch_up().await;
    assert_eq!(test.rows(NAMES).await, [json!({ "id": id, "name": "Ten" })]);
    test.retry().await;
    let states = test.event_states().await;
    assert_eq!((states.len(), states[0].1.as_str()), (1, "stale"), "what Stripe answered is newer");
}

#[tokio::test]
async fn replay_says_what_it_cannot_apply() {
    let test = TestApp::start().await;
    let applied = event("coupon.created", MADE, &coupon("ten", "Ten"));
    let failed = event("coupon.updated", MADE + 1, &coupon("ten", "new"));
    test.receive(&applied).await;
    test.break_coupons().await;
    test.receive(&failed).await;
    let id = |event: &Value| event["id"].as_str().expect("an id").to_owned();
    let (code, lines, told) = test.replay(&["evt_nobody", &id(&applied), &id(&failed)]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(lines[0].starts_with("evt_nobody\tunknown"), "{lines:?}");
    assert!(lines[1].contains("its body is not kept"), "{lines:?}");
    assert!(lines[2].contains("\tfailed: "), "{lines:?}");
    assert!(told.contains("3 events were not applied"), "{told}");
    let states = test.event_states().await;
    assert_eq!(states, [state(&id(&applied), "applied", 1), state(&id(&failed), "failed", 2)]);
}

#[tokio::test]
async fn replay_applies_events_again_beside_a_running_gateway() {
    let test = TestApp::with(|settings| settings.billgraph_keep_payloads = "all".to_owned()).await;
    assert_eq!(test.replay(&["--failed"]).await.0, Some(0), "nothing failed");
    test.break_coupons().await;
    let events =
        [event("coupon.created", MADE, &coupon("a", "A")), event("coupon.created", MADE, &coupon("b", "B"))];
    for event in &events {
        test.receive(event).await;
    }
    test.mend_coupons().await;
    let (code, lines, told) = test.replay(&["--failed"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(
        lines,
        ["evt_coupon.created_a_1750000000\tapplied", "evt_coupon.created_b_1750000000\tapplied"]
    );
    test.receive(&event("coupon.updated", MADE + 1, &coupon("a", "newer"))).await;
    test.execute("UPDATE coupons SET name = 'damaged' WHERE id = 'b'").await;
    let ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    let (code, lines, told) = test.replay(&ids).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(lines[0].ends_with("\tstale") && lines[1].ends_with("\tapplied"), "{lines:?}");
    assert_eq!(
        test.rows(NAMES).await,
        [json!({ "id": "a", "name": "newer" }), json!({ "id": "b", "name": "B" })]
    );
}
