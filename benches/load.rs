//! How fast an account is loaded, beside the bare insertion of the same rows, and in how much memory; and what a sweep
//! costs that finds almost nothing.
//!
//!     cargo bench --bench load                    an account of some 100,000 objects
//!     cargo bench --bench load -- 1300000         one that so many events lead to
//!
//! The account is simulated, with 25 milliseconds to each answer, and the limit is that of a live key, 80 requests a
//! second. The database is SQLite in a temporary folder, or PostgreSQL at `BENCH_DATABASE_URL`, in the schemas
//! `bench_load` and `bench_copy`, which are removed. Reads Linux' `/proc`.

use std::{
    fs,
    io::Read,
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use billgraph::{
    db::{CHECKPOINT, WRITER_CACHE},
    mirror::MIRRORS,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use stripe_sim::{ClockMode, Fault, Options, Sim};

/// The schema on PostgreSQL that is loaded, and the one that its rows are copied to.
const LOADED: &str = "bench_load";
const COPY: &str = "bench_copy";

/// Requests a second.
const LIMIT: u64 = 80;

/// Objects that one request brings.
const PAGE: u64 = 100;

/// What is loaded: of each, Stripe's lists take ranges.
const OBJECTS: &str = "customer,subscription,invoice,payment_intent,charge,refund,balance_transaction";

/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// What a command took.
struct Ran {
    output: String,
    elapsed: Duration,
    cpu: Duration,
    /// In kilobytes.
    peak: u64,
}

struct Bench {
    sim: Sim,
    /// When the account's history begins, in seconds since 1970.
    start: i64,
    db: Target,
}

/// A database of the gateway's.
#[derive(Clone)]
struct Target {
    url: String,
    schema: &'static str,
}

impl Target {
    /// The file, on SQLite.
    fn file(&self) -> Option<&str> {
        self.url.strip_prefix("sqlite://")?.strip_suffix("?mode=rwc")
    }

    /// Another one beside it.
    fn copy(&self) -> Self {
        let url =
            self.file().map_or_else(|| self.url.clone(), |file| format!("sqlite://{file}.copy?mode=rwc"));
        Self { url, schema: COPY }
    }

    async fn connect(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(1);
        Database::connect(options).await.expect("the database answers")
    }

    /// Removes what is left of it on PostgreSQL.
    async fn empty(&self) {
        if self.file().is_none() {
            let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
            self.connect().await.execute_unprepared(&sql).await.expect("the schema can be removed");
        }
    }
}

impl Bench {
    async fn new(db: Target) -> Self {
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs());
        let start = now.expect("it is not that late") - 25 * DAY;
        let sim = Sim::new(Options { now: start, clock: ClockMode::Wall, ..Options::default() });
        sim.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port is free");
        sim.faults().every(1, "/v1/", Fault::Latency(Duration::from_millis(25)));
        Self { sim, start, db }
    }

    /// Runs the program to its end.
    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on(&self.db, arguments).await
    }

    async fn run_on(&self, db: &Target, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_billgraph"));
        command
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &db.url)
            .env("BILLGRAPH_DB_SCHEMA", db.schema)
            .env("BILLGRAPH_LOG", "warn")
            .env("STRIPE_API_BASE", self.sim.base_url())
            .env("STRIPE_SECRET_KEY", "sk_test_sim")
            .env("STRIPE_RATE_LIMIT", LIMIT.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let running = tokio::task::spawn_blocking(move || {
            let (start, before) = (Instant::now(), cpu_of_children());
            let mut child = command.spawn().expect("the program starts");
            let (mut peak, status) = (0, format!("/proc/{}/status", child.id()));
            let ended = loop {
                peak = peak.max(fs::read_to_string(&status).map_or(0, |status| peak_in(&status)));
                if let Some(ended) = child.try_wait().expect("it can be waited for") {
                    break ended;
                }
                std::thread::sleep(Duration::from_millis(100));
            };
            let elapsed = start.elapsed();
            let mut output = String::new();
            let mut stdout = child.stdout.take().expect("it is piped");
            stdout.read_to_string(&mut output).expect("it is text");
            assert!(ended.success(), "{ended}: {output}");
            Ran { output, elapsed, cpu: cpu_of_children().saturating_sub(before), peak }
        });
        running.await.expect("the thread does not panic")
    }
}

/// The most memory that a process was in, in kilobytes.
fn peak_in(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

/// What children that ended used of the processors: the kernel counts in hundredths of a second.
fn cpu_of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // The name of the program, in parentheses, may have spaces.
    let (_, fields) = stat.rsplit_once(')').expect("it has a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let hundredths: u64 = [13, 14].iter().map(|&place| fields[place].parse::<u64>().expect("a number")).sum();
    Duration::from_millis(hundredths * 10)
}

/// How many objects a load says it wrote.
fn loaded(output: &str) -> u64 {
    let of_line = |line: &str| line.split('\t').nth(1)?.strip_suffix(" loaded")?.parse::<u64>().ok();
    output.lines().filter_map(of_line).sum()
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a bench is to be read")]
async fn load(bench: &Bench, events: usize) {
    bench.sim.generate_past(events);
    let before = bench.sim.requests().len();
    let ran = bench.run(&["backfill", "--object", OBJECTS]).await;
    let (objects, requests) = (loaded(&ran.output), bench.sim.requests().len() - before);
    print!("{}", ran.output);
    let rate = objects as f64 / ran.elapsed.as_secs_f64();
    println!("{objects} objects in {:.1} s: {rate:.0} a second", ran.elapsed.as_secs_f64());
    println!("{requests} requests: {:.1} a second", requests as f64 / ran.elapsed.as_secs_f64());
    println!("{:.0} % of what the limit allows", 100.0 * rate / (LIMIT * PAGE) as f64);
    println!("{:.0} µs of processor time an object", ran.cpu.as_micros() as f64 / objects as f64);
    println!("{:.0} MiB of memory at most", ran.peak as f64 / 1024.0);
    let (rows, bare) = bare_insertion(bench).await;
    println!("{rows} rows, whose bare insertion takes {:.1} s", bare.as_secs_f64());
    println!("{:.0} % of its rate", 100.0 * bare.as_secs_f64() / ran.elapsed.as_secs_f64());
}

/// Has the database itself insert the rows of the mirror into empty tables of the same form, indexes included, in
/// transactions of some [`PAGE`] rows each. Says how many rows that are, and how long it takes.
async fn bare_insertion(bench: &Bench) -> (u64, Duration) {
    let copy = bench.db.copy();
    copy.empty().await;
    bench.run_on(&copy, &["migrate", "up"]).await;
    let db = bench.db.connect().await;
    if let Some(file) = copy.file() {
        // As the gateway has it.
        let attach = format!(
            "ATTACH '{file}' AS {COPY}; PRAGMA {COPY}.synchronous = FULL; \
             PRAGMA {COPY}.cache_size = -{WRITER_CACHE}; PRAGMA wal_autocheckpoint = {CHECKPOINT}"
        );
        db.execute_unprepared(&attach).await.expect("the copy can be attached");
    }
    let (mut rows, mut spent) = (0, Duration::ZERO);
    for mirror in MIRRORS.iter() {
        for which in parts(&db, mirror.table, bench.db.file().is_some()).await {
            let from = if bench.db.file().is_some() { "main" } else { LOADED };
            let table = mirror.table;
            let insert = format!("INSERT INTO {COPY}.{table} SELECT * FROM {from}.{table} WHERE {which}");
            let start = Instant::now();
            let inserted = db.execute_unprepared(&insert).await.expect("the rows fit");
            spent += start.elapsed();
            rows += inserted.rows_affected();
        }
    }
    copy.empty().await;
    (rows, spent)
}

/// Conditions that divide a table into parts of some [`PAGE`] rows each, in the order in which they were inserted.
async fn parts(db: &DatabaseConnection, table: &str, is_sqlite: bool) -> Vec<String> {
    let count = async |sql: String| -> u64 {
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await;
        let row = row.expect("the database answers").expect("it has an answer");
        u64::try_from(row.try_get_by_index::<i64>(0).expect("it is a number")).expect("it is a count")
    };
    if is_sqlite {
        let last = count(format!("SELECT COALESCE(MAX(rowid), 0) FROM main.{table}")).await;
        let part = |first: u64| format!("rowid > {first} AND rowid <= {}", first + PAGE);
        let step = usize::try_from(PAGE).expect("it is small");
        return (0..last).step_by(step).map(part).collect();
    }
    let rows = count(format!("SELECT COUNT(*) FROM {LOADED}.{table}")).await;
    let blocks = count(format!("SELECT pg_relation_size('{LOADED}.{table}') / 8192")).await;
    let step = (blocks * PAGE).div_ceil(rows.max(1)).max(1);
    let part = |first: u64| format!("ctid >= '({first},0)'::tid AND ctid < '({},0)'::tid", first + step);
    (0..blocks).step_by(usize::try_from(step).expect("it is small")).map(part).collect()
}

/// Nothing but a few events is new.
#[expect(clippy::print_stdout, reason = "a bench is to be read")]
async fn sweep(bench: &Bench) {
    bench.sim.generate(9_990);
    bench.sim.advance(60);
    let first = bench.run(&["sweep"]).await;
    print!("the first sweep: {}", first.output);
    println!("{:.2} s of processor time", first.cpu.as_secs_f64());
    bench.sim.generate(10);
    bench.sim.advance(60);
    let second = bench.run(&["sweep", "--since", &bench.start.to_string()]).await;
    print!("the second: {}", second.output);
    println!("{:.2} s of processor time", second.cpu.as_secs_f64());
}

#[tokio::main]
async fn main() {
    // Cargo adds `--bench`.
    let events = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(130_000);
    let folder = tempfile::tempdir().expect("a folder can be made");
    #[expect(clippy::disallowed_methods, reason = "the bench's only setting")]
    let postgres = std::env::var("BENCH_DATABASE_URL").ok();
    for (number, what) in ["sweep", "load"].into_iter().enumerate() {
        let file = format!("sqlite://{}/{number}.db?mode=rwc", folder.path().display());
        let db = Target { url: postgres.clone().unwrap_or(file), schema: LOADED };
        db.empty().await;
        let bench = Bench::new(db.clone()).await;
        match what {
            "sweep" => sweep(&bench).await,
            _ => load(&bench, events).await,
        }
        db.empty().await;
    }
}
