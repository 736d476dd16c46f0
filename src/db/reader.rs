//! Reading with connections that are kept between statements.
//!
//! The driver's pool asks PostgreSQL whether a connection still answers each time it gets one back: a round trip for
//! each statement. What just answered a statement to its end is used for the next one here, without that.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
    sqlx::{self, Postgres, pool::PoolConnection, postgres::PgRow},
};

use super::{
    Seen,
    transaction::{arguments, failed},
};

/// How many connections are kept; the others of the pool are for whoever else reads.
const KEPT: usize = 5;

/// After this long the pool is to see whether a connection still answers.
const FRESH: Duration = Duration::from_secs(1);

/// A reader that keeps connections; clones keep the same ones.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: DatabaseConnection,
    kept: Arc<Mutex<Vec<Kept>>>,
    /// How many statements were executed so far, by everybody.
    statements: Arc<AtomicU64>,
    seen: Arc<Seen>,
}

/// A connection, and when it answered last.
#[derive(Debug)]
struct Kept {
    connection: PoolConnection<Postgres>,
    answered: Instant,
}

impl Reader {
    pub(super) fn new(pool: DatabaseConnection, statements: Arc<AtomicU64>, seen: Arc<Seen>) -> Self {
        Self { pool, kept: Arc::default(), statements, seen }
    }

    async fn query(&self, statement: Statement) -> Result<Vec<PgRow>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        if let Some(seen) = self.seen.get() {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
        }
        let mut connection = match self.take() {
            Some(connection) => connection,
            None => self.pool.get_postgres_connection_pool().acquire().await.map_err(failed)?,
        };
        let values = statement.values.map(arguments).unwrap_or_default();
        let query = sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), values);
        // Where this fails, or is given up, the pool takes the connection back, and sees what is to be done with it.
        let rows = query.fetch_all(&mut *connection).await.map_err(failed)?;
        self.keep(connection);
        Ok(rows)
    }

    /// A connection that answered just now.
    fn take(&self) -> Option<PoolConnection<Postgres>> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(Kept { connection, answered }) = kept() {
            if answered.elapsed() < FRESH {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: PoolConnection<Postgres>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(Kept { connection, answered: Instant::now() });
        }
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.pool.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pool.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.get_database_backend() {
            DbBackend::Postgres => Ok(self.query(statement).await?.into_iter().next().map(QueryResult::from)),
            _ => self.pool.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.get_database_backend() {
            DbBackend::Postgres => {
                Ok(self.query(statement).await?.into_iter().map(QueryResult::from).collect())
            }
            _ => self.pool.query_all_raw(statement).await,
        }
    }
}
