//! Events that were never delivered are found in Stripe's list of them.

use std::time::Duration;

use billgraph::{
    app::Gateway,
    clock::Clock,
    error::{Code, Result},
    stripe::{RetryPolicy, Stripe},
    sync::sweep::{Outcome, Swept, sweep},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, EntityTrait, sea_query::Expr};
use serde_json::{Value, json};
use stripe_sim::{ClockMode, Endpoint, Fault, Options, Sim};

use crate::support::{
    ACACIA, ENDIVE, TestApp, TestDatabase, WEBHOOK_SECRET, anywhere, config,
    process::{billgraph, run, text},
    socket::soon,
    tables::difference,
};

const DAY: i64 = 24 * 60 * 60;
const STATE: &str = "SELECT * FROM sweeps";

impl TestApp {
    async fn try_sweep(&self, since: Option<DateTime<Utc>>) -> Result<Outcome> {
        sweep(self.app(), &self.app().stripe, since).await
    }

    async fn sweep(&self) -> Swept {
        done(self.try_sweep(None).await)
    }

    /// How often Stripe was asked for events.
    fn pages(&self) -> usize {
        self.asked().iter().filter(|asked| *asked == "GET /v1/events").count()
    }

    async fn state(&self) -> Value {
        self.rows(STATE).await.first().cloned().unwrap_or_default()
    }

    async fn alter(&self, sql: &str) {
        self.app().db.writer.execute_unprepared(sql).await.expect(sql);
    }

    /// The states of the loads so far, once none is under way.
    async fn loads(&self) -> Vec<String> {
        let states = "SELECT state FROM sync_runs";
        soon(async {
            loop {
                let rows = self.rows(states).await;
                let rows: Vec<String> =
                    rows.iter().map(|row| row["state"].as_str().expect("a state").to_owned()).collect();
                if rows.iter().all(|state| state != "running") {
                    break rows;
                }
            }
        })
        .await
    }

    /// The last sweep ended so many days ago.
    async fn was_swept(&self, days: i64) {
        use entity::sweep::{Column, Entity};
        let until = self.app().clock.now() - TimeDelta::days(days);
        let update = Entity::update_many().col_expr(Column::SweptUntil, Expr::value(until));
        update.exec(&self.app().db.writer).await.expect("there is a row");
    }

    /// Another gateway over the same database and Stripe, whose clock is off by so many seconds.
    async fn beside(&self, off: i64) -> Gateway {
        let mut config = config(&self.database, &self.sim, &self.issuer, |_| {});
        config.sync_tasks = 0;
        let sim = self.sim.clone();
        let clock = Clock::from_fn(move || DateTime::from_timestamp(sim.now() + off, 0).expect("a time"));
        let stripe = Stripe::with(&config.stripe, RetryPolicy::default(), clock.clone());
        Gateway::start(config, clock, stripe).await.expect("it starts")
    }
}

fn done(outcome: Result<Outcome>) -> Swept {
    match outcome.expect("it is swept") {
        Outcome::Done(swept) => swept,
        Outcome::Busy => panic!("nobody else sweeps"),
    }
}

/// Events at Stripe, of which the gateway is told none.
async fn withheld(events: usize) -> TestApp {
    let test = TestApp::start().await;
    test.sim.generate(events);
    test.sim.advance(60);
    test
}

#[tokio::test]
async fn what_was_never_delivered_is_taken_in_as_if_it_had_been() {
    let test = withheld(250).await;
    let swept = test.sweep().await;
    let happened = i64::try_from(test.sim.events(ENDIVE).len()).expect("few");
    assert_eq!((swept.seen, swept.found, swept.lost_since), (happened, happened, None));
    let other = TestDatabase::create();
    let told = TestApp::over(other, test.sim.clone(), test.issuer.clone(), |_| {}).await;
    told.connect_webhooks(ENDIVE);
    test.sim.resend();
    told.deliver().await;
    assert_eq!(difference(&test.tables().await, &told.tables().await), None);
    assert_eq!(test.sweep().await.found, 0, "it is known by now");
}

#[tokio::test]
async fn only_what_is_missing_is_taken_in() {
    let test = TestApp::start().await;
    test.connect_webhooks(ACACIA);
    test.sim.generate(120);
    test.deliver().await;
    test.sim.advance(60);
    test.alter("DELETE FROM webhook_events WHERE id IN (SELECT id FROM webhook_events ORDER BY id LIMIT 7)")
        .await;
    let known = test.count("webhook_events").await;
    let swept = test.sweep().await;
    // Some events are of no type that the endpoint's version has.
    let happened = test.sim.events(ENDIVE).len() as u64;
    assert!(happened - known >= 7 && known > 50, "{known} of {happened}");
    assert_eq!(
        (swept.found.unsigned_abs(), test.count("webhook_events").await),
        (happened - known, happened)
    );
    let row = test.state().await;
    assert_eq!(
        (&row["found"], &row["locked_until"], &row["last_error"]),
        (&json!(swept.found), &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn what_is_known_costs_a_question_a_page() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.sim.generate(1000);
    test.deliver().await;
    test.sim.advance(60);
    let before = test.app().db.statements();
    let swept = test.sweep().await;
    assert_eq!(swept.found, 0);
    let (pages, statements) = (test.pages() as u64, test.app().db.statements() - before);
    assert!(pages >= 5 && statements <= 3 * pages + 5, "{statements} statements for {pages} pages");
}

#[tokio::test]
async fn snapshot_events_of_which_thin_ones_told_are_known() {
    let test = TestApp::start().await;
    test.sim.add_endpoint(Endpoint::new(test.url("/webhooks/stripe"), WEBHOOK_SECRET).thin());
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.deliver().await;
    test.sim.advance(60);
    let swept = test.sweep().await;
    assert_eq!((swept.seen, swept.found), (1, 0));
}

#[tokio::test]
async fn what_just_happened_is_left_to_webhooks_and_taken_in_by_the_next_sweep() {
    let test = TestApp::start().await;
    test.at_stripe("/v1/customers", "name=Ada").await;
    assert_eq!(test.sweep().await.seen, 0);
    test.sim.advance(9);
    assert_eq!(test.sweep().await.seen, 0);
    test.sim.advance(2);
    assert_eq!(test.sweep().await.found, 1);
    test.sim.advance(5 * 60);
    assert_eq!(test.sweep().await.seen, 1, "a sweep goes ten minutes behind the last one");
    test.sim.advance(11 * 60);
    test.sweep().await;
    assert_eq!(test.sweep().await.seen, 0);
}

#[tokio::test]
async fn the_clock_may_be_ten_minutes_off() {
    for off in [-600, 600] {
        let test = TestApp::start().await;
        let gateway = test.beside(off).await;
        let mut found = 0;
        for _ in 0..4 {
            test.at_stripe("/v1/customers", "name=Ada").await;
            test.sim.advance(20);
            found += done(sweep(&gateway.app, &gateway.app.stripe, None).await).found;
            // What happened just now is found the next time, however much later that is.
            test.at_stripe("/v1/customers", "name=Grace").await;
            test.sim.advance(3600);
        }
        found += done(sweep(&gateway.app, &gateway.app.stripe, None).await).found;
        assert_eq!((found, test.count("customers").await), (8, 8), "{off} s");
        soon(gateway.stop()).await;
    }
}

#[tokio::test]
async fn what_is_broken_off_goes_on_where_it_was() {
    let test = withheld(350).await;
    let happened = test.sim.events(ENDIVE).len() as u64;
    let stripe_fails = async |fault: Fault| {
        test.sim.faults().always_on("/v1/events", fault);
        let error = test.try_sweep(None).await.expect_err("Stripe fails");
        test.sim.faults().clear();
        error.code
    };
    assert_eq!(stripe_fails(Fault::ServerErrorHtml).await, Code::Unavailable);
    assert_eq!(stripe_fails(Fault::RateLimited { retry_after: None }).await, Code::RateLimited);
    assert_eq!(stripe_fails(Fault::Forbidden).await, Code::Stripe);
    let row = test.state().await;
    assert_eq!((&row["swept_until"], &row["locked_until"]), (&Value::Null, &Value::Null), "{row}");
    assert!(row["last_error"].as_str().is_some_and(|error| error.contains("rak_event_read")), "{row}");

    let app = test.app();
    let first = app.stripe.get("/events?limit=100").await.expect("a page").object;
    let second = format!("/events?limit=100&starting_after={}", last(&first));
    let second = app.stripe.get(&second).await.expect("a page").object;
    test.sim.faults().next_on("/v1/events", 2, Fault::Latency(Duration::ZERO));
    test.sim.faults().always_on("/v1/events", Fault::DroppedBefore);
    test.try_sweep(None).await.expect_err("Stripe goes away");
    test.sim.faults().clear();
    let row = test.state().await;
    assert_eq!((&row["range_after"], &row["seen"]), (&json!(last(&second)), &json!(200)), "{row}");
    assert_eq!(test.count("webhook_events").await, 200);
    let swept = test.sweep().await;
    assert_eq!((swept.found.unsigned_abs(), test.count("webhook_events").await), (happened, happened));
    assert_eq!(test.state().await["range_after"], Value::Null);
}

fn last(page: &Value) -> &str {
    let events = page["data"].as_array().expect("a list");
    events.last().and_then(|event| event["id"].as_str()).expect("an event")
}

#[tokio::test]
async fn every_third_answer_may_be_a_429_or_a_500() {
    let test = withheld(400).await;
    let faults = test.sim.faults();
    for (nth, fault) in
        [(3, Fault::RateLimited { retry_after: Some(0) }), (4, Fault::ServerError), (5, Fault::DroppedAfter)]
    {
        faults.every(nth, "/v1/events", fault);
    }
    test.sweep().await;
    assert_eq!(test.count("webhook_events").await, test.sim.events(ENDIVE).len() as u64);
}

#[tokio::test]
async fn one_process_sweeps_at_a_time_and_a_dead_one_for_ninety_seconds_at_most() {
    let test = withheld(20).await;
    test.sweep().await;
    let until = test.app().clock.now() + TimeDelta::seconds(90);
    let died = entity::sweep::Entity::update_many();
    let died = died.col_expr(entity::sweep::Column::LockedUntil, Expr::value(until));
    died.exec(&test.app().db.writer).await.expect("there is a row");
    assert_eq!(test.try_sweep(None).await.expect("it looks"), Outcome::Busy);
    test.sim.advance(89);
    assert_eq!(test.try_sweep(None).await.expect("it looks"), Outcome::Busy);
    test.sim.advance(2);
    test.sweep().await;
}

#[tokio::test]
async fn of_two_that_start_at_once_one_sweeps() {
    let test = withheld(150).await;
    let other = TestApp::over(test.database.clone(), test.sim.clone(), test.issuer.clone(), |_| {}).await;
    test.sim.faults().next_on("/v1/events", 1, Fault::Latency(Duration::from_millis(300)));
    let (one, two) = futures_util::future::join(test.try_sweep(None), other.try_sweep(None)).await;
    let outcomes = [one.expect("it looks"), two.expect("it looks")];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Busy).count(), 1, "{outcomes:?}");
    assert_eq!(test.count("webhook_events").await, test.sim.events(ENDIVE).len() as u64);
}

#[tokio::test]
async fn a_moment_that_somebody_names_leaves_no_gap() {
    let test = TestApp::start().await;
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.advance(DAY);
    test.at_stripe("/v1/customers", "name=Grace").await;
    test.sim.advance(60);
    let since = test.app().clock.now() - TimeDelta::hours(1);
    assert_eq!(done(test.try_sweep(Some(since)).await).found, 1);
    assert_eq!(test.state().await["swept_until"], Value::Null, "the day before was not looked at");
    assert_eq!(test.sweep().await.found, 1);
    test.alter("DELETE FROM webhook_events").await;
    assert_eq!(test.sweep().await.found, 1, "only the last ten minutes are looked at again");
    let before = test.app().clock.now() - TimeDelta::days(2);
    assert_eq!(done(test.try_sweep(Some(before)).await).found, 1);
    assert_eq!(test.state().await["found_in_all"], json!(4));
}

#[tokio::test]
async fn a_gap_of_more_than_thirty_days_is_told() {
    let test = TestApp::start().await;
    let swept = test.sweep().await;
    test.sim.advance(31 * DAY);
    assert_eq!(test.sweep().await.lost_since, Some(swept.until));
    let noticed = test.state().await["gap_noticed_at"].clone();
    assert_ne!(noticed, Value::Null);
    assert_eq!(test.loads().await, ["completed"]);
    test.sim.advance(29 * DAY);
    assert_eq!(test.sweep().await.lost_since, None);
    assert_eq!(test.state().await["gap_noticed_at"], noticed);
}

#[tokio::test]
async fn a_gap_that_stays_is_taken_care_of_once_and_anew_when_it_has_grown_as_long_again() {
    let test = TestApp::start().await;
    let swept = test.sweep().await;
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.advance(31 * DAY);
    test.sim.faults().always_on("/v1/events", Fault::Forbidden);
    let (mut noticed, mut loads) = (Vec::new(), Vec::new());
    for pause in [60, 29 * DAY, 2 * DAY, 60] {
        test.try_sweep(None).await.expect_err("the key may not");
        noticed.push(test.state().await["gap_noticed_at"].clone());
        loads.push(test.loads().await.len());
        assert_eq!(test.count("customers").await, 1, "all is loaded anew");
        test.sim.advance(pause);
    }
    assert_eq!(loads, [1, 1, 1, 2]);
    assert_ne!(noticed[0], Value::Null);
    assert_eq!((&noticed[1], &noticed[2]), (&noticed[0], &noticed[0]), "what was done about it holds");
    assert_ne!(noticed[3], noticed[0]);
    test.sim.faults().clear();
    assert_eq!(test.sweep().await.lost_since, Some(swept.until));
    assert_eq!(test.sweep().await.lost_since, None);
}

#[tokio::test]
async fn a_sweep_that_was_broken_off_for_too_long_has_a_gap_too() {
    let test = TestApp::start().await;
    let last = test.sweep().await;
    test.sim.advance(DAY);
    test.sim.generate(150);
    test.sim.advance(60);
    test.sim.faults().next_on("/v1/events", 1, Fault::Latency(Duration::ZERO));
    test.sim.faults().always_on("/v1/events", Fault::DroppedBefore);
    test.try_sweep(None).await.expect_err("Stripe goes away");
    test.sim.faults().clear();
    assert_ne!(test.state().await["range_after"], Value::Null);
    test.sim.advance(31 * DAY);
    assert_eq!(test.sweep().await.lost_since, Some(last.until));
    assert_ne!(test.state().await["gap_noticed_at"], Value::Null);
}

#[tokio::test]
async fn a_list_that_is_none_or_never_ends_is_refused() {
    let endless = r#"{"object":"list","has_more":true,"data":[{"id":"evt_1","created":1,"type":"a","data":{"object":{}}}]}"#;
    for body in ["{}", "[]", r#"{"object":"list","data":[{}],"has_more":false}"#, r#"{"data":"x"}"#, endless]
    {
        let router = axum::Router::new().fallback(move || async move { body });
        let listener = tokio::net::TcpListener::bind(anywhere()).await.expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let test = TestApp::with(|settings| settings.stripe_api_base = base).await;
        let error = test.try_sweep(None).await.expect_err(body);
        assert_eq!(error.code, Code::Unavailable, "{body}");
        assert_eq!(test.state().await["swept_until"], Value::Null);
    }
}

#[tokio::test]
async fn a_gateway_without_an_endpoint_sweeps_when_it_starts_and_goes_on() {
    let test = withheld(30).await;
    let mut config = config(&test.database, &test.sim, &test.issuer, |_| {});
    config.sweep_interval = Some(Duration::from_millis(50));
    let gateway = Gateway::start(config.clone(), test.app().clock.clone(), Stripe::new(&config.stripe)).await;
    let gateway = gateway.expect("it starts");
    let happened = test.sim.events(ENDIVE).len() as u64;
    soon(async { while test.count("webhook_events").await < happened {} }).await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.advance(60);
    let follows = format!("SELECT id FROM customers WHERE id = '{customer}'");
    soon(async { while test.rows(&follows).await.is_empty() {} }).await;
    soon(gateway.stop()).await;
    assert_eq!(test.state().await["locked_until"], Value::Null, "it gives the sweep up when it stops");
}

/// A Stripe whose clock is the machine's, as the program's is.
async fn of_today(key: &str) -> TestApp {
    let now = Clock::system().unix() - 5 * DAY;
    let clock = ClockMode::Wall;
    let sim = Sim::new(Options { now, clock, secret_key: key.to_owned(), ..Options::default() });
    sim.listen(anywhere()).await.expect("a port is free");
    let issuer = billgraph::commands::issuer::Issuer::with_seed([7; 32]);
    issuer.listen(anywhere()).await.expect("a port is free");
    TestApp::over(TestDatabase::create(), sim, issuer, |_| {}).await
}

#[tokio::test]
async fn the_command_tells_what_it_found() {
    let test = of_today("sk_test_sim").await;
    test.sim.generate(40);
    test.sim.advance(5 * DAY);
    let base = test.sim.base_url();
    let sweep = async |arguments: &[&str], key: &str| {
        let settings = [("STRIPE_SECRET_KEY", key), ("STRIPE_API_BASE", base.as_str())];
        let ended = run(billgraph(&test.database, &[&["sweep"], arguments].concat(), &settings), "").await;
        (ended.status.code(), text(&ended.stdout).to_owned(), text(&ended.stderr).to_owned())
    };
    let happened = test.sim.events(ENDIVE).len();
    let (code, out, told) = sweep(&[], "sk_test_sim").await;
    assert_eq!(code, Some(0), "{told}");
    assert!(out.ends_with(&format!("{happened} events seen\t{happened} taken in\n")), "{out}");
    let (code, out, _) = sweep(&["--since", "2026-01-01"], "sk_test_sim").await;
    assert!(out.ends_with("\t0 taken in\n"), "{out}");
    assert_eq!(code, Some(1), "Stripe lists events for thirty days");
    for (days, code, expected) in [
        (24, 0, ""),
        (26, 0, "events have not been swept for long: Stripe lists them for 30 days"),
        (31, 1, "load it with `billgraph backfill`"),
    ] {
        test.was_swept(days).await;
        let (ended, _, told) = sweep(&[], "sk_test_sim").await;
        assert_eq!(ended, Some(code), "{days} days: {told}");
        assert!(told.contains(expected) && (days > 25 || !told.contains("for long")), "{days} days: {told}");
    }
    let (code, out, told) = sweep(&[], "sk_test_hunter2").await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("does not accept the configured key") && !told.contains("hunter2"), "{told}");
    let (code, _, told) = sweep(&[], "").await;
    assert!(code == Some(2) && told.contains("STRIPE_SECRET_KEY is not set"), "{told}");
}
