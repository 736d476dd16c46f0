//! Connections to the database, and its schema.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use crate::config::DatabaseConfig;

/// The database, for reading and for writing.
#[derive(Clone, Debug)]
pub struct Database {
    pub reader: DatabaseConnection,
    /// SQLite has one writer at a time: it is one connection here, so that writers wait in line and never fail.
    pub writer: DatabaseConnection,
    schema: String,
    statements: Arc<AtomicU64>,
}

impl Database {
    /// Opens the database that is configured, and makes sure that it answers.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, DbErr> {
        let url = config.url.expose();
        let schema = config.schema.clone();
        let statements = Arc::<AtomicU64>::default();
        if !url.starts_with("sqlite:") {
            let pool = pool(postgres(url, &schema), &statements).await?;
            return Ok(Self { reader: pool.clone(), writer: pool, schema, statements });
        }
        let writer = pool(sqlite(url, 1), &statements).await?;
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let reader = if in_memory { writer.clone() } else { pool(sqlite(url, 8), &statements).await? };
        Ok(Self { reader, writer, schema, statements })
    }

    /// How many statements were executed so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Starts a transaction that writes.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            // A deferred transaction that reads before it writes fails instead of waiting for another writer.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.writer.begin_with_options(options).await
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

async fn pool(options: ConnectOptions, statements: &Arc<AtomicU64>) -> Result<DatabaseConnection, DbErr> {
    let mut pool = sea_orm::Database::connect(options).await?;
    let statements = statements.clone();
    pool.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
    Ok(pool)
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = common(url);
    options.max_connections(connections);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .journal_mode(SqliteJournalMode::Wal)
            // An event is acknowledged once it is durable: also against a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(false)
    });
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

fn common(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .acquire_timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(5))
        .sqlx_logging(false);
    options
}
