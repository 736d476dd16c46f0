//! A transaction of the mirror's: on SQLite the ORM's; on PostgreSQL the driver's own, which takes whole columns as
//! arrays, so that the text of a statement does not depend on the number of rows, and is parsed once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    prelude::async_trait::async_trait,
    sqlx::{
        self, Arguments, Encode, Executor, PgPool, Postgres, Type,
        postgres::{PgArguments, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::{Mutex, MutexGuard};

/// A transaction that writes to the mirror; it is rolled back when it is dropped.
#[derive(Debug)]
pub enum Transaction {
    Sqlite(DatabaseTransaction),
    Postgres(PostgresTransaction),
}

/// A transaction of PostgreSQL's driver.
#[derive(Debug)]
pub struct PostgresTransaction {
    inner: Mutex<sqlx::Transaction<'static, Postgres>>,
    /// How many statements were executed so far, by everybody.
    statements: Arc<AtomicU64>,
}

/// The columns of many rows, as arrays.
#[derive(Default)]
pub struct Columns(PgArguments);

impl Columns {
    /// Adds the values of a column, which may have NULLs.
    pub fn add<'a, T: Type<Postgres> + Encode<'a, Postgres>>(&mut self, values: T) {
        self.0.add(values).expect("text, numbers and times can be encoded");
    }
}

impl Transaction {
    /// Makes what was done last.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.inner.into_inner().commit().await.map_err(failed),
        }
    }

    /// The same, and begins another where that saves a round trip.
    pub async fn commit_and_begin(self) -> Result<Option<Self>, DbErr> {
        let Self::Postgres(tx) = &self else { return self.commit().await.map(|()| None) };
        // To the driver it stays the same transaction, which it rolls back when it is dropped.
        (&mut **tx.connection().await).execute("COMMIT AND CHAIN").await.map_err(failed)?;
        Ok(Some(self))
    }

    /// PostgreSQL's own transaction, if it is one.
    pub fn postgres(&self) -> Option<&PostgresTransaction> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(tx) => Some(tx),
        }
    }
}

impl PostgresTransaction {
    /// Begins one on a connection of the pool.
    pub async fn begin(pool: &PgPool, statements: Arc<AtomicU64>) -> Result<Self, DbErr> {
        // To the driver it is one of several kinds of error, also one of the protocol, when a server does not let it in.
        let unreached = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
        let tx = pool.begin().await.map_err(unreached)?;
        Ok(Self { inner: Mutex::new(tx), statements })
    }

    /// The connection, for one statement.
    async fn connection(&self) -> MutexGuard<'_, sqlx::Transaction<'static, Postgres>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().await
    }

    /// The rows that a statement of constant text returns.
    pub async fn rows(&self, sql: &'static str, columns: Columns) -> Result<Vec<PgRow>, DbErr> {
        let query = sqlx::query_with(sql, columns.0);
        query.fetch_all(&mut **self.connection().await).await.map_err(failed)
    }

    /// Executes a statement of constant text.
    pub async fn execute(&self, sql: &'static str, columns: Columns) -> Result<(), DbErr> {
        let query = sqlx::query_with(sql, columns.0);
        query.execute(&mut **self.connection().await).await.map(drop).map_err(failed)
    }

    async fn query(&self, statement: Statement) -> Result<Vec<PgRow>, DbErr> {
        let values = statement.values.map_or_else(PgArguments::default, arguments);
        let query = sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), values);
        query.fetch_all(&mut **self.connection().await).await.map_err(failed)
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.execute_raw(statement).await,
            Self::Postgres(tx) => {
                let values = statement.values.map_or_else(PgArguments::default, arguments);
                let query = sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), values);
                let result = query.execute(&mut **tx.connection().await).await;
                result.map(ExecResult::from).map_err(failed)
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.execute_unprepared(sql).await,
            Self::Postgres(tx) => {
                let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                let result = (&mut **tx.connection().await).execute(sql).await;
                result.map(ExecResult::from).map_err(failed)
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.query_one_raw(statement).await,
            Self::Postgres(tx) => Ok(tx.query(statement).await?.into_iter().next().map(QueryResult::from)),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.query_all_raw(statement).await,
            Self::Postgres(tx) => Ok(tx.query(statement).await?.into_iter().map(QueryResult::from).collect()),
        }
    }
}

pub(super) fn arguments(values: sea_orm::Values) -> PgArguments {
    sqlx::IntoArguments::<Postgres>::into_arguments(SqlxValues(values))
}

pub(super) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
