//! What the mirror lacks is asked for at Stripe: once, by one process, as often as it takes.

use billgraph::{
    app::Gateway,
    clock::Clock,
    stripe::Stripe,
    sync::{
        jobs::{self, NewJob},
        missing::{self, Window},
        worker,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use entity::sync_job::Reason;
use futures_util::future::join;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, customer, event},
    config,
    socket::soon,
};

fn job(object: &str, id: &str) -> NewJob {
    NewJob {
        object: object.to_owned(),
        object_id: id.to_owned(),
        account: String::new(),
        path: None,
        reason: Reason::LongList,
    }
}

impl TestApp {
    fn now(&self) -> DateTime<Utc> {
        self.app().clock.now()
    }

    async fn enqueue(&self, jobs: &[NewJob]) {
        jobs::enqueue(&self.app().db.writer, jobs, self.now()).await.expect("they are noted");
    }

    async fn noted(&self) -> Vec<Value> {
        self.rows("SELECT * FROM sync_jobs ORDER BY object, object_id").await
    }

    /// When the only job may be tried, in seconds from now.
    async fn wait(&self) -> i64 {
        let noted = self.noted().await;
        assert_eq!(noted.len(), 1);
        let text = noted[0]["run_at"].as_str().expect("a time");
        let run_at = DateTime::parse_from_rfc3339(text).expect("a time");
        (run_at.to_utc() - self.now()).num_seconds()
    }
}

fn is_true(value: &Value) -> bool {
    *value == json!(true) || *value == json!(1)
}

#[tokio::test]
async fn what_events_leave_out_is_asked_for() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.at_stripe("/v1/coupons", "id=HALF&percent_off=50&duration=once").await;
    test.deliver().await;
    assert_eq!(test.noted().await[0]["object_id"], "HALF");
    test.catch_up().await;
    assert_eq!(test.asked(), ["GET /v1/coupons/HALF"]);
    assert!(test.noted().await.is_empty(), "an answer leaves nothing out");
}

#[tokio::test]
async fn what_is_asked_for_twice_is_done_once() {
    let test = TestApp::start().await;
    let id = test.at_stripe("/v1/customers", "name=Ada").await;
    let with_path = NewJob { path: Some(format!("/v1/customers/{id}")), ..job("customer", &id) };
    test.enqueue(&[job("customer", &id), with_path.clone(), job("customer", &id)]).await;
    test.enqueue(&[with_path]).await;
    let noted = test.noted().await;
    assert_eq!(
        (noted.len(), &noted[0]["requested"], &noted[0]["reason"]),
        (1, &json!(2), &json!("long_list"))
    );
    test.catch_up().await;
    assert_eq!(test.asked(), [format!("GET /v1/customers/{id}")]);
    assert!(test.noted().await.is_empty());
    assert_eq!(test.rows("SELECT name FROM customers").await, [json!({ "name": "Ada" })]);
}

#[tokio::test]
async fn what_is_asked_for_during_the_work_is_done_again() {
    let test = TestApp::start().await;
    let (db, now) = (&test.app().db, test.now());
    test.enqueue(&[job("customer", "cus_1")]).await;
    let claimed = jobs::claim(db, now, 4).await.expect("it is claimed");
    assert_eq!(claimed.len(), 1);
    assert!(jobs::claim(db, now, 4).await.expect("nothing is due").is_empty());
    test.enqueue(&[job("customer", "cus_1")]).await;
    jobs::finish(db, &claimed[0], now).await.expect("it is kept");
    let later = now + TimeDelta::seconds(1);
    let again = jobs::claim(db, later, 4).await.expect("it is claimed again");
    assert_eq!((again.len(), again[0].attempts, again[0].requested), (1, 0, 2));
    // Its process ends without a word: another one takes the job, and a late word of the first is not heard.
    let expired = later + jobs::CLAIM;
    let others = jobs::claim(db, expired, 4).await.expect("it is claimed by another");
    assert_eq!(others.len(), 1);
    jobs::finish(db, &again[0], expired).await.expect("nothing happens");
    jobs::put_off(db, &again[0], jobs::Patience::Longest, "late", expired).await.expect("nothing happens");
    jobs::release(db, &again).await.expect("nothing happens");
    assert!(jobs::claim(db, expired, 4).await.expect("nothing is due").is_empty());
    jobs::release(db, &others).await.expect("it is given back");
    let others = jobs::claim(db, expired, 4).await.expect("it is claimed");
    jobs::finish(db, &others[0], expired).await.expect("it is struck off");
    assert!(test.noted().await.is_empty());
}

#[tokio::test]
async fn two_gateways_do_no_job_twice() {
    let one = TestApp::start().await;
    let (database, sim, issuer) = (one.database.clone(), one.sim.clone(), one.issuer.clone());
    let two = TestApp::over(database, sim, issuer, |_| {}).await;
    let mut wanted = Vec::new();
    for number in 0..40 {
        wanted.push(one.at_stripe("/v1/customers", &format!("name=N{number}")).await);
    }
    let all: Vec<NewJob> = wanted.iter().map(|id| job("customer", id)).collect();
    let backwards: Vec<NewJob> = all.iter().rev().cloned().collect();
    join(one.enqueue(&all), two.enqueue(&backwards)).await;
    join(join(one.catch_up(), two.catch_up()), join(one.catch_up(), two.catch_up())).await;
    let mut asked = one.asked();
    asked.sort();
    let mut expected: Vec<String> = wanted.iter().map(|id| format!("GET /v1/customers/{id}")).collect();
    expected.sort();
    assert_eq!(asked, expected);
    assert_eq!(one.count("customers").await, 40);
    assert!(one.noted().await.is_empty());
}

#[tokio::test]
async fn what_fails_waits_longer_each_time_and_says_why() {
    let test = TestApp::start().await;
    let id = test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.faults().always_on("/v1/customers", Fault::ServerError);
    test.enqueue(&[job("customer", &id)]).await;
    test.catch_up().await;
    let noted = test.noted().await;
    let reason = noted[0]["last_error"].as_str().expect("a reason");
    assert!(reason.contains("500") && noted[0]["attempts"] == 1, "{noted:?}");
    assert_eq!(noted[0]["locked_until"], Value::Null);
    assert!((2..=5).contains(&test.wait().await));
    let asked = test.asked().len();
    test.catch_up().await;
    assert_eq!(test.asked().len(), asked, "it is not due");
    test.sim.advance(5);
    test.catch_up().await;
    assert!((5..=10).contains(&test.wait().await));
    test.sim.faults().clear();
    test.sim.advance(10);
    test.catch_up().await;
    assert!(test.noted().await.is_empty());
    assert_eq!(test.count("customers").await, 1);
}

#[tokio::test]
async fn what_cannot_succeed_waits_the_longest() {
    let test = TestApp::start().await;
    let climbing = NewJob { path: Some("/v1/customers/../account".to_owned()), ..job("customer", "cus_1") };
    for hopeless in [job("novelty", "nov_1"), climbing] {
        test.enqueue(std::slice::from_ref(&hopeless)).await;
        test.catch_up().await;
        assert!((1799..=3600).contains(&test.wait().await), "{hopeless:?}");
        assert!(test.noted().await[0]["last_error"].is_string());
        let emptied = test.app().db.writer.execute_unprepared("DELETE FROM sync_jobs").await;
        emptied.expect("the database answers");
    }
    assert!(test.asked().is_empty());
}

#[tokio::test]
async fn what_stripe_does_not_have_becomes_a_tombstone() {
    let test = TestApp::start().await;
    test.know(&[customer("ghost", "user_id")]).await;
    test.enqueue(&[job("customer", "cus_ghost"), job("price", "price_never_seen")]).await;
    test.catch_up().await;
    assert!(test.noted().await.is_empty());
    let state = "SELECT deleted, stamp, default_payment_method FROM customers";
    let gone = test.rows(state).await;
    assert!(is_true(&gone[0]["deleted"]), "{gone:?}");
    assert_eq!(
        (&gone[0]["stamp"], &gone[0]["default_payment_method"]),
        (&json!(test.sim.now()), &json!("pm_ghost"))
    );
    let price = test.rows("SELECT deleted FROM prices WHERE id = 'price_never_seen'").await;
    assert!(is_true(&price[0]["deleted"]), "it is not looked for again");
    let later = test.sim.now() + 1;
    test.receive(&event("customer.updated", later, &customer("ghost", "user_id"))).await;
    assert!(is_true(&test.rows(state).await[0]["deleted"]));
    test.receive(&event("customer.created", later + 1, &customer("ghost", "user_id"))).await;
    assert!(!is_true(&test.rows(state).await[0]["deleted"]));
}

#[tokio::test]
async fn without_a_key_jobs_wait() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    test.enqueue(&[job("customer", "cus_1")]).await;
    test.catch_up().await;
    let noted = test.noted().await;
    assert_eq!((&noted[0]["attempts"], &noted[0]["last_error"]), (&json!(0), &Value::Null));
    assert!(billgraph::sync::start(test.app()).is_empty());
}

#[tokio::test]
async fn a_second_with_two_ends_is_settled_by_stripe() {
    let test = TestApp::start().await;
    let id = test.at_stripe("/v1/customers", "name=Ada").await;
    let now = test.sim.now();
    for name in ["Bea", "Cleo"] {
        let told = json!({ "id": id, "object": "customer", "name": name, "created": MADE });
        let mut event = event("customer.updated", now, &told);
        event["id"] = json!(format!("evt_{name}"));
        test.receive(&event).await;
    }
    let noted = test.noted().await;
    assert_eq!((noted.len(), &noted[0]["reason"]), (1, &json!("tie")));
    test.catch_up().await;
    assert!(test.asked().is_empty(), "in the same second the answer would be one more claim");
    test.sim.advance(2);
    test.catch_up().await;
    let row = &test.rows("SELECT name, unsettled FROM customers").await[0];
    assert_eq!((row["name"].as_str(), is_true(&row["unsettled"])), (Some("Ada"), false));
    assert!(test.noted().await.is_empty());
}

/// A subscription of a generated history, with its items.
fn some_subscription(test: &TestApp) -> Value {
    test.sim.generate(300);
    let subscriptions = test.sim.objects("subscription", ENDIVE);
    let with_items =
        |object: &&Value| object["items"]["data"].as_array().is_some_and(|items| !items.is_empty());
    subscriptions.iter().find(with_items).expect("the history has one").clone()
}

#[tokio::test]
async fn a_list_that_goes_on_is_completed() {
    let test = TestApp::start().await;
    let mut told = some_subscription(&test);
    let items = told["items"]["data"].take();
    told["items"] = json!({ "object": "list", "data": [], "has_more": true });
    test.receive(&event("customer.subscription.updated", test.sim.now() - 1, &told)).await;
    assert_eq!(test.noted().await[0]["reason"], "long_list");
    test.catch_up().await;
    let held = test.rows("SELECT id FROM subscription_items WHERE NOT deleted").await;
    assert_eq!(held.len(), items.as_array().expect("a list").len());
    assert!(test.noted().await.is_empty());
}

#[tokio::test]
async fn what_is_named_and_never_arrived_is_asked_for() {
    let test = TestApp::start().await;
    let told = some_subscription(&test);
    test.receive(&event("customer.subscription.updated", test.sim.now() - 1, &told)).await;
    let app = test.app();
    let mut window = Window::first(&app.db).await.expect("it looks");
    for _ in 0..8 {
        window = missing::scan(app, window).await.expect("it looks");
        test.catch_up().await;
    }
    assert!(test.noted().await.is_empty());
    for sql in [
        "SELECT s.id FROM subscriptions s JOIN customers c ON c.id = s.customer",
        "SELECT s.id FROM subscriptions s JOIN invoices i ON i.id = s.latest_invoice",
        "SELECT i.id FROM subscription_items i JOIN prices p ON p.id = i.price JOIN products o ON o.id = p.product",
    ] {
        assert!(!test.rows(sql).await.is_empty(), "{sql}");
    }
    let asked = test.asked();
    let distinct: std::collections::BTreeSet<&String> = asked.iter().collect();
    assert_eq!(asked.len(), distinct.len(), "each is asked for once");
}

#[tokio::test]
async fn a_gateway_asks_by_itself_until_it_stops() {
    let test = TestApp::start().await;
    let id = test.at_stripe("/v1/customers", "name=Ada").await;
    let config = config(&test.database, &test.sim, &test.issuer, |_| {});
    let stripe = Stripe::new(&config.stripe);
    let other = Gateway::start(config, Clock::system(), stripe).await.expect("it starts");
    test.enqueue(&[job("customer", &id)]).await;
    other.app.jobs.notify_one();
    // It sweeps as it starts, too; that is not counted here.
    let of_it = || test.asked().iter().filter(|asked| asked.ends_with(&id)).count();
    let done = async { while test.count("customers").await == 0 || !test.noted().await.is_empty() {} };
    soon(done).await;
    soon(other.stop()).await;
    test.enqueue(&[job("customer", &id)]).await;
    assert_eq!(of_it(), 1);
    worker::drain(test.app(), test.now()).await.expect("it works");
    assert_eq!(of_it(), 2);
}
