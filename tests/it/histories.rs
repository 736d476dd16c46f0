//! Small histories, many of them, delivered in every way that chance finds: the mirror ends as if in order.
//!
//! A failure names its seed: `BILLGRAPH_SEED=<seed>` begins with it. `scripts/soak` goes on for minutes.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use billgraph::mirror::{event, inbox::Event};
use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Value, json};
use stripe_sim::{Options, Sim};

use crate::support::{
    ACACIA, ENDIVE, TestApp, anywhere,
    random::Random,
    tables::{Tables, difference},
};

/// How many histories the suite tries.
const HISTORIES: u64 = 20;

/// How many of ids that are created again.
const SHORT_HISTORIES: u64 = 40;

/// How many that two gateways are told of.
const SHARED_HISTORIES: u64 = 10;

/// How many with a key.
const SETTLED_HISTORIES: u64 = 15;

/// How many deliveries of each are compared with the one in order.
const DELIVERIES: usize = 5;

/// Until when histories are tried, and with which seed it begins.
struct Trial {
    seed: u64,
    until: Option<Instant>,
    left: u64,
}

impl Trial {
    fn new(histories: u64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a failure is repeated, and a search prolonged, from outside"
        )]
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let minutes = number("BILLGRAPH_SOAK_MINUTES");
        let until = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
        Self { seed: number("BILLGRAPH_SEED").unwrap_or(1), until, left: histories }
    }
}

impl Iterator for Trial {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let goes_on = self.until.map_or(self.left > 0, |until| Instant::now() < until);
        self.left = self.left.saturating_sub(1);
        self.seed += 1;
        goes_on.then_some(self.seed - 1)
    }
}

/// A part of a history, its events in order.
struct History {
    events: Vec<Value>,
}

impl History {
    /// Some dozens of events of a generated history, and of ids that are created again and again; some seconds are made
    /// one, some events are left out, and some belong to a connected account.
    fn of(random: &mut Random) -> Self {
        let api_version = *random.pick(&[ENDIVE, ENDIVE, ACACIA, "2025-08-27.basil"]);
        let mut events = generated(random, api_version);
        if random.percent(40) {
            let more = generated(random, api_version);
            events.extend(more.into_iter().map(|mut event| {
                event["account"] = "acct_connected".into();
                event
            }));
        }
        let start = events.first().and_then(|event| event["created"].as_i64()).unwrap_or(1_790_000_000);
        for account in ["", "acct_connected"] {
            if random.percent(40) {
                events.extend(chosen_id(random, api_version, start, account));
            }
        }
        let coarse = *random.pick(&[1, 1, 60, 3600, 86_400]);
        for event in &mut events {
            let created = event["created"].as_i64().expect("a time");
            event["created"] = (created - created % coarse).into();
        }
        let lost = *random.pick(&[0, 0, 10, 40]);
        events.retain(|_| !random.percent(lost));
        events.sort_by_key(|event| event["created"].as_i64());
        Self { events }
    }

    /// The lives of ids that merchants chose, in two accounts; some events never come.
    fn of_chosen_ids(random: &mut Random) -> Self {
        let mut events = chosen_id(random, ENDIVE, 1_790_000_000, "");
        let other = *random.pick(&["", "acct_connected"]);
        events.extend(chosen_id(random, ENDIVE, 1_790_000_000, other));
        let lost = *random.pick(&[0, 0, 30]);
        events.retain(|_| !random.percent(lost));
        events.sort_by_key(|event| event["created"].as_i64());
        Self { events }
    }

    /// One life after another of a product: what happened, and in which second.
    fn of_a_product(happened: &[(&str, i64)]) -> Self {
        let event = |(name, (kind, second)): (usize, &(&str, i64))| {
            let created = 1_790_000_000 + second;
            let mut data = json!({ "object": { "id": "gold", "object": "product", "name": name } });
            if *kind == "updated" {
                data["previous_attributes"] = json!({ "name": name - 1 });
            }
            json!({ "id": format!("evt_{name}"), "object": "event", "api_version": ENDIVE, "created": created,
                    "type": format!("product.{kind}"), "data": data })
        };
        Self { events: happened.iter().enumerate().map(event).collect() }
    }

    fn parsed(&self, place: usize) -> Event {
        event::parse(&Bytes::from(self.events[place].to_string())).expect("an event")
    }

    /// Where the events are that name an object, to be read by whoever looks for the reason of a failure.
    fn told_of(&self, id: &str, order: &[Vec<usize>]) -> String {
        let line = |place: usize| {
            let event = &self.events[place];
            let previous = &event["data"]["previous_attributes"];
            format!("{place} {} {} {} {previous}", event["created"], event["type"], event["id"])
        };
        let names = |place: &usize| self.events[*place]["data"]["object"].to_string().contains(id);
        let history: Vec<String> = (0..self.events.len()).filter(names).map(line).collect();
        let order: Vec<Vec<usize>> =
            order.iter().map(|batch| batch.iter().copied().filter(names).collect()).collect();
        format!("its events:\n{}\nwere delivered as {order:?}", history.join("\n"))
    }
}

fn generated(random: &mut Random, api_version: &str) -> Vec<Value> {
    let sim = Sim::new(Options { seed: random.number(), ..Options::default() });
    sim.generate(80 + random.below(300));
    let events = sim.events(api_version);
    let length = 20 + random.below(40);
    let start = random.below(events.len() - length);
    events[start..start + length].to_vec()
}

/// The life of an object whose id a merchant chose: it is created, changed and deleted, and created again.
fn chosen_id(random: &mut Random, api_version: &str, start: i64, account: &str) -> Vec<Value> {
    let object = *random.pick(&["coupon", "plan", "product"]);
    let (mut events, mut now, mut name, mut lives) = (Vec::new(), start, 0_u64, false);
    for _ in 0..3 + random.below(9) {
        now += i64::try_from(random.below(3)).expect("few");
        let before = name;
        let (kind, previous) = match lives {
            false => ("created", None),
            true if random.percent(40) => ("deleted", None),
            true => {
                name = random.number() % 3;
                ("updated", Some(json!({ "name": before })))
            }
        };
        lives = kind != "deleted";
        let mut data = json!({ "object": { "id": "gold", "object": object, "name": name, "created": now } });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let id = format!("evt_{:016x}", random.number());
        events.push(json!({ "id": id, "object": "event", "api_version": api_version, "created": now,
                            "type": format!("{object}.{kind}"), "data": data }));
        if !account.is_empty() {
            events.last_mut().expect("one was added")["account"] = account.into();
        }
    }
    events
}

/// A random order of events, some of them more than once, in batches of random sizes.
fn shuffled(random: &mut Random, count: usize) -> Vec<Vec<usize>> {
    let duplicated = *random.pick(&[0, 20, 100]);
    let mut places: Vec<usize> = (0..count).collect();
    places.extend((0..count).filter(|_| random.percent(duplicated)));
    random.shuffle(&mut places);
    let largest = *random.pick(&[1, 3, 20, 200]);
    let mut batches = Vec::new();
    while !places.is_empty() {
        let size = (1 + random.below(largest)).min(places.len());
        batches.push(places.drain(..size).collect());
    }
    batches
}

/// The tables after a delivery to gateways that share a database.
async fn delivered(gateways: &[TestApp], history: &History, order: &[Vec<usize>]) -> Tables {
    gateways[0].forget_everything().await;
    deliver(gateways, history, order).await;
    gateways[0].tables().await
}

/// Delivers batches one after the other, the events of each at once, to the gateways in turn.
async fn deliver(gateways: &[TestApp], history: &History, order: &[Vec<usize>]) {
    for batch in order {
        let events = batch.iter().zip(gateways.iter().cycle());
        let events = events.map(|(place, test)| test.app().writer.event(history.parsed(*place)));
        for outcome in join_all(events).await {
            outcome.expect("the event is taken in");
        }
    }
    let failed = gateways[0].rows("SELECT id, reason FROM webhook_events WHERE state = 'failed'").await;
    assert_eq!(failed, [] as [Value; 0]);
}

/// A gateway without a key: what events say is all there is.
async fn without_key() -> TestApp {
    TestApp::with(|settings| settings.stripe_secret_key = None).await
}

/// Tries histories with gateways that share a database.
async fn end_as_in_order(gateways: &[TestApp], histories: u64, history: fn(&mut Random) -> History) {
    for seed in Trial::new(histories) {
        let random = &mut Random(seed);
        let history = history(random);
        let in_order: Vec<Vec<usize>> = (0..history.events.len()).map(|place| vec![place]).collect();
        let expected = delivered(&gateways[..1], &history, &in_order).await;
        for _ in 0..DELIVERIES {
            let order = shuffled(random, history.events.len());
            let tables = delivered(gateways, &history, &order).await;
            if let Some((id, how)) = difference(&tables, &expected) {
                panic!("seed {seed}: {how}\n{}", history.told_of(&id, &order));
            }
        }
    }
}

#[tokio::test]
async fn every_delivery_ends_as_the_one_in_order() {
    end_as_in_order(&[without_key().await], HISTORIES, History::of).await;
}

#[tokio::test]
async fn every_delivery_of_ids_that_are_created_again_ends_as_the_one_in_order() {
    end_as_in_order(&[without_key().await], SHORT_HISTORIES, History::of_chosen_ids).await;
}

#[tokio::test]
async fn every_delivery_to_two_gateways_ends_as_the_one_in_order() {
    let one = without_key().await;
    let (database, sim, issuer) = (one.database.clone(), one.sim.clone(), one.issuer.clone());
    let two = TestApp::over(database, sim, issuer, |settings| settings.stripe_secret_key = None).await;
    end_as_in_order(&[one, two], SHARED_HISTORIES, |random| {
        let of = *random.pick(&[History::of as fn(&mut Random) -> History, History::of_chosen_ids]);
        of(random)
    })
    .await;
}

/// Ways to tell of a deletion that random deliveries seldom take.
#[tokio::test]
async fn a_deletion_counts_whatever_it_arrives_with() {
    let test = [without_key().await];
    let with_what_is_later = (
        &[("created", 0), ("deleted", 1), ("deleted", 5), ("created", 7), ("updated", 9)],
        [vec![0, 1], vec![4, 2], vec![3]],
        false,
    );
    let after_another_of_its_second = (
        &[("created", 0), ("updated", 5), ("deleted", 5), ("created", 5), ("updated", 6)],
        [vec![3], vec![4], vec![0, 1, 2]],
        true,
    );
    for (happened, order, deleted) in [with_what_is_later, after_another_of_its_second] {
        let history = History::of_a_product(happened);
        let in_order: Vec<Vec<usize>> = (0..happened.len()).map(|place| vec![place]).collect();
        let expected = delivered(&test, &history, &in_order).await;
        assert_eq!(test[0].rows("SELECT deleted FROM products").await, [json!({ "deleted": deleted })]);
        let tables = delivered(&test, &history, &order).await;
        let differs = difference(&tables, &expected);
        assert!(differs.is_none(), "{differs:?}\n{}", history.told_of("gold", &order));
    }
}

#[tokio::test]
async fn with_a_key_every_delivery_ends_with_what_stripe_holds() {
    let first = TestApp::start().await;
    for seed in Trial::new(SETTLED_HISTORIES) {
        let random = &mut Random(seed);
        let api_version = *random.pick(&[ENDIVE, ACACIA]);
        let sim = Sim::new(Options { seed: random.number(), ..Options::default() });
        sim.listen(anywhere()).await.expect("a port is free");
        let gateways = [TestApp::over(first.database.clone(), sim, first.issuer.clone(), |_| {}).await];
        let [test] = &gateways;
        test.forget_everything().await;
        test.sim.generate(80 + random.below(200));
        let before = test.sim.events(api_version).len();
        happen(test, random).await;
        println!("seed {seed}, {api_version}");
        let taken_in = AtomicUsize::new(before);
        let random = Mutex::new(random);
        test.learn_the_rest(async || {
            let events = test.sim.events(api_version);
            let start = taken_in.swap(events.len(), Ordering::Relaxed);
            let history = History { events: events[start..].to_vec() };
            let order = shuffled(*random.lock().expect("not poisoned"), history.events.len());
            deliver(&gateways, &history, &order).await;
            history.events.len()
        })
        .await;
        test.holds_what_stripe_holds(&test.sim.events(api_version)[before..], api_version).await;
    }
}

/// Some dozens of events, among them the lives of a coupon whose id is chosen, and a bill with more than a page of lines.
async fn happen(test: &TestApp, random: &mut Random) {
    test.sim.generate(20 + random.below(40));
    let mut lives = false;
    for _ in 0..random.below(8) {
        match (lives, random.percent(40)) {
            (false, _) => drop(test.at_stripe("/v1/coupons", "id=gold&percent_off=5&duration=once").await),
            (true, true) => test.delete_at_stripe("/v1/coupons/gold").await,
            (true, false) => {
                let name = format!("name=N{}", random.below(3));
                test.at_stripe("/v1/coupons/gold", &name).await;
                continue;
            }
        }
        lives = !lives;
        test.sim.advance(i64::try_from(random.below(3)).expect("few"));
    }
    if random.percent(30) {
        let customer = test.at_stripe("/v1/customers", "name=Ada").await;
        for number in 0..12 {
            let item = format!("customer={customer}&currency=usd&amount={}", 100 + number);
            test.at_stripe("/v1/invoiceitems", &item).await;
        }
        let invoice = format!("customer={customer}&currency=usd&pending_invoice_items_behavior=include");
        test.at_stripe("/v1/invoices", &invoice).await;
    }
}
