//! The one way out for errors: what a client may read is decided here and nowhere else.
//!
//! [`Error`] is deliberately not `Display`: async-graphql turns every `Display` error into client text through
//! `?`, and so leaks SQL. A foreign error becomes [`Code::Internal`] or [`Code::Unavailable`]; its text goes to
//! the log, once, where the error is turned into an answer.

use std::{borrow::Cow, error::Error as StdError, sync::Arc};

use async_graphql::{ErrorExtensions, Pos, ServerError};
use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// The result of whatever may fail in a way that a client hears of.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do about an error; the values of `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No token, or one that is not accepted: obtain a fresh one.
    Unauthenticated,
    /// The token does not allow this.
    Forbidden,
    /// There is no such thing, or it is not the caller's to see.
    NotFound,
    /// The request is wrong; repeating it does not help.
    Invalid,
    /// The state has moved on, or the same request is under way.
    Conflict,
    /// Stripe refused the request.
    Stripe,
    /// Too many requests: repeat later.
    RateLimited,
    /// Something that the answer needs cannot be reached or is not configured: repeat later.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Code {
    /// The name as clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Invalid => "INVALID",
            Self::Conflict => "CONFLICT",
            Self::Stripe => "STRIPE",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The HTTP status that tells the same.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Stripe => StatusCode::BAD_GATEWAY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error that a client may be told of.
#[derive(Clone, Debug)]
pub struct Error {
    /// What the caller can do about it.
    pub code: Code,
    /// Text that we wrote ourselves.
    pub message: Cow<'static, str>,
    status: StatusCode,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a text for the client.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), status: code.status(), source: None }
    }

    /// The request is wrong.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// The token does not allow this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// There is no accepted token.
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    /// Something that is needed cannot be reached or is not configured.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// Our fault; the client learns only that.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "Internal error.").because(source)
    }

    /// A client sent the hash of a document that is not known: it knows this text, and sends the document then. Any other
    /// status it takes for a failure.
    pub fn unknown_hash() -> Self {
        Self::new(Code::NotFound, "PersistedQueryNotFound").status(StatusCode::OK)
    }

    /// Adds the cause, for the log alone.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Answers with another HTTP status than the code's own, on routes where that is the convention.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Whether trying the same again later can succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::RateLimited)
    }

    /// The whole chain of causes, for the log and for operators.
    pub fn chain(&self) -> String {
        let mut text = self.message.to_string();
        let mut next = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }

    /// The error of a field, which stands there in the document.
    pub fn at(self, place: Pos) -> ServerError {
        async_graphql::Error::from(self).into_server_error(place)
    }

    /// Writes the failure to the log; called once, where the error becomes an answer.
    pub fn log(&self) {
        match self.code {
            Code::Internal => {
                tracing::error!(error.code = self.code.name(), error = self.chain(), "request failed");
            }
            Code::Unavailable | Code::Stripe => {
                tracing::warn!(error.code = self.code.name(), error = self.chain(), "request failed");
            }
            _ => tracing::debug!(error.code = self.code.name(), error = self.chain(), "request refused"),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_interrupted(&error) {
            Self::unavailable("The database took too long. Ask for less, or later.").because(error)
        } else if is_connection_failure(&error) {
            Self::unavailable("The database cannot be reached.").because(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<sea_orm::TransactionError<Error>> for Error {
    fn from(error: sea_orm::TransactionError<Error>) -> Self {
        match error {
            sea_orm::TransactionError::Connection(error) => error.into(),
            sea_orm::TransactionError::Transaction(error) => error,
        }
    }
}

/// What somebody sent, to be shown in a message: short, and without control characters.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Whether the database could not be reached, was shut down or was too busy: the statement itself may be right.
pub fn is_connection_failure(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || is_lost_connection(error)
        || sqlx_error(error).is_some_and(|error| match error {
            sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // SQLite 5 (busy), 6 (locked), 10 (input/output), 13 (full) with their extended codes.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                code.len() < 5
                    && code.parse().is_ok_and(|number: u32| matches!(number & 0xff, 5 | 6 | 10 | 13))
            }),
            _ => false,
        })
}

/// Whether the database ended a statement that took too long: PostgreSQL's `query_canceled`, SQLite's 9 (interrupt).
fn is_interrupted(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = sqlx_error(error) else { return false };
    error.code().is_some_and(|code| code == "57014" || code == "9")
}

/// Whether the connection broke or PostgreSQL gave the transaction up, so that another try on another connection
/// can succeed at once.
pub fn is_lost_connection(error: &DbErr) -> bool {
    sqlx_error(error).is_some_and(|error| match error {
        sqlx::Error::Io(_) => true,
        // Classes 08 (connection), 40 (roll back and retry), 53 (resources), 57 (operator intervention).
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.len() == 5 && ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    })
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        error.log();
        async_graphql::Error::new(error.message)
            .extend_with(|_, extensions| extensions.set("code", error.code.name()))
    }
}

impl From<Error> for ServerError {
    /// An error of the request itself, which no field is to blame for.
    fn from(error: Error) -> Self {
        let mut told = Self::new(error.message.clone(), None);
        told.extensions.get_or_insert_default().set("code", error.code.name());
        error.log();
        told
    }
}

impl IntoResponse for Error {
    /// Only the status is set here; [`crate::app`] writes the body, since it knows the request's id.
    fn into_response(self) -> Response {
        self.log();
        let mut response = self.status.into_response();
        if self.code == Code::RateLimited {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
