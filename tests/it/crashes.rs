//! The program is killed, its database restarts or has no room, and two of it write at once: what was answered 200 is
//! never lost, and the tables end as if nothing had happened.

use std::{os::unix::process::ExitStatusExt, process::Command, sync::Arc, time::Duration};

use billgraph::crash::POINTS;
use futures_util::{
    StreamExt,
    future::{join, join3},
    stream,
};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::Value;

use crate::{
    convergence::{Tables, assert_same, tables},
    support::{
        ENDIVE, Running, TestApp, TestDatabase,
        cluster::Cluster,
        process::{billgraph, run},
        proxy::Proxy,
        sender::Sender,
    },
};

/// How long the histories are.
const EVENTS: usize = 250;

/// The number of the signal that cannot be caught.
const SIGKILL: i32 = 9;

/// A history, and the tables of a gateway to which it was delivered in order, and nothing happened.
struct History {
    events: Vec<Value>,
    tables: Tables,
}

impl History {
    async fn told(database: TestDatabase) -> Self {
        let test = TestApp::with_database(database, |_| {}).await;
        test.sim.generate(EVENTS);
        let events = test.sim.events(ENDIVE);
        for event in &events {
            test.receive(event).await;
        }
        Self { events, tables: tables(&test).await }
    }

    /// Expects each event once in the inbox, its change once in the feed, and the tables as they should be.
    async fn assert_told_once(&self, database: &TestDatabase, which: &str) {
        let test = TestApp::with_database(database.clone(), |_| {}).await;
        let held = test.rows("SELECT id FROM webhook_events").await;
        let is_lost = |event: &&Value| held.iter().all(|row| row["id"] != event["id"]);
        let lost: Vec<&Value> = self.events.iter().filter(is_lost).map(|event| &event["id"]).collect();
        assert_eq!((lost, held.len()), (vec![], self.events.len()), "the inbox, {which}");
        let failed = "SELECT id, reason FROM webhook_events WHERE state = 'failed'";
        assert_eq!(test.rows(failed).await, [] as [Value; 0], "{which}");
        let twice = "SELECT event_id FROM changes GROUP BY event_id HAVING count(*) > 1";
        assert_eq!(test.rows(twice).await, [] as [Value; 0], "{which}");
        assert_same(&tables(&test).await, &self.tables, which);
    }
}

/// The program, when it listens; the sender is told where.
async fn serve(mut command: Command, sender: &Sender) -> Running {
    command.envs([
        ("BILLGRAPH_LISTEN", "127.0.0.1:0"),
        ("BILLGRAPH_LOG_FORMAT", "json"),
        ("STRIPE_WEBHOOK_SECRET", sender.secret.as_str()),
    ]);
    let mut running = Running::start(command);
    let address = running.find(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["fields"]["address"].as_str().map(str::to_owned)
    });
    sender.aim(&address.await);
    running
}

fn program(database: &TestDatabase, settings: &[(&str, &str)]) -> Command {
    billgraph(database, &["serve"], settings)
}

/// A number of at least one and at most this.
fn up_to(most: usize) -> usize {
    let random = getrandom::u32().expect("the system has random numbers");
    usize::try_from(random).expect("it has 32 bits") % most + 1
}

#[tokio::test]
async fn it_dies_at_any_point_and_nothing_is_lost() {
    let history = History::told(TestDatabase::create()).await;
    // Eight events at a time are more than thirty batches.
    let deaths = POINTS.map(|point| format!("{point}:{}", up_to(20)));
    stream::iter(&deaths).for_each_concurrent(2, |at| dies_at(&history, at)).await;
}

async fn dies_at(history: &History, at: &str) {
    let (database, sender) = (TestDatabase::create(), Sender::new());
    let living = async {
        let dying = serve(program(&database, &[("BILLGRAPH_CRASH_AT", at)]), &sender).await;
        let (status, told) = dying.end().await;
        assert_eq!(status.signal(), Some(SIGKILL), "{at}: {told:?}");
        serve(program(&database, &[]), &sender).await
    };
    let (running, ()) = join(living, sender.send(&history.events)).await;
    running.kill().await;
    history.assert_told_once(&database, at).await;
}

#[tokio::test]
async fn it_is_killed_at_any_moment_and_nothing_is_lost() {
    let database = TestDatabase::create();
    let (history, sender) = (History::told(TestDatabase::create()).await, Sender::new());
    let mut moments = [(); 5].map(|()| (up_to(EVENTS - 30), up_to(20_000)));
    moments.sort_unstable();
    let living = async {
        let mut running = serve(program(&database, &[]), &sender).await;
        for (events, microseconds) in moments {
            sender.took_in(events).await;
            tokio::time::sleep(Duration::from_micros(microseconds as u64)).await;
            running.kill().await;
            running = serve(program(&database, &[]), &sender).await;
        }
        running
    };
    let (running, ()) = join(living, sender.send(&history.events)).await;
    running.kill().await;
    history.assert_told_once(&database, &format!("{moments:?}")).await;
}

/// A PostgreSQL server that can fail.
enum Server {
    Own(Arc<Cluster>),
    /// Somebody else's, behind connections that break.
    Behind(Proxy),
}

impl Server {
    /// One for a database, and that database; the suite's own server serves others.
    async fn of(database: TestDatabase) -> (Self, TestDatabase) {
        if let Some(cluster) = Cluster::start() {
            let database = TestDatabase::on_server(&cluster.url());
            return (Self::Own(Arc::new(cluster)), database);
        }
        let (proxy, url) = Proxy::before(&database.url).await;
        let mut through = database;
        through.url = url;
        (Self::Behind(proxy), through)
    }

    async fn fail(&self, sender: &Sender) {
        match self {
            Self::Own(cluster) => cluster.restart().await,
            Self::Behind(proxy) => {
                proxy.cut();
                sender.was_told(503).await;
                proxy.mend();
            }
        }
    }
}

#[tokio::test]
async fn its_database_restarts_under_load_and_nothing_is_lost() {
    let database = TestDatabase::create();
    if database.backend() == DbBackend::Sqlite {
        // An embedded database has no other life than the program's, whose ends are tested above.
        return;
    }
    let history = History::told(database.clone()).await;
    let (server, database) = Server::of(TestDatabase::create()).await;
    let sender = Sender::new();
    let running = serve(program(&database, &[]), &sender).await;
    let failing = async {
        for events in [60, 140] {
            sender.took_in(events).await;
            server.fail(&sender).await;
        }
    };
    join(failing, sender.send(&history.events)).await;
    let statuses = sender.statuses();
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    running.kill().await;
    history.assert_told_once(&database, "restarts").await;
}

#[tokio::test]
async fn on_a_full_disk_it_lives_and_nothing_is_lost() {
    let history = History::told(TestDatabase::file()).await;
    let (database, sender) = (TestDatabase::file(), Sender::new());
    assert!(run(billgraph(&database, &["migrate", "up"], &[]), "").await.status.success());
    let limited = limited(&program(&database, &[]), 200 * 1024 + size(&database));
    let living = async {
        let running = serve(limited, &sender).await;
        sender.was_told(503).await;
        let health = sender.get("/healthz").await;
        assert_eq!(health, Some(StatusCode::OK), "it lives");
        assert!(running.interrupt().await.success(), "it stops as it should");
        serve(program(&database, &[]), &sender).await
    };
    let (running, ()) = join(living, sender.send(&history.events)).await;
    let statuses = sender.statuses();
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    running.kill().await;
    history.assert_told_once(&database, "a full disk").await;
}

/// The size of a database that nobody has open.
fn size(database: &TestDatabase) -> u64 {
    let file = database.url.trim_start_matches("sqlite://").split('?').next().expect("there is a first part");
    std::fs::metadata(file).expect("it is there").len()
}

/// The same command where no file may be larger: to write more fails, as it does on a full disk.
fn limited(command: &Command, bytes: u64) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &(bytes / 1024).to_string()])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(std::env::temp_dir())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[tokio::test]
async fn a_database_without_room_is_written_again_when_there_is_some() {
    let history = History::told(TestDatabase::file()).await;
    let database = TestDatabase::file();
    let test = TestApp::with_database(database.clone(), |_| {}).await;
    let most = async |pages: u32| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        test.app().db.writer.execute_unprepared(&sql).await.expect("it is set");
    };
    // It cannot be less than what there is: the database must not grow.
    most(1).await;
    let mut refused = Vec::new();
    for event in &history.events {
        match test.post_event(event).await.0 {
            StatusCode::OK => {}
            status => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                refused.push(event);
            }
        }
    }
    assert!(!refused.is_empty(), "there was no room");
    most(u32::MAX / 4).await;
    for event in refused {
        test.receive(event).await;
    }
    history.assert_told_once(&database, "without room").await;
}

#[tokio::test]
async fn two_programs_over_one_database_lose_nothing() {
    let database = TestDatabase::create();
    let cluster = (database.backend() == DbBackend::Postgres).then(Cluster::start).flatten();
    let history = History::told(database).await;
    let own = cluster.as_ref().map(|cluster| TestDatabase::on_server(&cluster.url()));
    let database = own.unwrap_or_else(TestDatabase::create);
    let (one, two) = (Sender::new(), Sender::new());
    let (first, second) =
        (serve(program(&database, &[]), &one).await, serve(program(&database, &[]), &two).await);
    // Both are sent everything, the second in any order that is none of Stripe's.
    let mut others = history.events.clone();
    others.sort_by_key(|event| event["id"].as_str().expect("an id").chars().skip(9).collect::<String>());
    let some = history.events.iter().step_by(3).cloned().collect::<Vec<_>>();
    join3(one.send(&history.events), two.send(&others), two.send(&some)).await;
    for (sender, running) in [(one, first), (two, second)] {
        let told = running.kill().await;
        let wrong = |line: &&String| line.contains("\"ERROR\"") || line.contains("deadlock");
        assert_eq!(told.iter().find(wrong), None);
        assert_eq!(sender.statuses(), [200].into());
    }
    if let Some(cluster) = &cluster {
        let log = cluster.log();
        assert!(!log.contains("deadlock detected"), "{log}");
    }
    history.assert_told_once(&database, "two programs").await;
}
