//! The routes for operators: who may call them, what they refuse, and what they start.

use billgraph::{auth::Role, mirror, sync::backfill::Bounds};
use chrono::DateTime;
use reqwest::{Method, StatusCode};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{
    TestApp,
    process::{billgraph, run as run_program, text},
    socket::soon,
};

impl TestApp {
    /// Calls a route with a token and a body.
    async fn call(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let mut request = self.client.request(method, self.url(path)).body(body.to_owned());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("the gateway answers");
        (answer.status().as_u16(), answer.json().await.expect("the answer is JSON"))
    }

    pub async fn post(&self, path: &str, token: &str, body: &str) -> (u16, Value) {
        self.call(Method::POST, path, Some(token), body).await
    }

    /// The customers that a load wrote, in the order in which they were made; none are left for the next.
    async fn loaded_customers(&self) -> Vec<String> {
        let rows = self.rows("SELECT id FROM customers ORDER BY created").await;
        self.app().db.writer.execute_unprepared("DELETE FROM customers").await.expect("they are removed");
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// The run, once it is finished.
    async fn finished(&self, run: &Value, token: &str) -> Value {
        let path = format!("/sync/{}", run["id"].as_str().expect("an id"));
        let finishing = async {
            loop {
                let (status, run) = self.call(Method::GET, &path, Some(token), "").await;
                assert_eq!(status, 200, "{run}");
                if run["finishedAt"] != Value::Null {
                    break run;
                }
            }
        };
        soon(finishing).await
    }
}

#[tokio::test]
async fn only_an_admin_may() {
    let test = TestApp::start().await;
    let (reader, linker) = (test.service(Role::Reader).await, test.service(Role::Linker).await);
    let user = test.user("ada");
    let get = || Method::GET;
    let routes = [
        (Method::POST, "/sync"),
        (Method::POST, "/sync/daily"),
        (Method::POST, "/sync/weekly"),
        (Method::POST, "/sync/monthly"),
        (Method::POST, "/sync/single/cus_1"),
        (get(), "/sync/run_1"),
    ];
    for (method, path) in routes {
        for (token, expected) in [
            (None, (401, "UNAUTHENTICATED")),
            (Some("bg_forged"), (401, "UNAUTHENTICATED")),
            (Some(user.as_str()), (403, "FORBIDDEN")),
            (Some(reader.as_str()), (403, "FORBIDDEN")),
            (Some(linker.as_str()), (403, "FORBIDDEN")),
        ] {
            let (status, answer) = test.call(method.clone(), path, token, "{}").await;
            assert_eq!((status, answer["code"].as_str()), (expected.0, Some(expected.1)), "{path}: {answer}");
        }
    }
    assert_eq!(test.asked(), [] as [&str; 0]);
    assert_eq!(test.rows("SELECT id FROM sync_runs").await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_is_wrong_starts_nothing() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let large = format!("{{\"object\": \"{}\"}}", "x".repeat(20 << 10));
    for (path, body, status) in [
        ("/sync", "hunter2", 400),
        ("/sync", "[]", 400),
        ("/sync", "{\"object\": \"custmer\"}", 400),
        ("/sync", "{\"object\": \"\\u0000\"}", 400),
        ("/sync", "{\"object\": [\"customer\"]}", 400),
        ("/sync", "{\"objects\": \"hunter2\"}", 400),
        ("/sync", "{\"created\": {\"gte\": \"hunter2\"}}", 400),
        ("/sync", "{\"created\": {\"gte\": -1}}", 400),
        ("/sync", "{\"created\": {\"lte\": 9223372036854775807}}", 400),
        ("/sync", "{\"created\": {\"gte\": 5, \"lt\": 5}}", 400),
        ("/sync", "{\"created\": {\"gte\": 5, \"gt\": 5}}", 400),
        ("/sync", "{\"created\": {\"after\": 5}}", 400),
        ("/sync", &large, 413),
        ("/sync/daily", "{\"created\": {\"gte\": 5}}", 400),
        ("/sync/hourly", "", 405),
        ("/sync/single/%00", "", 400),
        ("/sync/single/%FF", "", 400),
        ("/sync/single/cus_1%2F..%2F..%2Faccount", "", 400),
        ("/sync/single/hunter2", "", 400),
        ("/sync/single/il_1", "", 400),
        ("/sync/single/cbtxn_1", "", 400),
    ] {
        let request = test.client.post(test.url(path)).bearer_auth(&admin).body(body.to_owned());
        let answer = request.send().await.expect("the gateway answers");
        let told = (answer.status().as_u16(), answer.text().await.expect("text"));
        assert_eq!(told.0, status, "{path} {}: {}", body.chars().take(60).collect::<String>(), told.1);
        assert!(!told.1.contains("hunter2"), "{}", told.1);
    }
    for path in ["/sync/run_1", "/sync/%00", "/sync/%FF", "/sync/'%20OR%201=1"] {
        let (status, answer) = test.call(Method::GET, path, Some(&admin), "").await;
        assert_eq!((status, &answer["code"]), (404, &json!("NOT_FOUND")), "{path}");
    }
    assert_eq!(test.rows("SELECT id FROM sync_runs").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_load_is_started_and_followed() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(test.at_stripe("/v1/customers", "name=Ada").await);
        test.sim.advance(100);
    }
    let born = test.sim.now() - 500;
    // The second and the third.
    let range = json!({ "object": "customer", "created": { "gt": born, "lte": born + 200 } });
    let (status, run) = test.post("/sync", &admin, &range.to_string()).await;
    assert_eq!(
        (status, &run["state"], &run["objects"][0]["object"]),
        (202, &json!("running"), &json!("customer"))
    );
    let run = test.finished(&run, &admin).await;
    assert_eq!(run["state"], "completed");
    let object = &run["objects"][0];
    assert_eq!(
        (&object["state"], &object["loaded"], &object["done"]),
        (&json!("loaded"), &json!(2), &json!(1.0))
    );
    let held = test.rows("SELECT id FROM customers ORDER BY created").await;
    assert_eq!(held, [json!({ "id": made[1] }), json!({ "id": made[2] })]);
}

#[tokio::test]
async fn the_last_day_week_and_month_begin_with_a_full_hour() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    for (path, days) in [("/sync/monthly", 31), ("/sync/weekly", 7), ("/sync/daily", 1)] {
        let until_the_hour = HOUR - test.sim.now() % HOUR;
        test.sim.advance(until_the_hour - 1);
        test.at_stripe("/v1/customers", "name=Before").await;
        test.sim.advance(1);
        let begin = test.sim.now();
        let first = test.at_stripe("/v1/customers", "name=First").await;
        test.sim.advance(days * 24 * HOUR + HOUR / 2);
        let last = test.at_stripe("/v1/customers", "name=Last").await;
        test.sim.advance(1);
        let (status, run) = test.post(path, &admin, "").await;
        assert_eq!(status, 202, "{run}");
        let run = test.finished(&run, &admin).await;
        assert_eq!((&run["state"], second(&run["createdGte"])), (&json!("completed"), begin), "{path}");
        assert!((test.sim.now()..=test.sim.now() + 1).contains(&second(&run["createdLt"])), "{run}");
        assert_eq!(run["objects"].as_array().map(Vec::len), Some(mirror::listed().count()), "{path}");
        assert_eq!(test.loaded_customers().await, [first, last], "{path}");
    }
    let (status, run) = test.post("/sync/daily", &admin, "{\"object\": \"customer\"}").await;
    let run = test.finished(&run, &admin).await;
    assert_eq!((status, run["objects"].as_array().map(Vec::len)), (202, Some(1)), "{run}");
}

const HOUR: i64 = 60 * 60;

fn second(time: &Value) -> i64 {
    DateTime::parse_from_rfc3339(time.as_str().expect("a time")).expect("a time").timestamp()
}

#[test]
fn bounds_are_whole_seconds_and_include_what_their_names_say() {
    let time = |second: i64| DateTime::from_timestamp(second, 0);
    let created = |bounds: Bounds| bounds.created().map(|created| (created.gte, created.lt));
    let none = Bounds::default();
    for (bounds, expected) in [
        (none, (None, None)),
        (Bounds { gt: Some(10), ..none }, (time(11), None)),
        (Bounds { gte: Some(10), ..none }, (time(10), None)),
        (Bounds { lt: Some(10), ..none }, (None, time(10))),
        (Bounds { lte: Some(10), ..none }, (None, time(11))),
        (Bounds { gt: Some(9), lte: Some(10), ..none }, (time(10), time(11))),
        (Bounds { gte: Some(10), lt: Some(11), ..none }, (time(10), time(11))),
    ] {
        assert_eq!(created(bounds).ok(), Some(expected), "{bounds:?}");
    }
    for bounds in [
        Bounds { gt: Some(10), lt: Some(11), ..none },
        Bounds { gte: Some(10), lt: Some(10), ..none },
        Bounds { gte: Some(11), lte: Some(10), ..none },
        Bounds { gt: Some(10), gte: Some(10), ..none },
        Bounds { lt: Some(10), lte: Some(10), ..none },
        Bounds { gte: Some(-1), ..none },
        Bounds { lte: Some(i64::MAX), ..none },
    ] {
        assert!(created(bounds).is_err(), "{bounds:?}");
    }
}

#[tokio::test]
async fn each_bound_includes_what_its_name_says_wherever_it_is_given() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let middle = test.sim.now() + 1;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(test.at_stripe("/v1/customers", "name=Ada").await);
        test.sim.advance(1);
    }
    let [before, at, after] = [0..1, 1..2, 2..3].map(|place| made[place].to_vec());
    for (bound, expected) in [
        ("gt", after.clone()),
        ("gte", [at.clone(), after].concat()),
        ("lt", before.clone()),
        ("lte", [before, at].concat()),
    ] {
        let body = json!({ "object": "customer", "created": { bound: middle } });
        let (status, run) = test.post("/sync", &admin, &body.to_string()).await;
        assert_eq!(
            (status, &test.finished(&run, &admin).await["state"]),
            (202, &json!("completed")),
            "{bound}"
        );
        assert_eq!(test.loaded_customers().await, expected, "{bound} by route");

        let time = DateTime::from_timestamp(middle, 0).expect("a time").to_rfc3339();
        let input = json!({ "input": { "objects": ["customer"], "created": { bound: time } } });
        let start = "mutation($input: StartBackfillInput!) { startBackfill(input: $input) { run { id } } }";
        let started = test.data(Some(&admin), start, input).await;
        let run = test.finished(&started["startBackfill"]["run"], &admin).await;
        assert_eq!(run["state"], "completed", "{bound}");
        assert_eq!(test.loaded_customers().await, expected, "{bound} by GraphQL");

        // The program takes these two.
        if matches!(bound, "gte" | "lt") {
            let (option, time) = (format!("--created-{bound}"), middle.to_string());
            let arguments = ["backfill", "--object", "customer", option.as_str(), time.as_str()];
            let base = test.sim.base_url();
            let settings = [("STRIPE_SECRET_KEY", "sk_test_sim"), ("STRIPE_API_BASE", base.as_str())];
            let ended = run_program(billgraph(&test.database, &arguments, &settings), "").await;
            assert!(ended.status.success(), "{}", text(&ended.stderr));
            assert_eq!(test.loaded_customers().await, expected, "{bound} by command");
        }
    }
}

#[tokio::test]
async fn the_second_of_two_is_told_of_the_first() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.faults().always_on("/v1/customers", Fault::RateLimited { retry_after: None });
    let (status, first) = test.post("/sync/daily", &admin, "{\"object\": \"customer\"}").await;
    assert_eq!(status, 202, "{first}");
    let (status, second) = test.post("/sync/daily", &admin, "{\"object\": \"customer\"}").await;
    assert_eq!((status, second["code"].as_str()), (409, Some("CONFLICT")));
    let told = second["message"].as_str().expect("a text");
    assert!(told.contains(first["id"].as_str().expect("an id")), "{told}");
    test.sim.faults().clear();
    assert_eq!(test.finished(&first, &admin).await["state"], "completed");
}

#[tokio::test]
async fn one_object_comes_with_what_it_names() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.generate(300);
    let subscriptions = test.sim.objects("subscription", "2026-09-30.endive");
    let id = subscriptions[0]["id"].as_str().expect("an id");
    let (status, synced) = test.post(&format!("/sync/single/{id}"), &admin, "").await;
    assert_eq!((status, &synced["object"], &synced["deleted"]), (200, &json!("subscription"), &json!(false)));
    assert!(synced["companions"].as_u64().is_some_and(|companions| companions >= 3), "{synced}");
    for joined in [
        "SELECT s.id FROM subscriptions s JOIN customers c ON c.id = s.customer",
        "SELECT s.id FROM subscriptions s JOIN subscription_items i ON i.subscription = s.id \
         JOIN prices p ON p.id = i.price JOIN products o ON o.id = p.product",
    ] {
        assert!(!test.rows(joined).await.is_empty(), "{joined}");
    }
    let asked = test.asked().len();
    let (_, again) = test.post(&format!("/sync/single/{id}"), &admin, "").await;
    assert_eq!((&again["companions"], test.asked().len() - asked), (&json!(0), 1));
}

#[tokio::test]
async fn one_that_stripe_does_not_have_becomes_a_tombstone() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let (status, synced) = test.post("/sync/single/price_gone", &admin, "").await;
    assert_eq!((status, &synced["object"], &synced["deleted"]), (200, &json!("price"), &json!(true)));
    // What a merchant named is known once the mirror has it.
    test.at_stripe("/v1/coupons", "id=HALF&percent_off=50&duration=once").await;
    assert_eq!(test.post("/sync/single/HALF", &admin, "").await.0, 400);
    let (_, run) = test.post("/sync", &admin, "{\"object\": \"coupon\"}").await;
    test.finished(&run, &admin).await;
    let (status, synced) = test.post("/sync/single/HALF", &admin, "").await;
    assert_eq!((status, &synced["object"]), (200, &json!("coupon")));
}

#[tokio::test]
async fn what_stripe_refuses_is_told_without_its_words() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.sim.faults().always(Fault::KeyRevoked);
    for (path, body) in [("/sync", "{}"), ("/sync/single/cus_1", "")] {
        let (status, answer) = test.post(path, &admin, body).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::BAD_GATEWAY.as_u16(), &json!("STRIPE")),
            "{answer}"
        );
        assert!(!answer.to_string().contains("Expired"), "{answer}");
    }
}

#[tokio::test]
async fn they_leave_the_public_address_for_the_internal_one() {
    let test =
        TestApp::with(|settings| settings.billgraph_internal_listen = Some("127.0.0.1:0".to_owned())).await;
    let admin = test.service(Role::Admin).await;
    assert_eq!(test.post("/sync/single/price_gone", &admin, "").await.0, 404);
    let internal = test.gateway.internal_address.expect("there is one");
    let url = format!("http://{internal}/sync/single/price_gone");
    let answer = test.client.post(url).bearer_auth(&admin).send().await.expect("the gateway answers");
    assert_eq!(answer.status(), StatusCode::OK);
}
