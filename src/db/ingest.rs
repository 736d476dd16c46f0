//! A connection that the mirror is written with.

use std::sync::{Arc, atomic::AtomicU64};

use sea_orm::{DatabaseConnection, DbBackend, DbErr};

use super::{
    begin,
    transaction::{PostgresTransaction, Transaction},
};

/// A connection to write to the mirror with: on SQLite it is the one that all writers share.
///
/// On PostgreSQL it is opened by the first transaction, in whose thread its answers arrive from then on.
#[derive(Debug)]
pub struct IngestConnection {
    pool: DatabaseConnection,
    /// How many statements were executed so far, by everybody.
    statements: Arc<AtomicU64>,
}

impl IngestConnection {
    pub(super) fn of(pool: DatabaseConnection, statements: Arc<AtomicU64>) -> Self {
        Self { pool, statements }
    }

    /// Starts a transaction; another one waits until it is over.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        if self.pool.get_database_backend() == DbBackend::Postgres {
            let pool = self.pool.get_postgres_connection_pool();
            return Ok(Transaction::Postgres(
                PostgresTransaction::begin(pool, self.statements.clone()).await?,
            ));
        }
        begin(&self.pool).await.map(Transaction::Sqlite)
    }

    /// Lets what is under way finish, and tells PostgreSQL that nothing more comes.
    pub async fn close(self) {
        if self.pool.get_database_backend() == DbBackend::Postgres {
            self.pool.get_postgres_connection_pool().close().await;
        }
    }
}
