//! What Stripe held before is loaded: whole, in ranges, once, and going on where it was left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use billgraph::{
    mirror::MIRRORS,
    sync::{
        backfill::{Created, Opened, Outcome, Pace, Run, Selection, Unfinished, open, progress, work},
        missing::{self, Window},
    },
};
use chrono::DateTime;
use entity::{sync_run::State, sync_run_object};
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, event},
};

/// A pace at which failures cost no time.
pub fn pace() -> Pace {
    let (first_pause, longest_pause) = (Duration::from_millis(2), Duration::from_millis(10));
    Pace { first_pause, longest_pause, ..Pace::default() }
}

pub fn selection(objects: &[&str], gte: Option<i64>, lt: Option<i64>) -> Selection {
    let objects: Vec<String> = objects.iter().map(|name| (*name).to_owned()).collect();
    let time = |second: Option<i64>| second.and_then(|second| DateTime::from_timestamp(second, 0));
    Selection::new(&objects, Created { gte: time(gte), lt: time(lt) }, None).expect("it is right")
}

impl TestApp {
    /// A run of a selection, which nobody else works on.
    pub async fn opened(&self, selection: &Selection) -> Run {
        match open(self.app(), selection, Unfinished::GoOn, Duration::ZERO).await.expect("it opens") {
            Opened::Ours(run) => run,
            Opened::Others(run) => panic!("{run:?} is another's"),
        }
    }

    /// Loads a selection, and says how that ended and of which run.
    pub async fn load(&self, selection: &Selection) -> (Outcome, String) {
        let run = self.opened(selection).await;
        (work(self.app(), &run, &pace()).await, run.id)
    }

    /// Loads types of objects without an error.
    pub async fn loaded(&self, objects: &[&str]) {
        let (outcome, run) = self.load(&selection(objects, None, None)).await;
        let progress = progress::read(&self.app().db, &run).await.expect("the database answers");
        assert_eq!(outcome, Outcome::Finished(State::Completed), "{progress:?}");
        assert_eq!(self.rows("SELECT * FROM sync_run_ranges").await, [] as [Value; 0]);
    }

    pub async fn objects_of(&self, run: &str) -> Vec<sync_run_object::Model> {
        let progress = progress::read(&self.app().db, run).await.expect("the database answers");
        progress.expect("there is such a run").objects.into_iter().map(|object| object.row).collect()
    }

    /// Everything that Stripe holds, as if events told of it.
    pub fn all_at_stripe(&self) -> Vec<Value> {
        let objects = MIRRORS.iter().flat_map(|mirror| self.sim.objects(mirror.object, ENDIVE));
        objects.map(|object| json!({ "data": { "object": object } })).collect()
    }

    /// Asks for what others name.
    async fn names_are_known(&self) {
        let mut window = Window::first(&self.app().db).await.expect("it looks");
        for _ in 0..8 {
            window = missing::scan(self.app(), window).await.expect("it looks");
            self.catch_up().await;
        }
        // The simulation names what it does not have.
        let left = "SELECT * FROM sync_jobs WHERE object <> 'balance_transaction'";
        assert_eq!(self.rows(left).await, [] as [Value; 0]);
    }

    /// Compares all tables with what Stripe holds, once what others name was asked for.
    pub async fn holds_everything(&self) {
        self.names_are_known().await;
        self.holds_what_stripe_holds(&self.all_at_stripe(), ENDIVE).await;
    }
}

#[tokio::test]
async fn a_load_gives_what_stripe_holds() {
    let test = TestApp::start().await;
    test.sim.generate(2000);
    test.loaded(&["all"]).await;
    test.holds_everything().await;
    let canceled = test.rows("SELECT id FROM subscriptions WHERE status = 'canceled'").await;
    let inactive = test.rows("SELECT id FROM prices WHERE NOT active").await;
    assert!(!canceled.is_empty() && !inactive.is_empty(), "these are not in every list of Stripe's");
}

/// Makes so many customers at Stripe, a minute apart.
pub async fn customers(test: &TestApp, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        ids.push(test.at_stripe("/v1/customers", &format!("name=N{number}")).await);
        test.sim.advance(60);
    }
    ids
}

/// The bounds of `created` with which lists of a path were asked for.
fn asked_ranges(test: &TestApp, path: &str) -> BTreeSet<String> {
    let requests = test.sim.requests().into_iter().filter(|request| request.path == path);
    requests.map(|request| request.params["created"].to_string()).collect()
}

#[tokio::test]
async fn much_is_loaded_side_by_side_and_nothing_twice() {
    let test = TestApp::start().await;
    let made = customers(&test, 850).await;
    let before = test.sim.requests().len();
    test.loaded(&["customer"]).await;
    assert_eq!(test.count("customers").await, made.len() as u64);
    let asked = test.sim.requests().len() - before;
    assert!(asked_ranges(&test, "/v1/customers").len() > 4, "ranges were divided");
    // Nine pages, and what it takes to divide ranges of which nobody knows how full they are.
    assert!(asked < 40, "{asked} requests");
    let told = test.rows("SELECT kind FROM changes WHERE object = 'customer' AND kind <> 'created'").await;
    assert_eq!(told, [] as [Value; 0], "no customer was written twice");
    test.loaded(&["customer"]).await;
    let told = test.rows("SELECT kind FROM changes WHERE kind = 'updated'").await;
    assert_eq!(told.len(), made.len(), "the second time each is known");
}

#[tokio::test]
async fn what_happens_meanwhile_is_not_lost() {
    let test = TestApp::start().await;
    test.sim.generate(800);
    test.connect_webhooks(ENDIVE);
    let run = test.opened(&selection(&["all"], None, None)).await;
    // What is listed is what was created until now; what comes later is told by events.
    test.sim.advance(2);
    let mut told = test.all_at_stripe();
    let living = async {
        for _ in 0..20 {
            test.sim.generate(20);
            test.deliver().await;
        }
    };
    let pace = pace();
    let (outcome, ()) = join(work(test.app(), &run, &pace), living).await;
    assert_eq!(outcome, Outcome::Finished(State::Completed), "{:?}", test.objects_of(&run.id).await);
    for _ in 0..10 {
        test.sim.advance(3);
        test.deliver().await;
        test.catch_up().await;
    }
    test.names_are_known().await;
    told.extend(test.sim.events(ENDIVE));
    // Lists that take no ranges show what no event tells of, too.
    let held: BTreeSet<String> = test.tables().await.into_values().flat_map(BTreeMap::into_keys).collect();
    let is_held = |told: &Value| told["data"]["object"]["id"].as_str().is_some_and(|id| held.contains(id));
    told.extend(test.all_at_stripe().into_iter().filter(is_held));
    test.holds_what_stripe_holds(&told, ENDIVE).await;
}

#[tokio::test]
async fn what_a_newer_event_says_stays() {
    let test = TestApp::start().await;
    let id = test.at_stripe("/v1/customers", "name=Ada").await;
    let told = json!({ "id": id, "object": "customer", "name": "Bea", "created": MADE });
    test.receive(&event("customer.updated", test.sim.now() + 5, &told)).await;
    test.loaded(&["customer"]).await;
    assert_eq!(test.rows("SELECT name FROM customers").await, [json!({ "name": "Bea" })]);
    test.sim.advance(6);
    test.loaded(&["customer"]).await;
    assert_eq!(test.rows("SELECT name FROM customers").await, [json!({ "name": "Ada" })]);
}

#[tokio::test]
async fn only_what_was_created_in_the_range_is_loaded() {
    let test = TestApp::start().await;
    let made = customers(&test, 10).await;
    let born = |id: &String| {
        let all = test.sim.objects("customer", ENDIVE);
        let found = all.iter().find(|customer| customer["id"] == **id).expect("it is there");
        found["created"].as_i64().expect("a time")
    };
    let range = selection(&["customer"], Some(born(&made[3])), Some(born(&made[7])));
    assert_eq!(test.load(&range).await.0, Outcome::Finished(State::Completed));
    let held = test.rows("SELECT id FROM customers ORDER BY created").await;
    let held: Vec<&str> = held.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(held, made[3..7]);
}

#[tokio::test]
async fn what_old_customers_got_in_the_range_is_loaded_and_nothing_else_of_theirs() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let tax_ids = format!("/v1/customers/{customer}/tax_ids");
    test.at_stripe(&tax_ids, "type=eu_vat&value=DE100000001").await;
    test.sim.advance(10 * 86_400);
    let since = test.sim.now();
    let new = test.at_stripe(&tax_ids, "type=eu_vat&value=DE100000002").await;
    test.sim.advance(60);
    test.loaded(&["customer"]).await;
    let (outcome, _) = test.load(&selection(&["all"], Some(since), None)).await;
    assert_eq!(outcome, Outcome::Finished(State::Completed));
    assert_eq!(test.rows("SELECT id FROM tax_ids").await, [json!({ "id": new })]);
}

#[tokio::test]
async fn those_who_have_lists_of_what_is_asked_for_come_along() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let tax_ids = format!("/v1/customers/{customer}/tax_ids");
    let tax_id = test.at_stripe(&tax_ids, "type=eu_vat&value=DE100000000").await;
    test.loaded(&["tax_id"]).await;
    assert_eq!(test.rows("SELECT id FROM tax_ids").await, [json!({ "id": tax_id })]);
    assert_eq!(test.rows("SELECT id FROM customers").await, [json!({ "id": customer })]);
}

#[tokio::test]
async fn what_a_load_is_bringing_is_not_asked_for_beside() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let subscription = json!({ "id": "sub_1", "object": "subscription", "customer": customer });
    test.receive(&event("customer.subscription.updated", test.sim.now(), &subscription)).await;
    let run = test.opened(&selection(&["customer"], None, None)).await;
    let asked = || {
        let path = format!("/v1/customers/{customer}");
        test.sim.requests().into_iter().filter(|request| request.path == path).count()
    };
    let window = Window::first(&test.app().db).await.expect("it looks");
    missing::scan(test.app(), window).await.expect("it looks");
    let jobs = "SELECT object_id FROM sync_jobs WHERE object = 'customer'";
    assert_eq!(test.rows(jobs).await, [json!({ "object_id": customer })]);
    test.catch_up().await;
    assert_eq!(asked(), 0, "the load has not come to it yet");
    assert_eq!(work(test.app(), &run, &pace()).await, Outcome::Finished(State::Completed));
    test.catch_up_after(600).await;
    assert_eq!((asked(), test.rows(jobs).await), (0, vec![]), "it came with the load");
}

#[tokio::test]
async fn the_same_is_loaded_once_at_a_time() {
    let test = TestApp::start().await;
    let (app, all) = (test.app(), selection(&["customer", "price"], None, None));
    let first = test.opened(&all).await;
    for unfinished in [Unfinished::GoOn, Unfinished::StartAfresh] {
        match open(app, &all, unfinished, Duration::ZERO).await.expect("it looks") {
            Opened::Others(told) => assert_eq!(told.id, first.id),
            Opened::Ours(run) => panic!("{run:?} is a second one"),
        }
    }
    let other = test.opened(&selection(&["price"], None, None)).await;
    assert_ne!(other.id, first.id, "another selection is another load");
    // Left in order, the next one goes on.
    first.release(&app.db).await.expect("the database answers");
    let second = test.opened(&all).await;
    assert_eq!(second.id, first.id);
    assert_eq!(work(app, &first, &pace()).await, Outcome::Lost, "it is the other's now");
    // Started afresh, it is abandoned.
    second.interrupt(&app.db, None, app.clock.now()).await.expect("the database answers");
    let third = match open(app, &all, Unfinished::StartAfresh, Duration::ZERO).await.expect("it opens") {
        Opened::Ours(run) => run,
        Opened::Others(run) => panic!("{run:?} is another's"),
    };
    assert_ne!(third.id, first.id);
    let state = format!("SELECT state FROM sync_runs WHERE id = '{}'", first.id);
    assert_eq!(test.rows(&state).await, [json!({ "state": "abandoned" })]);
    assert_eq!(work(app, &third, &pace()).await, Outcome::Finished(State::Completed));
}

#[tokio::test]
async fn of_a_process_that_ended_without_a_word_another_takes_over() {
    let test = TestApp::start().await;
    let (app, all) = (test.app(), selection(&["customer"], None, None));
    let dead = test.opened(&all).await;
    match open(app, &all, Unfinished::GoOn, Duration::from_millis(20)).await.expect("it looks") {
        Opened::Ours(run) => assert_eq!((run.id == dead.id, run.worker == dead.worker), (true, false)),
        Opened::Others(run) => panic!("{run:?} does not live"),
    }
    assert_eq!(work(app, &dead, &pace()).await, Outcome::Lost);
    // Of one that lives the beat grows.
    let living = test.opened(&selection(&["price"], None, None)).await;
    let beating = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(living.beat(&app.db.writer, app.clock.now()).await.expect("the database answers"));
    };
    let price = selection(&["price"], None, None);
    let (opened, ()) = join(open(app, &price, Unfinished::GoOn, Duration::from_millis(200)), beating).await;
    assert!(matches!(opened, Ok(Opened::Others(_))), "{opened:?}");
}

#[tokio::test]
async fn without_a_key_nothing_is_loaded() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    let all = selection(&["all"], None, None);
    let error = open(test.app(), &all, Unfinished::GoOn, Duration::ZERO).await.expect_err("there is no key");
    assert_eq!(error.message, "STRIPE_SECRET_KEY is not set.");
    assert_eq!(test.rows("SELECT id FROM sync_runs").await, [] as [Value; 0]);
}
