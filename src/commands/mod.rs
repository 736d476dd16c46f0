//! The program's commands: one file each.

pub mod backfill;
pub mod bars;
pub mod demo;
pub mod doctor;
pub mod endpoint;
pub mod issuer;
pub mod migrate;
pub mod project;
pub mod replay;
pub mod schema;
pub mod serve;
pub mod sweep;
pub mod sync;
pub mod token;
pub mod verify;

use std::io::Write;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::{
    app::{App, Core},
    clock::Clock,
    config::{Config, Invalid},
    error::{Code, Error},
    stripe::Stripe,
};

/// Why a command did not do what it was to do.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// What a command has an exit code of its own for.
    Told { code: u8, message: String },
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Usage(invalid.to_string())
    }
}

impl From<Error> for Failure {
    /// Operators may read the whole chain of causes.
    fn from(error: Error) -> Self {
        match error.code {
            Code::Invalid => Self::Usage(error.chain()),
            _ => Self::Failed(error.chain()),
        }
    }
}

impl From<sea_orm::DbErr> for Failure {
    fn from(error: sea_orm::DbErr) -> Self {
        Error::from(error).into()
    }
}

/// Does something that asks Stripe; what was begun to be written is finished in any case.
async fn with_stripe<T>(
    config: Config,
    work: impl AsyncFnOnce(&App) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let stripe = asking_stripe(&config)?;
    let core = Core::open(config, Clock::system(), stripe).await?;
    let outcome = match core.app.account.recognize_once(&core.app.stripe).await {
        Ok(()) => work(&core.app).await,
        Err(error) => Err(error.into()),
    };
    core.close().await;
    outcome
}

/// Stripe, as the key reaches it that must be there.
fn asking_stripe(config: &Config) -> Result<Stripe, Failure> {
    if config.stripe.secret_key.is_none() {
        let expected = "a secret key (`sk_…`) or a restricted key (`rk_…`)";
        return Err(Failure::Usage(format!("STRIPE_SECRET_KEY is not set; it should be {expected}.")));
    }
    Ok(Stripe::new(&config.stripe))
}

/// A moment as people and programs write it: a date, a time as in RFC 3339, or seconds since 1970.
fn written_moment(text: &str) -> Option<DateTime<Utc>> {
    let date = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let seconds = || DateTime::from_timestamp(text.parse().ok()?, 0);
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    time.or_else(date).or_else(seconds)
}

/// Prints what a command was asked for.
fn print(text: &str) -> Result<(), Failure> {
    let written = writeln!(std::io::stdout().lock(), "{text}");
    written.map_err(|error| Failure::Failed(format!("the standard output is closed: {error}")))
}
