//! Whatever goes wrong while Stripe's objects are loaded: what may pass is waited for, what does not is told, and what
//! was loaded is not lost.

use std::{os::unix::process::ExitStatusExt, process::Command, time::Duration};

use billgraph::{
    app::Core,
    clock::Clock,
    config::Settings,
    stripe::{RetryPolicy, Stripe},
    sync::backfill::{Opened, Outcome, Pace, REST, Unfinished, open, progress, resume, work},
};
use chrono::DateTime;
use entity::{
    sync_run::State,
    sync_run_object::State as ObjectState,
    sync_run_range::{self, Model as Range},
};
use futures_util::future::{join, join_all};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel};
use serde_json::json;
use stripe_sim::{Fault, Options, Sim};

use crate::{
    backfill::{customers, pace, selection},
    support::{
        Running, TestApp, TestDatabase, anywhere,
        billing::event,
        config,
        process::{billgraph, run, text},
        proxy::Proxy,
        socket::soon,
    },
};

const MINUTE: Duration = Duration::from_mins(1);

/// A gateway, and a Stripe with a history.
async fn with_history() -> TestApp {
    let test = TestApp::start().await;
    test.sim.generate(1200);
    test
}

#[tokio::test]
async fn a_storm_of_429_slows_down_and_ends_nothing() {
    let test = with_history().await;
    test.sim.faults().every(3, "/", Fault::RateLimited { retry_after: None });
    test.loaded(&["all"]).await;
    test.sim.faults().clear();
    test.holds_everything().await;
}

#[tokio::test]
async fn without_any_answer_for_a_while_it_waits() {
    let test = TestApp::start().await;
    customers(&test, 120).await;
    let run = test.opened(&selection(&["customer"], None, None)).await;
    // More than one request is tried.
    test.sim.faults().next_on("/v1/customers", 30, Fault::RateLimited { retry_after: None });
    assert_eq!(work(test.app(), &run, &pace()).await, Outcome::Finished(State::Completed));
    assert_eq!(test.count("customers").await, 120);
}

#[tokio::test]
async fn server_errors_and_broken_connections_end_nothing() {
    let test = with_history().await;
    test.sim.faults().every(5, "/", Fault::ServerError);
    test.sim.faults().every(7, "/", Fault::DroppedBefore);
    test.sim.faults().every(11, "/", Fault::ServerErrorHtml);
    test.sim.faults().every(13, "/", Fault::DroppedAfter);
    test.loaded(&["all"]).await;
    test.sim.faults().clear();
    test.holds_everything().await;
}

#[tokio::test]
async fn an_outage_that_all_steps_meet_at_once_ends_nothing() {
    let test = TestApp::start().await;
    let start = test.sim.now();
    let made = customers(&test, 160).await;
    let run = test.opened(&selection(&["customer"], None, None)).await;
    let twentieth = |number: i32| DateTime::from_timestamp(start + i64::from(number) * 20 * 60, 0);
    let ranges = (0..8).map(|number| Range {
        run: run.id.clone(),
        object: "customer".to_owned(),
        number,
        created_gte: twentieth(number).filter(|_| number > 0),
        created_lt: Some(run.created_lt).filter(|_| number == 7).or(twentieth(number + 1)),
        reached: None,
        parent: None,
        cursor: None,
    });
    let writer = &test.app().db.writer;
    sync_run_range::Entity::delete_many().exec(writer).await.expect("the whole range goes");
    let parts = ranges.map(|range| range.into_active_model().reset_all());
    sync_run_range::Entity::insert_many(parts).exec_without_returning(writer).await.expect("parts come");
    // More steps fail than may fail one after the other, each after five tries.
    test.sim.faults().next_on("/v1/customers", 5 * (pace().failures as usize + 3), Fault::ServerError);
    assert_eq!(work(test.app(), &run, &pace()).await, Outcome::Finished(State::Completed));
    assert_eq!(test.count("customers").await, made.len() as u64);
}

#[tokio::test]
async fn what_never_succeeds_is_told_and_left_for_the_next_start() {
    let test = with_history().await;
    let all = selection(&["customer", "coupon", "product"], None, None);
    let run = test.opened(&all).await;
    test.sim.faults().always_on("/v1/coupons", Fault::ServerError);
    let outcome = work(test.app(), &run, &pace()).await;
    let is_told = |reason: &str| reason.contains("coupon: ") && reason.contains("500");
    assert!(matches!(&outcome, Outcome::Interrupted(reason) if is_told(reason)), "{outcome:?}");
    let objects = test.objects_of(&run.id).await;
    let states: Vec<(&str, ObjectState)> =
        objects.iter().map(|object| (object.object.as_str(), object.state)).collect();
    let (loaded, loading) = (ObjectState::Loaded, ObjectState::Loading);
    assert_eq!(states, [("customer", loaded), ("product", loaded), ("coupon", loading)]);
    test.sim.faults().clear();
    let asked = test.sim.requests().len();
    let (outcome, again) = test.load(&all).await;
    assert_eq!((outcome, again), (Outcome::Finished(State::Completed), run.id));
    let asked = test.sim.requests().into_iter().skip(asked).map(|request| request.path);
    assert_eq!(asked.filter(|path| path == "/v1/customers").count(), 0, "these were loaded before");
}

#[tokio::test]
async fn waiting_for_the_rate_limit_is_no_failure() {
    let test = TestApp::start().await;
    customers(&test, 120).await;
    let all = selection(&["customer"], None, None);
    let run = test.opened(&all).await;
    // As often as it takes for one failure to be left, if waiting were one; then one.
    test.sim.faults().next_on("/v1/customers", 25, Fault::RateLimited { retry_after: None });
    test.sim.faults().next_on("/v1/customers", 5, Fault::ServerError);
    assert_eq!(
        work(test.app(), &run, &Pace { failures: 2, ..pace() }).await,
        Outcome::Finished(State::Completed)
    );
    assert_eq!(test.count("customers").await, 120);
}

#[tokio::test]
async fn what_stands_in_the_way_of_lists_of_parents_is_what_it_is_elsewhere() {
    let test = TestApp::start().await;
    customers(&test, 40).await;
    let entitlements = selection(&["entitlements.active_entitlement_summary"], None, None);
    let run = test.opened(&entitlements).await;
    test.sim.faults().next_on("/v1/entitlements", 200, Fault::RateLimited { retry_after: None });
    let patient = Pace { failures: 1, ..pace() };
    assert_eq!(work(test.app(), &run, &patient).await, Outcome::Finished(State::Completed), "it waited");
    let run = test.opened(&entitlements).await;
    test.sim.faults().always_on("/v1/entitlements", Fault::KeyRevoked);
    let outcome = work(test.app(), &run, &pace()).await;
    assert!(matches!(&outcome, Outcome::Interrupted(reason) if reason.contains("401")), "{outcome:?}");
}

#[tokio::test]
async fn a_type_that_the_key_may_not_read_holds_up_no_other() {
    let test = with_history().await;
    test.sim.faults().always_on("/v1/customers", Fault::Forbidden);
    let (outcome, run) = test.load(&selection(&["all"], None, None)).await;
    assert_eq!(outcome, Outcome::Finished(State::CompletedWithErrors));
    for object in test.objects_of(&run).await {
        let (is_refused, error) = (object.object == "customer", object.error.unwrap_or_default());
        assert_eq!(object.state == ObjectState::Failed, is_refused, "{}: {error}", object.object);
        assert_eq!(error.contains("403"), is_refused, "{}: {error}", object.object);
    }
    assert!(test.count("subscriptions").await > 0);
    assert_eq!(test.count("customers").await, 0);
}

#[tokio::test]
async fn a_key_that_is_revoked_interrupts_and_another_goes_on() {
    let test = with_history().await;
    let all = selection(&["all"], None, None);
    let run = test.opened(&all).await;
    test.sim.faults().after("/", 12, Fault::KeyRevoked);
    let outcome = work(test.app(), &run, &pace()).await;
    assert!(matches!(&outcome, Outcome::Interrupted(reason) if reason.contains("401")), "{outcome:?}");
    let rows = test.rows("SELECT state, error, worker FROM sync_runs").await;
    assert_eq!((&rows[0]["state"], &rows[0]["worker"]), (&json!("interrupted"), &json!("")));
    assert!(rows[0]["error"].as_str().is_some_and(|error| error.contains("401")), "{rows:?}");
    test.sim.faults().clear();
    let (outcome, again) = test.load(&all).await;
    assert_eq!((outcome, again), (Outcome::Finished(State::Completed), run.id));
    test.holds_everything().await;
}

#[tokio::test]
async fn what_trouble_interrupted_goes_on_by_itself_and_what_was_stopped_by_hand_does_not() {
    let test = with_history().await;
    for (objects, error) in [("all", Some("401")), ("price", None), ("coupon", Some("401"))] {
        let run = test.opened(&selection(&[objects], None, None)).await;
        run.interrupt(&test.app().db, error, test.app().clock.now()).await.expect("it is noted");
        test.sim.advance(1);
    }
    // The last one is left alone for a moment more.
    test.sim.advance(REST.num_seconds() - 2);
    let going_on = tokio::spawn(resume(test.app().clone()));
    let states = async || {
        let rows = test.rows("SELECT state FROM sync_runs ORDER BY updated_at, objects").await;
        rows.iter().map(|row| row["state"].clone()).collect::<Vec<_>>()
    };
    soon(async {
        while states().await != ["interrupted", "interrupted", "completed"] {
            tokio::task::yield_now().await;
        }
    })
    .await;
    going_on.abort();
    test.holds_everything().await;
}

#[tokio::test]
async fn where_the_last_object_of_a_page_was_deleted_it_goes_on_by_created() {
    let test = TestApp::start().await;
    let made = customers(&test, 350).await;
    let all = selection(&["customer"], None, None);
    let run = test.opened(&all).await;
    test.sim.faults().after("/v1/customers", 1, Fault::KeyRevoked);
    assert!(matches!(work(test.app(), &run, &pace()).await, Outcome::Interrupted(_)));
    let ranges = test.rows("SELECT cursor FROM sync_run_ranges WHERE cursor IS NOT NULL").await;
    let cursor = ranges[0]["cursor"].as_str().expect("a page was loaded").to_owned();
    test.sim.faults().clear();
    test.delete_at_stripe(&format!("/v1/customers/{cursor}")).await;
    test.loaded(&["customer"]).await;
    let held = test.rows("SELECT id FROM customers").await;
    assert_eq!(held.len(), made.len(), "the deleted one was loaded before, and the others are there");
    let twice = test.rows("SELECT object_id FROM changes GROUP BY object_id HAVING count(*) > 1").await;
    assert!(twice.len() <= 1, "hardly any is loaded again: {twice:?}");
}

#[tokio::test]
async fn what_cannot_be_written_is_counted_and_harms_no_other() {
    let test = TestApp::start().await;
    for name in ["FREE", "HALF"] {
        test.at_stripe("/v1/coupons", &format!("id={name}&percent_off=50&duration=once")).await;
    }
    customers(&test, 3).await;
    let moved = test.app().db.writer.execute_unprepared("ALTER TABLE coupons RENAME TO elsewhere").await;
    moved.expect("the database answers");
    let (outcome, run) = test.load(&selection(&["coupon", "customer"], None, None)).await;
    assert_eq!(outcome, Outcome::Finished(State::CompletedWithErrors));
    let objects = test.objects_of(&run).await;
    let counted: Vec<_> = objects.iter().map(|object| (object.loaded, object.refused)).collect();
    assert_eq!(counted, [(3, 0), (0, 2)], "{objects:?}");
    assert!(objects[1].error.as_deref().is_some_and(|error| error.contains("coupons")), "{objects:?}");
}

/// A way to have a database be away: cut off, or, where it is embedded, without room.
enum Away {
    Cut(Proxy),
    Full,
}

impl Away {
    async fn begin(&self, test: &TestApp) {
        match self {
            Self::Cut(proxy) => proxy.cut(),
            Self::Full => room(test, 1).await,
        }
    }

    /// Returns once the load tried so often in vain.
    async fn was_noticed(&self, test: &TestApp, tries: usize) {
        let before = test.sim.requests().len();
        let is_noticed = || match self {
            Self::Cut(proxy) => proxy.refused() > tries,
            Self::Full => test.sim.requests().len() > before + tries,
        };
        while !is_noticed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(&self, test: &TestApp) {
        match self {
            Self::Cut(proxy) => proxy.mend(),
            Self::Full => room(test, u32::MAX / 4).await,
        }
    }
}

/// Limits the size of an embedded database; below what there is, it must not grow.
async fn room(test: &TestApp, pages: u32) {
    let limit = format!("PRAGMA max_page_count = {pages}");
    test.app().db.writer.execute_unprepared(&limit).await.expect("it is set");
}

/// Loads customers at a pace while the database is away: at least for so long, and for so many tries.
async fn load_while_the_database_is_away(pace: impl Fn(&TestApp) -> Pace, lasting: Duration, tries: usize) {
    let database = TestDatabase::create();
    let (test, away) = if database.backend() == DbBackend::Sqlite {
        (TestApp::with_database(database, |_| {}).await, Away::Full)
    } else {
        let (proxy, through) = Proxy::before(&database.url).await;
        let change = |settings: &mut Settings| settings.database_url = through;
        (TestApp::with_database(database, change).await, Away::Cut(proxy))
    };
    let made = customers(&test, 700).await;
    let run = test.opened(&selection(&["customer"], None, None)).await;
    test.sim.faults().every(1, "/v1/customers", Fault::Latency(Duration::from_millis(400)));
    let failing = async {
        while test.count("customers").await == 0 {
            tokio::task::yield_now().await;
        }
        away.begin(&test).await;
        test.sim.faults().clear();
        join(away.was_noticed(&test, tries), tokio::time::sleep(lasting)).await;
        away.end(&test).await;
    };
    let pace = pace(&test);
    let loading = join(work(test.app(), &run, &pace), failing);
    let (outcome, ()) = tokio::time::timeout(2 * lasting + 2 * MINUTE, loading).await.expect("it goes on");
    assert_eq!(outcome, Outcome::Finished(State::Completed), "{:?}", test.objects_of(&run.id).await);
    assert_eq!(test.count("customers").await, made.len() as u64);
    assert_eq!(test.objects_of(&run.id).await[0].loaded, 700, "each page counts once");
}

#[tokio::test]
async fn while_the_database_is_away_it_waits_and_loses_nothing() {
    load_while_the_database_is_away(|_| pace(), Duration::ZERO, 20).await;
}

#[tokio::test]
async fn while_the_database_is_away_for_a_minute_it_waits_at_its_usual_pace() {
    load_while_the_database_is_away(|test| Pace::of(&test.app().db), MINUTE, 3).await;
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_changes_nothing() {
    for off in [-600, 600] {
        let test = TestApp::start().await;
        let made = customers(&test, 120).await;
        let clock = {
            let sim = test.sim.clone();
            Clock::from_fn(move || DateTime::from_timestamp(sim.now() + off, 0).expect("a time"))
        };
        let config = config(&test.database, &test.sim, &test.issuer, |_| {});
        let stripe = Stripe::with(&config.stripe, RetryPolicy::default(), clock.clone());
        let core = Core::open(config, clock, stripe).await.expect("it opens");
        let all = selection(&["customer"], None, None);
        let run = match open(&core.app, &all, Unfinished::GoOn, Duration::ZERO).await.expect("it opens") {
            Opened::Ours(run) => run,
            Opened::Others(run) => panic!("{run:?} is another's"),
        };
        assert_eq!(run.created_lt.timestamp(), test.sim.now() + 1, "the end is told by Stripe's clock");
        assert_eq!(work(&core.app, &run, &pace()).await, Outcome::Finished(State::Completed));
        core.close().await;
        assert_eq!(test.count("customers").await, made.len() as u64, "{off}");
        let told = json!({ "id": made[0], "object": "customer", "name": "Bea" });
        test.receive(&event("customer.updated", test.sim.now() + 1, &told)).await;
        let name = format!("SELECT name FROM customers WHERE id = '{}'", made[0]);
        assert_eq!(test.rows(&name).await, [json!({ "name": "Bea" })], "{off}: a newer event wins");
    }
}

#[tokio::test]
async fn a_gateway_that_starts_goes_on_with_what_was_left() {
    let test = TestApp::start().await;
    let made = customers(&test, 120).await;
    let run = test.opened(&selection(&["customer"], None, None)).await;
    run.release(&test.app().db).await.expect("the database answers");
    let config = config(&test.database, &test.sim, &test.issuer, |_| {});
    let (database, sim, issuer) = (test.database.clone(), test.sim.clone(), test.issuer.clone());
    let other = TestApp::configured(database, sim, issuer, config).await.expect("the gateway starts");
    let ending = async {
        loop {
            let read = progress::read(&other.app().db, &run.id).await.expect("the database answers");
            let state = read.expect("there is such a run").run.state;
            if state != State::Running {
                break state;
            }
        }
    };
    assert_eq!(soon(ending).await, State::Completed);
    assert_eq!(test.count("customers").await, made.len() as u64);
}

/// The program, asking a simulated Stripe.
fn program(database: &TestDatabase, sim: &Sim, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = billgraph(database, arguments, settings);
    command.env("STRIPE_API_BASE", sim.base_url());
    command.env("STRIPE_SECRET_KEY", "sk_test_sim").env("STRIPE_RATE_LIMIT", "10000");
    command
}

async fn history() -> Sim {
    let sim = Sim::new(Options::default());
    sim.listen(anywhere()).await.expect("a port is free");
    sim.generate(1200);
    sim
}

impl TestApp {
    /// A gateway over what a program loaded.
    async fn after(database: &TestDatabase, sim: &Sim) -> Self {
        let other = TestApp::start().await;
        TestApp::over(database.clone(), sim.clone(), other.issuer.clone(), |_| {}).await
    }
}

#[tokio::test]
async fn killed_at_any_page_it_goes_on_where_it_was() {
    // The end of a page, its middle, and the moment before anybody knows that it is written.
    let deaths = ["begun:3", "rows written:4", "before commit:1", "before commit:3", "after commit:2"];
    join_all(deaths.map(killed)).await;
}

async fn killed(at: &str) {
    let (database, sim) = (TestDatabase::create(), history().await);
    let dying = run(program(&database, &sim, &["backfill"], &[("BILLGRAPH_CRASH_AT", at)]), "").await;
    assert_eq!(dying.status.signal(), Some(9), "{at}: {}", text(&dying.stderr));
    let test = TestApp::after(&database, &sim).await;
    for (object, table) in [("customer", "customers"), ("invoice", "invoices"), ("charge", "charges")] {
        let loaded = format!("SELECT loaded FROM sync_run_objects WHERE object = '{object}'");
        let loaded = test.rows(&loaded).await[0]["loaded"].as_u64().expect("a number");
        let held = test.rows(&format!("SELECT id FROM {table} WHERE stamp > 0")).await.len() as u64;
        assert_eq!(held, loaded, "{at}: rows and progress of {table} are written together");
    }
    let ended = run(program(&database, &sim, &["backfill"], &[]), "").await;
    assert_eq!(ended.status.code(), Some(0), "{at}: {}", text(&ended.stderr));
    assert_eq!(test.rows("SELECT id FROM sync_runs").await.len(), 1, "{at}: it was one run");
    test.holds_everything().await;
}

#[tokio::test]
async fn killed_after_each_page_and_in_the_middle_of_the_next_it_comes_to_the_end() {
    let (database, undisturbed, sim) = (TestDatabase::create(), TestDatabase::create(), history().await);
    let load = ["backfill", "--object", "customer,invoice,payment_intent,charge"];
    let mut deaths = 0;
    loop {
        let at = if deaths % 2 == 0 { "after commit:1" } else { "rows written:2" };
        let dying = run(program(&database, &sim, &load, &[("BILLGRAPH_CRASH_AT", at)]), "").await;
        if dying.status.success() {
            break;
        }
        assert_eq!(dying.status.signal(), Some(9), "{at}: {}", text(&dying.stderr));
        deaths += 1;
        assert!(deaths < 50, "each gets further than the one before");
    }
    assert!(deaths > 2, "it died {deaths} times");
    assert!(run(program(&undisturbed, &sim, &load, &[]), "").await.status.success());
    let (test, whole) = (TestApp::after(&database, &sim).await, TestApp::after(&undisturbed, &sim).await);
    assert_eq!(test.rows("SELECT id FROM sync_runs").await.len(), 1, "it was one run");
    for table in ["customers", "invoices", "invoice_line_items", "payment_intents", "charges"] {
        let ids = format!("SELECT id FROM {table} WHERE stamp > 0 ORDER BY id");
        let held = test.rows(&ids).await;
        assert!(!held.is_empty(), "there are {table}");
        assert_eq!(held, whole.rows(&ids).await, "{table}");
    }
}

#[tokio::test]
async fn two_programs_load_the_same_once() {
    let (database, sim) = (TestDatabase::create(), history().await);
    assert!(run(billgraph(&database, &["migrate", "up"], &[]), "").await.status.success());
    sim.faults().every(2, "/v1/customers", Fault::Latency(Duration::from_millis(1200)));
    let mut first = Running::start(program(&database, &sim, &["backfill"], &[]));
    first.find(|line| line.contains("loading").then_some(())).await;
    let second = run(program(&database, &sim, &["backfill"], &[]), "").await;
    let others = run(program(&database, &sim, &["backfill", "--object", "customer,price"], &[]), "").await;
    let told = text(&second.stderr);
    let (status, rest) = first.end().await;
    assert_eq!((status.code(), others.status.code()), (Some(0), Some(0)), "{rest:?}");
    // It ended meanwhile, or the second was told of it.
    let test = TestApp::after(&database, &sim).await;
    let runs = test.rows("SELECT id FROM sync_runs ORDER BY created").await;
    match second.status.code() {
        Some(1) => assert!(told.contains(runs[0]["id"].as_str().expect("an id")), "{told}"),
        code => assert_eq!((code, runs.len()), (Some(0), 3), "{told}"),
    }
    test.holds_everything().await;
}

#[tokio::test]
async fn the_program_tells_what_it_loaded_and_what_not() {
    let (database, sim) = (TestDatabase::create(), history().await);
    sim.faults().always_on("/v1/coupons", Fault::Forbidden);
    let ended = run(program(&database, &sim, &["backfill", "--object", "coupon,product"], &[]), "").await;
    let (out, told) = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(1), "{told}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("product\t") && lines[0].ends_with(" loaded"), "{out}");
    assert!(lines[1].starts_with("coupon\t0 loaded\t") && lines[1].contains("403"), "{out}");
    assert!(told.lines().last().is_some_and(|last| last.contains("not everything")), "{told}");
}

#[tokio::test]
async fn wrong_arguments_load_nothing() {
    let (database, sim) = (TestDatabase::create(), history().await);
    let before = sim.requests().len();
    for (arguments, expected) in [
        (&["--object", "custmer"][..], "There is no object type `custmer`"),
        (&["--object", "customer,"], "There is no object type ``"),
        (&["--object", "subscription_item"], "with each `subscription`"),
        (&["--created-gte", "yesterday"], "it should be a date"),
        (&["--created-gte", "2026-01-02", "--created-lt", "2026-01-01"], "is empty"),
        (&["--created-lt", "99999999999999"], "it should be a date"),
        (&["customer"], "unexpected argument"),
    ] {
        let ended = run(program(&database, &sim, &[&["backfill"], arguments].concat(), &[]), "").await;
        let told = text(&ended.stderr);
        assert_eq!((ended.status.code(), told.contains(expected)), (Some(2), true), "{arguments:?}: {told}");
    }
    let no_key = run(billgraph(&database, &["backfill"], &[]), "").await;
    assert_eq!(no_key.status.code(), Some(2));
    assert!(text(&no_key.stderr).contains("STRIPE_SECRET_KEY is not set"));
    assert_eq!(sim.requests().len(), before);
    sim.faults().always(Fault::KeyRevoked);
    let revoked = run(program(&database, &sim, &["backfill"], &[]), "").await;
    assert_eq!((revoked.status.code(), text(&revoked.stdout)), (Some(1), ""));
    assert!(!text(&revoked.stderr).contains("sk_test_sim"));
}

#[tokio::test]
async fn one_that_is_interrupted_goes_on_at_the_next_command() {
    let (database, sim) = (TestDatabase::create(), history().await);
    sim.faults().after("/v1/customers", 1, Fault::Latency(Duration::from_secs(20)));
    let mut running = Running::start(program(&database, &sim, &["backfill"], &[]));
    running.find(|line| line.contains("loading").then_some(())).await;
    assert_eq!(running.interrupt().await.code(), Some(1));
    let test = TestApp::after(&database, &sim).await;
    let states = test.rows("SELECT state, worker FROM sync_runs").await;
    assert_eq!(states, [json!({ "state": "interrupted", "worker": "" })]);
    sim.faults().clear();
    let ended = run(program(&database, &sim, &["backfill"], &[]), "").await;
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    assert_eq!(test.rows("SELECT state FROM sync_runs").await, [json!({ "state": "completed" })]);
    test.holds_everything().await;
}
