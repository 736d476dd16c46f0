//! `startBackfill`.

use async_graphql::{Context, InputObject, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};

use super::{UserError, UserErrorCode};
use crate::{
    app::App,
    auth::Viewer,
    error::{Code, Error, Result},
    graphql::object::SyncRun,
    mirror::account::Mode,
    sync::backfill::{Bounds, Created, Selection, Started, start},
};

/// What to load.
#[derive(InputObject)]
pub struct StartBackfillInput {
    /// Stripe's names of the types of objects, such as `customer`; left out: all that it lists.
    objects: Option<Vec<String>>,
    /// When the objects were created; left out: at any time.
    created: Option<CreatedRangeInput>,
}

/// A range of time; what is left out is no limit.
#[derive(InputObject)]
pub struct CreatedRangeInput {
    /// Only later.
    gt: Option<DateTime<Utc>>,
    /// Only then or later.
    gte: Option<DateTime<Utc>>,
    /// Only earlier.
    lt: Option<DateTime<Utc>>,
    /// Only then or earlier.
    lte: Option<DateTime<Utc>>,
}

impl CreatedRangeInput {
    /// The range in whole seconds: Stripe's times have no fractions.
    fn created(&self) -> Result<Created> {
        let begun = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp());
        let full = |time: Option<DateTime<Utc>>| {
            let fraction = time.is_some_and(|time| time.trunc_subsecs(0) != time);
            begun(time).map(|second| second + i64::from(fraction))
        };
        Bounds { gt: begun(self.gt), gte: full(self.gte), lt: full(self.lt), lte: begun(self.lte) }.created()
    }
}

/// The load that was started.
#[derive(Default, SimpleObject)]
pub struct StartBackfillPayload {
    /// The load; with the user error `UNDER_WAY`, the one that loads the same already.
    run: Option<SyncRun>,
    /// What is wrong with the input; then nothing was started.
    user_errors: Vec<UserError>,
}

/// Starts a load, or goes on with one of the same that was interrupted.
pub async fn start_backfill(ctx: &Context<'_>, input: StartBackfillInput) -> Result<StartBackfillPayload> {
    let (app, viewer) = (ctx.data_unchecked::<App>(), ctx.data_unchecked::<Viewer>());
    viewer.require_admin()?;
    let created = match input.created.map_or(Ok(Created::default()), |range| range.created()) {
        Ok(created) => created,
        Err(error) => return refused("created", error),
    };
    let mode = Mode::of_key(app.config.stripe.secret_key.as_ref());
    let selection = match Selection::new(&input.objects.unwrap_or_default(), created, mode) {
        Ok(selection) => selection,
        Err(error) => return refused("objects", error),
    };
    let user_errors = Vec::new();
    match start(app, &selection).await? {
        Started::Now(progress) => {
            tracing::info!(viewer.id = viewer.id(), run.id = progress.run.id, "load started");
            Ok(StartBackfillPayload { run: Some(progress.into()), user_errors })
        }
        Started::Earlier(progress) => {
            let error = UserError::new(UserErrorCode::UnderWay, ["input"], "The same is loaded already.");
            Ok(StartBackfillPayload { run: Some(progress.into()), user_errors: vec![error] })
        }
    }
}

fn refused(field: &str, error: Error) -> Result<StartBackfillPayload> {
    if error.code != Code::Invalid {
        return Err(error);
    }
    let error = UserError::new(UserErrorCode::Invalid, ["input", field], error.message);
    Ok(StartBackfillPayload { user_errors: vec![error], ..StartBackfillPayload::default() })
}
