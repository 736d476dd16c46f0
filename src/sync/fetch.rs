//! One object, asked for at Stripe and handed to the mirror.

use std::collections::HashMap;

use entity::sync_job::{Model, Reason};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::{Map, Value as Json};

use super::{
    jobs::Patience,
    lists,
    path::{columns, fill},
};
use crate::{
    app::App,
    error::Error,
    mirror::{Mirror, mirror},
    network,
    stripe::{Answer, Stripe, StripeError},
};

/// Why a job is not done, and how it waits.
#[derive(Debug)]
pub struct Setback {
    pub patience: Patience,
    pub reason: String,
    /// What went wrong, where that is more than the reason says.
    cause: Option<Cause>,
    /// When Stripe said that there is no such object, in seconds since 1970.
    gone: Option<i64>,
    /// Whether Stripe answered within the second of the row that is there.
    early: bool,
}

/// What went wrong on the way to an object.
#[derive(Debug)]
pub enum Cause {
    Stripe(StripeError),
    Ours(Error),
}

impl Setback {
    /// It may pass.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { patience: Patience::Growing, reason: reason.into(), cause: None, gone: None, early: false }
    }

    /// It does not pass by itself.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { patience: Patience::Longest, ..Self::passing(reason) }
    }

    /// Stripe answered within the second of the row that is there.
    fn early() -> Self {
        Self { early: true, ..Self::passing("Stripe answered within the row's own second") }
    }

    /// Whether Stripe said that there is no such object.
    pub fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// What went wrong, or only the reason.
    pub fn into_cause(self) -> Result<Cause, Self> {
        match self.cause {
            Some(cause) => Ok(cause),
            None => Err(self),
        }
    }

    /// Whether it passes with the second: what Stripe answers in the next one is written.
    pub fn is_early(&self) -> bool {
        self.early
    }
}

impl From<StripeError> for Setback {
    /// A key that is not accepted is one for all: another is set sooner than the longest pause is over.
    fn from(error: StripeError) -> Self {
        let reason = network::chain(&error);
        let setback = match &error {
            StripeError::NotAnId | StripeError::Unsendable(_) => Self::lasting(reason),
            StripeError::Refused(refusal) if refusal.is_in_flight() || refusal.status == 401 => {
                Self::passing(reason)
            }
            StripeError::Refused(refusal) => {
                let missing = matches!(refusal.code.as_deref(), Some("resource_missing" | "not_found"));
                let gone = refusal.at.filter(|_| refusal.status == 404 && missing);
                Self { gone, ..Self::lasting(reason) }
            }
            _ => Self::passing(reason),
        };
        Self { cause: Some(Cause::Stripe(error)), ..setback }
    }
}

impl From<Setback> for Error {
    /// Stripe's words stay in the log.
    fn from(setback: Setback) -> Self {
        match setback.into_cause() {
            Ok(Cause::Stripe(error)) => error.into(),
            Ok(Cause::Ours(error)) => error,
            Err(Setback { reason, .. }) => {
                Self::unavailable("The object cannot be had at the moment.").because(reason)
            }
        }
    }
}

impl From<DbErr> for Setback {
    fn from(error: DbErr) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        Self { reason: error.chain(), cause: Some(Cause::Ours(error)), ..Self::passing("") }
    }
}

/// What the mirror has of the object.
#[derive(Default)]
struct Known {
    stamp: Option<i64>,
    raw: Map<String, Json>,
    /// By the names of the columns.
    values: HashMap<String, String>,
}

/// Asks Stripe for the object of a job and writes the answer; no transaction is open meanwhile.
///
/// An object that is not there any more becomes a tombstone.
pub async fn fetch(app: &App, job: &Model) -> Result<(), Setback> {
    // That it was missing is all that asks for it, and a load or an event brought it meanwhile.
    if job.reason == Reason::MissingParent
        && job.requested == 1
        && let Some(mirror) = mirror(&job.object)
        && known(app, mirror, &job.object_id).await?.stamp.is_some()
    {
        return Ok(());
    }
    fetch_by(app, &app.stripe.background(), job).await
}

/// The same by another connection to Stripe, for whom somebody waits.
pub async fn fetch_by(app: &App, stripe: &Stripe, job: &Model) -> Result<(), Setback> {
    let stripe = &stripe.on_behalf_of(&job.account);
    let mirror = mirror(&job.object);
    let known = match mirror {
        Some(mirror) => known(app, mirror, &job.object_id).await?,
        None => Known::default(),
    };
    let value = |name: &str| match name {
        "id" => Some(job.object_id.clone()),
        name => known.values.get(name).cloned(),
    };
    let answer = match (job.path.as_deref(), mirror) {
        (Some(path), _) => stripe.get(path).await.map_err(Setback::from),
        (None, Some(Mirror { path: Some(path), .. })) => {
            stripe.get(&fill(path, value)?).await.map_err(Setback::from)
        }
        (None, Some(mirror)) => {
            let mut object = known.raw.clone();
            object.insert("object".to_owned(), mirror.object.into());
            object.insert(mirror.key.to_owned(), job.object_id.as_str().into());
            let answer = lists::assembled(stripe, mirror, object, value).await;
            answer.and_then(|answer| answer.ok_or_else(|| Setback::lasting("Stripe has no path for it")))
        }
        (None, None) => Err(Setback::lasting("there is no table for it, and no path is known")),
    };
    match (answer, mirror) {
        (Ok(answer), _) => write(app, stripe, &answer, known.stamp, value).await,
        (Err(Setback { gone: Some(at), .. }), Some(mirror)) => {
            Ok(app.writer.gone(mirror, &job.object_id, &job.account, at).await?)
        }
        // Nothing is kept of it that could become one.
        (Err(Setback { gone: Some(_), .. }), None) => Ok(()),
        (Err(setback), _) => Err(setback),
    }
}

/// Hands the answer to the mirror, with its lists whole.
async fn write(
    app: &App,
    stripe: &Stripe,
    answer: &Answer,
    stamp: Option<i64>,
    value: impl Fn(&str) -> Option<String>,
) -> Result<(), Setback> {
    let whole = match answer.object.get("object").and_then(Json::as_str).and_then(mirror) {
        Some(mirror) => lists::completed(stripe, mirror, &answer.object, value).await?,
        None => None,
    };
    let Some(whole) = whole else { return Ok(app.writer.answer(answer).await?) };
    app.writer.completed(answer, &whole).await?;
    // Within the second of an event that says the same of the object, the row stays the event's, with its one page.
    match stamp {
        Some(stamp) if stamp >= answer.at => Err(Setback::early()),
        _ => Ok(()),
    }
}

async fn known(app: &App, mirror: &'static Mirror, id: &str) -> Result<Known, DbErr> {
    let paths = mirror.path.into_iter().chain(mirror.children.iter().map(|children| children.path));
    let mut names: Vec<&'static str> = paths.flat_map(columns).collect();
    names.retain(|name| *name != "id" && mirror.position(name).is_some());
    names.sort_unstable();
    names.dedup();
    let mut statement = Query::select();
    statement.column("stamp").expr_as(Expr::col("raw").cast_as("text"), "raw").from(mirror.table);
    for name in &names {
        statement.expr_as(Expr::col(*name).cast_as("text"), *name);
    }
    statement.and_where(Expr::col("id").eq(id));
    let Some(row) = app.db.reader.query_one(&statement).await? else { return Ok(Known::default()) };
    let raw: String = row.try_get("", "raw")?;
    let mut values = HashMap::with_capacity(names.len());
    for name in names {
        if let Some(value) = row.try_get::<Option<String>>("", name)? {
            values.insert(name.to_owned(), value);
        }
    }
    let raw = serde_json::from_str(&raw).unwrap_or_default();
    Ok(Known { stamp: row.try_get("", "stamp")?, raw, values })
}
