//! Connections to the database, and its schema.

use std::{
    mem,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection, SqliteConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};

pub use self::{
    ingest::IngestConnection,
    reader::Reader,
    records::{Field, Layouts, Record, Records},
    transaction::{Columns, PostgresTransaction, Transaction},
};
use crate::config::DatabaseConfig;

mod ingest;
mod reader;
mod records;
mod transaction;

/// How many transactions of the mirror's are under way at once on PostgreSQL: while one waits for the disk or for us, the
/// other writes.
const INGEST_CONNECTIONS: u32 = 2;

/// What SQLite keeps of the file in memory for a connection that reads, in KiB.
const READER_CACHE: u32 = 2 * 1024;

/// The same for the one that writes: what does not fit of a batch is written to the log twice.
pub const WRITER_CACHE: u32 = 16 * 1024;

/// After how many pages, of 4 KiB, SQLite copies its log into the file: the pages of an index that each batch changes are
/// copied once for many of them.
pub const CHECKPOINT: u32 = 8 * 1024;

/// The database, for reading and for writing.
#[derive(Clone, Debug)]
pub struct Database {
    /// For what clients ask: a statement that takes too long is ended by the database.
    pub reader: DatabaseConnection,
    /// The same with connections that are kept between statements, for what is asked often.
    pub quick: Reader,
    /// SQLite has one writer at a time: it is one connection here, so that writers wait in line and never fail.
    pub writer: DatabaseConnection,
    /// How PostgreSQL is connected to by whoever writes to the mirror.
    ingest: Option<ConnectOptions>,
    schema: String,
    statements: Arc<AtomicU64>,
    seen: Arc<Seen>,
}

/// The statements that readers were asked for, where somebody wants to see them.
type Seen = OnceLock<Mutex<Vec<Statement>>>;

impl Database {
    /// Opens the database that is configured, and makes sure that it answers.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, DbErr> {
        let url = config.url.expose();
        let schema = config.schema.clone();
        let (statements, seen) = (Arc::<AtomicU64>::default(), Arc::<Seen>::default());
        if !url.starts_with("sqlite:") {
            let ingest = Some(ingest(url, &schema));
            let reader = postgres_reader(url, &schema, config.statement_timeout);
            let reader = pool(reader, &statements, &seen).await?;
            let writer = pool(postgres(url, &schema), &statements, &Arc::default()).await?;
            let quick = Reader::new(reader.clone(), statements.clone(), seen.clone());
            return Ok(Self { reader, quick, writer, ingest, schema, statements, seen });
        }
        let writer = pool(sqlite_writer(url), &statements, &Arc::default()).await?;
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let reader = if in_memory {
            writer.clone()
        } else {
            pool(sqlite_reader(url, config.statement_timeout), &statements, &seen).await?
        };
        let quick = Reader::new(reader.clone(), statements.clone(), seen.clone());
        Ok(Self { reader, quick, writer, ingest: None, schema, statements, seen })
    }

    /// How many statements were executed so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The statements that readers were asked for since this was called last: from then on they are kept, so that
    /// their plans can be looked at.
    pub fn seen(&self) -> Vec<Statement> {
        let seen = self.seen.get_or_init(Mutex::default);
        mem::take(&mut *seen.lock().expect("nobody panics while holding this lock"))
    }

    /// Starts a transaction that writes.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.writer).await
    }

    /// How many transactions of the mirror's may be under way at once.
    pub fn ingest_connections(&self) -> u32 {
        if self.ingest.is_some() { INGEST_CONNECTIONS } else { 1 }
    }

    /// A connection to write to the mirror with.
    pub async fn ingest(&self) -> Result<IngestConnection, DbErr> {
        let pool = match &self.ingest {
            Some(options) => sea_orm::Database::connect(options.clone()).await?,
            None => self.writer.clone(),
        };
        Ok(IngestConnection::of(pool, self.statements.clone()))
    }

    /// Brings the schema up to date; processes that start at once wait for each other.
    pub async fn migrate_up(&self) -> Result<(), DbErr> {
        let tx = self.lock_schema().await?;
        Migrator::up(&tx, None).await?;
        tx.commit().await
    }

    /// Takes the latest step of the schema back.
    pub async fn migrate_down(&self) -> Result<(), DbErr> {
        let tx = self.lock_schema().await?;
        Migrator::down(&tx, Some(1)).await?;
        tx.commit().await
    }

    /// The steps of the schema, oldest first, and whether each was taken.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>, DbErr> {
        let tx = self.lock_schema().await?;
        let status = Migrator::get_migration_with_status(&tx).await?;
        tx.commit().await?;
        let taken = |step: &migration::Migration| step.status() == migration::MigrationStatus::Applied;
        Ok(status.iter().map(|step| (step.name().to_owned(), taken(step))).collect())
    }

    async fn lock_schema(&self) -> Result<DatabaseTransaction, DbErr> {
        let tx = self.begin().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            // The number is arbitrary, but must never change.
            tx.execute_unprepared("SELECT pg_advisory_xact_lock(7238451906)").await?;
            // The name was checked to be plain when the settings were read.
            tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema)).await?;
        }
        Migrator::install(&tx).await?;
        Ok(tx)
    }
}

/// Starts a transaction that writes.
async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        // A deferred transaction that reads before it writes fails instead of waiting for another writer.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    writer.begin_with_options(options).await
}

async fn pool(
    options: ConnectOptions,
    statements: &Arc<AtomicU64>,
    seen: &Arc<Seen>,
) -> Result<DatabaseConnection, DbErr> {
    let mut pool = sea_orm::Database::connect(options).await?;
    let (statements, seen) = (statements.clone(), seen.clone());
    pool.set_metric_callback(move |metric| {
        statements.fetch_add(1, Ordering::Relaxed);
        if let Some(seen) = seen.get() {
            seen.lock().expect("nobody panics while holding this lock").push(metric.statement.clone());
        }
    });
    Ok(pool)
}

fn sqlite(url: &str, connections: u32, cache: u32) -> ConnectOptions {
    let mut options = common(url);
    options.max_connections(connections);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            // A number of pages where it is positive, of KiB where it is negative.
            .pragma("cache_size", format!("-{cache}"))
            .pragma("wal_autocheckpoint", CHECKPOINT.to_string())
            .journal_mode(SqliteJournalMode::Wal)
            // An event is acknowledged once it is durable: also against a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(false)
    });
    options
}

fn sqlite_reader(url: &str, timeout: Duration) -> ConnectOptions {
    let mut options = sqlite(url, 8, READER_CACHE);
    // A file does not go away between two statements.
    options.test_before_acquire(false).map_sqlx_sqlite_pool_opts(move |options| {
        options
            .after_connect(move |connection, _| Box::pin(interrupt_after(connection, timeout)))
            .before_acquire(move |connection, _| {
                Box::pin(async move { interrupt_after(connection, timeout).await.map(|()| true) })
            })
    });
    options
}

/// SQLite has no time limit of its own: it asks now and then whether to go on with a statement. A connection is taken
/// from the pool for one.
async fn interrupt_after(connection: &mut SqliteConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    const INSTRUCTIONS: i32 = 10_000;
    let start = Instant::now();
    connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || start.elapsed() < timeout);
    Ok(())
}

fn sqlite_writer(url: &str) -> ConnectOptions {
    let mut options = sqlite(url, 1, WRITER_CACHE);
    options.map_sqlx_sqlite_pool_opts(|options| {
        // Without room on the disk SQLite takes a transaction back by itself. The driver then cannot, and believes
        // ever after to be inside of it: what it says was committed would not be. Such a connection is closed.
        options.after_release(|connection, _| {
            Box::pin(async move {
                // What was asked of the connection before is done when it answers this.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
    });
    options
}

fn postgres_reader(url: &str, schema: &str, timeout: Duration) -> ConnectOptions {
    let mut options = postgres(url, schema);
    options.statement_timeout(timeout);
    options
}

fn postgres(url: &str, schema: &str) -> ConnectOptions {
    let mut options = common(url);
    options
        .max_connections(10)
        .set_schema_search_path(schema)
        .set_application_name("billgraph")
        .test_before_acquire(false)
        // After a pause the server may have restarted: a broken connection is found before it is used.
        .test_before_acquire_if_idle_for(Duration::from_secs(1));
    options
}

/// Its statements are few and constant, and all of them find their rows by an index. The connection is kept, so that it
/// knows them.
fn ingest(url: &str, schema: &str) -> ConnectOptions {
    let mut options = postgres(url, schema);
    options.max_connections(1).connect_lazy(true).map_sqlx_postgres_opts(|options| {
        // Just after an installation the tables seem small, and a plan made then would be kept. With arrays, a plan for
        // given values is never better than the general one, which is made once.
        let plans = [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan")];
        options.statement_cache_capacity(1000).options(plans)
    });
    options
}

fn common(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .acquire_timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(5))
        .sqlx_logging(false);
    options
}
