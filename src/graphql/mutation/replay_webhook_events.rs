//! `replayWebhookEvents`.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::webhook_event::{Column, Entity, Model, State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{UserError, UserErrorCode};
use crate::{
    app::App,
    error::Result,
    graphql::operator::admins_only,
    sync::retry::{Outcome, attempt},
};

/// How many events are applied again at once.
const MOST: usize = 100;

/// Which recorded events to apply again: those with these ids, or those that failed.
#[derive(InputObject)]
pub struct ReplayWebhookEventsInput {
    /// Stripe's ids of the events, at most 100.
    ids: Option<Vec<ID>>,
    /// The events that could not be applied, the oldest first, at most 100.
    failed: Option<bool>,
}

/// What became of the events.
#[derive(Default, SimpleObject)]
pub struct ReplayWebhookEventsPayload {
    /// Each event, with what became of it.
    events: Vec<ReplayedEvent>,
    /// What is wrong with the input; then nothing was done.
    user_errors: Vec<UserError>,
}

/// An event that was to be applied again.
#[derive(SimpleObject)]
pub struct ReplayedEvent {
    /// Stripe's id.
    id: ID,
    /// What became of it; absent where its body is not kept, and nothing was done.
    state: Option<State>,
    /// Why it could not be applied.
    reason: Option<String>,
}

/// Applies recorded events again, under the same rules.
pub async fn replay_webhook_events(
    ctx: &Context<'_>,
    input: ReplayWebhookEventsInput,
) -> Result<ReplayWebhookEventsPayload> {
    admins_only(ctx)?;
    let app = ctx.data_unchecked::<App>();
    let events = match (input.ids, input.failed.unwrap_or_default()) {
        (Some(ids), false) => match named(app, &ids).await? {
            Ok(events) => events,
            Err(error) => return Ok(refused(error)),
        },
        (None, true) => failed(app).await?,
        _ => {
            let message = "Say either `ids` or `failed: true`.";
            return Ok(refused(UserError::new(UserErrorCode::Required, ["input"], message)));
        }
    };
    let mut replayed = Vec::with_capacity(events.len());
    for event in &events {
        let (state, reason) = match attempt(&app.db, &app.writer, &app.clock, event).await? {
            Outcome::Done(state) => (Some(state), None),
            Outcome::Failed(reason) => (Some(State::Failed), Some(reason)),
            Outcome::NotKept => (None, Some("Its body is not kept.".to_owned())),
        };
        replayed.push(ReplayedEvent { id: ID::from(&event.id), state, reason });
    }
    Ok(ReplayWebhookEventsPayload { events: replayed, user_errors: Vec::new() })
}

fn refused(error: UserError) -> ReplayWebhookEventsPayload {
    ReplayWebhookEventsPayload { user_errors: vec![error], ..ReplayWebhookEventsPayload::default() }
}

/// The events with these ids, in their order.
async fn named(app: &App, ids: &[ID]) -> Result<std::result::Result<Vec<Model>, UserError>> {
    let field = ["input", "ids"];
    if ids.is_empty() || ids.len() > MOST || ids.iter().any(|id| id.contains('\0')) {
        let message = format!("From 1 to {MOST} ids of events are taken.");
        return Ok(Err(UserError::new(UserErrorCode::Invalid, field, message)));
    }
    let found = Entity::find().filter(Column::Id.is_in(ids.iter().map(|id| id.as_str())));
    let found = found.all(&app.db.reader).await?;
    let mut events = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(event) = found.iter().find(|event| event.id == id.as_str()) else {
            let message = "One of the events is not in the inbox.";
            return Ok(Err(UserError::new(UserErrorCode::NotFound, field, message)));
        };
        events.push(event.clone());
    }
    Ok(Ok(events))
}

async fn failed(app: &App) -> Result<Vec<Model>> {
    let failed = Entity::find().filter(Column::State.eq(State::Failed)).order_by_asc(Column::Created);
    Ok(failed.order_by_asc(Column::Id).limit(MOST as u64).all(&app.db.reader).await?)
}
