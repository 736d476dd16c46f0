//! The whole way of a mirror: it is loaded while its gateway lives and dies, then damaged, and healed.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use billgraph::{clock::Clock, commands::issuer::Issuer};
use futures_util::future::{join, select};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::{ClockMode, Fault, Options, Sim};
use tokio::sync::Mutex;

use crate::support::{
    ENDIVE, Running, TestApp, TestDatabase, anywhere,
    process::{billgraph, text},
    sender::Sender,
};

/// How many events lead to what is loaded, unless `BILLGRAPH_HEALING_EVENTS` asks for more, which Stripe has forgotten
/// then.
const EVENTS: usize = 700;

/// How often the gateway and the load are killed.
const DEATHS: usize = 5;

/// How many events happen a second meanwhile.
const EVENTS_A_SECOND: usize = 20;

const DAY: i64 = 24 * 60 * 60;

/// An account that lives, and what is told of it to a gateway.
struct Account {
    test: TestApp,
    sender: Sender,
    events: usize,
    /// Customers of whom there is news.
    customers: Vec<String>,
    /// How many events the gateway was told of, or will never be.
    told: Mutex<usize>,
}

impl Account {
    /// One with a history, of which the mirror has nothing.
    async fn with_history() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a longer story is told on request")]
        let wanted = std::env::var("BILLGRAPH_HEALING_EVENTS").ok();
        let events = wanted.map_or(EVENTS, |events| events.parse().expect("a number of events"));
        let (now, clock) = (Clock::system().unix() - 20 * DAY, ClockMode::Wall);
        let sim = Sim::new(Options { now, clock, ..Options::default() });
        sim.listen(anywhere()).await.expect("a port is free");
        sim.generate_past(events.saturating_sub(EVENTS));
        sim.generate(EVENTS);
        let all = sim.objects("customer", ENDIVE);
        let customers = all.iter().take(10).filter_map(|object| object["id"].as_str().map(str::to_owned));
        let customers = customers.collect();
        let issuer = Issuer::with_seed([7; 32]);
        issuer.listen(anywhere()).await.expect("a port is free");
        let told = Mutex::new(sim.events_from(0, ENDIVE).0);
        let test = TestApp::over(TestDatabase::create(), sim, issuer, |_| {}).await;
        Self { test, sender: Sender::new(), events, customers, told }
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = billgraph(&self.test.database, arguments, &[]);
        command
            .env("STRIPE_API_BASE", self.test.sim.base_url())
            .env("STRIPE_SECRET_KEY", "sk_test_sim")
            .env("STRIPE_WEBHOOK_SECRET", &self.sender.secret)
            .env("STRIPE_RATE_LIMIT", "10000");
        command
    }

    /// Runs a command to its end, however long that takes; gives its exit code and what it printed.
    async fn command(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = self.program(arguments);
        let ended = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output());
        let ended = ended.await.expect("the thread does not panic").expect("the program starts");
        (ended.status.code(), text(&ended.stdout).to_owned(), text(&ended.stderr).to_owned())
    }

    /// The gateway, to which events are sent from now on.
    async fn serve(&self) -> Running {
        let mut command = self.program(&["serve"]);
        command.envs([("BILLGRAPH_LISTEN", "127.0.0.1:0"), ("BILLGRAPH_LOG_FORMAT", "json")]);
        let mut gateway = Running::start(command);
        let address = gateway.find(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["fields"]["address"].as_str().map(str::to_owned)
        });
        self.sender.aim(&address.await);
        gateway
    }

    /// Who works on the load.
    async fn worker(&self) -> Option<Value> {
        self.test.rows("SELECT worker FROM sync_runs").await.pop()
    }

    /// Loads everything, although load and gateway are killed again and again; gives the gateway that lives on.
    async fn load(&self) -> Running {
        // Else a short history is loaded at once.
        self.test.sim.faults().every(1, "/v1/", Fault::Latency(Duration::from_millis(100)));
        for _ in 0..DEATHS {
            let gateway = self.serve().await;
            let before = self.worker().await;
            let load = Running::start(self.program(&["backfill"]));
            while self.worker().await == before {
                assert!(!load.lines.is_closed(), "{:?}", load.end().await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let moment = u64::from(getrandom::u32().expect("the system has random numbers"));
            // Long before it is loaded.
            let latest = (self.events as u64 / 40).max(350);
            tokio::time::sleep(Duration::from_millis(moment % latest)).await;
            load.kill().await;
            gateway.kill().await;
        }
        self.test.sim.faults().clear();
        let gateway = self.serve().await;
        let (status, told) = Running::start(self.program(&["backfill"])).end().await;
        assert_eq!(status.code(), Some(0), "{told:?}");
        let runs = self.test.rows("SELECT state FROM sync_runs").await;
        assert_eq!(runs, [json!({ "state": "completed" })], "it was one load");
        gateway
    }

    /// Something happens at Stripe.
    async fn happens(&self, number: usize) {
        let customer = format!("/v1/customers/{}", self.customers[number % self.customers.len()]);
        let (path, change) = match number % 3 {
            0 => ("/v1/customers", format!("name=New{number}")),
            1 => (customer.as_str(), format!("name=Name{number}")),
            _ => (customer.as_str(), format!("balance=-{number}")),
        };
        self.test.at_stripe(path, &change).await;
    }

    /// Much happens until something is over.
    async fn live(&self, is_over: &AtomicBool) {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        for second in 0.. {
            seconds.tick().await;
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            for number in 0..EVENTS_A_SECOND {
                self.happens(second * EVENTS_A_SECOND + number).await;
            }
        }
    }

    /// Tells the gateway of what happens, as soon as it lives.
    async fn tell(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut told = self.told.lock().await;
            let (all, news) = self.test.sim.events_from(*told, ENDIVE);
            self.sender.send(&news).await;
            *told = all;
        }
    }

    /// What happens while nobody tells, and will never be told of.
    async fn withheld(&self, told: &mut usize, many: usize) -> Vec<Value> {
        for number in 0..many {
            self.happens(number).await;
        }
        let (all, withheld) = self.test.sim.events_from(*told, ENDIVE);
        *told = all;
        assert!(withheld.len() >= many, "each change is an event");
        withheld
    }

    /// Expects that nothing differs but what happens while it is compared, of which the next sweep tells.
    async fn assert_equal(&self) {
        for is_last in [false, false, true] {
            let (code, out, told) = self.command(&["verify"]).await;
            if code == Some(0) {
                return;
            }
            assert!(code == Some(3) && !is_last, "{code:?} {out}{told}");
            self.swept().await;
        }
    }

    /// Looks for events that were not delivered, and says how many there were.
    async fn swept(&self) -> usize {
        // The last seconds are left to the webhooks that may be on their way.
        self.test.sim.advance(60);
        let (code, out, told) = self.command(&["sweep"]).await;
        assert_eq!(code, Some(0), "{out}{told}");
        let found = out.trim().rsplit('\t').next().and_then(|last| last.strip_suffix(" taken in"));
        found.and_then(|found| found.parse().ok()).expect("it says how many")
    }

    /// The events that the gateway has.
    async fn inbox(&self) -> BTreeSet<String> {
        let rows = self.test.rows("SELECT id FROM webhook_events").await;
        rows.iter().map(|row| id_of(row).to_owned()).collect()
    }

    /// Does something to so many rows of a table that no later event tells of, and gives their ids.
    async fn harm(&self, table: &str, many: usize, sql: &str) -> BTreeSet<String> {
        let known: Vec<String> = self.customers.iter().map(|id| format!("'{id}'")).collect();
        let which = format!("NOT deleted AND id NOT IN ({}) ORDER BY id LIMIT {many}", known.join(", "));
        let rows = self.test.rows(&format!("SELECT id FROM {table} WHERE {which}")).await;
        let ids: BTreeSet<String> =
            rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
        assert_eq!(ids.len(), many, "there are enough {table}");
        let which: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
        let sql = format!("{sql} WHERE id IN ({})", which.join(", "));
        self.test.app().db.writer.execute_unprepared(&sql).await.expect("the database answers");
        ids
    }
}

fn id_of(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

/// What a report in JSON names: the ids, with how they differ.
fn named(report: &str) -> BTreeSet<(String, String)> {
    let report: Value = serde_json::from_str(report).expect("one JSON object");
    let objects = report["objects"].as_array().expect("a list").iter();
    let drifts = objects.flat_map(|object| object["drift"].as_array().expect("a list"));
    let name = |drift: &Value| {
        let fields = drift["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let differs = std::iter::once(drift["kind"].as_str().expect("how")).chain(fields);
        (id_of(drift).to_owned(), differs.collect::<Vec<_>>().join(" "))
    };
    drifts.map(name).collect()
}

#[tokio::test]
async fn it_is_loaded_while_it_dies_and_healed_when_it_is_harmed() {
    let account = Account::with_history().await;
    select(Box::pin(account.tell()), Box::pin(account.is_loaded_and_healed())).await;
}

impl Account {
    async fn is_loaded_and_healed(&self) {
        let is_over = AtomicBool::new(false);
        let loading = async {
            let gateway = self.load().await;
            is_over.store(true, Ordering::Relaxed);
            gateway
        };
        let (gateway, ()) = join(loading, self.live(&is_over)).await;
        // It goes through what happened before, of which no webhook told.
        self.swept().await;
        self.assert_equal().await;

        // A gateway that lives would fetch some of what is missing before anybody looks.
        let mut told = self.told.lock().await;
        gateway.kill().await;
        let (many, happened) = ((self.events / 25).min(500), *told);
        let renamed = self.harm("customers", many / 2, "UPDATE customers SET name = 'X'").await;
        let raised = self.harm("invoices", many / 2, "UPDATE invoices SET amount_due = amount_due + 1").await;
        let removed = self.harm("charges", many / 10, "DELETE FROM charges").await;
        let withheld = self.withheld(&mut told, many / 10).await;
        let before = self.inbox().await;
        assert!(withheld.iter().all(|event| !before.contains(id_of(event))));
        let found = self.swept().await;
        let after = self.inbox().await;
        assert!(withheld.iter().all(|event| after.contains(id_of(event))), "those that were withheld");
        assert_eq!(found, after.len() - before.len(), "and none that was known");

        let (code, out, err) = self.command(&["verify", "--repair", "--json"]).await;
        assert_eq!(code, Some(3), "{out}{err}");
        let expected = [(renamed, "differs name"), (raised, "differs amount_due"), (removed, "missing")];
        let expected =
            expected.into_iter().flat_map(|(ids, how)| ids.into_iter().map(|id| (id, how.to_owned())));
        let (expected, named) = (expected.collect::<BTreeSet<_>>(), named(&out));
        // A large account does not stand still: of what changed since then, another difference or none is named.
        let (_, news) = self.test.sim.events_from(happened, ENDIVE);
        let news: Vec<String> = news.iter().map(Value::to_string).collect();
        let differ = expected.symmetric_difference(&named);
        let wrong: Vec<_> =
            differ.filter(|(id, _)| !news.iter().any(|event| event.contains(id.as_str()))).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(expected.intersection(&named).count() > expected.len() * 9 / 10, "{out}");
        drop(told);

        let _gateway = self.serve().await;
        self.assert_equal().await;
    }
}
