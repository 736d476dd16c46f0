//! What operators see: where the mirror stands, and the events that arrived.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entity::{
    change,
    scalar::{BigInt, Json},
    sweep, sync_job, verification,
    webhook_event::{Column, Entity, Model, State},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
    sea_query::{Expr, ExprTrait, Func, Query},
};

use super::page::{MOST, PageInfo, Paging};
use crate::{
    app::App,
    auth::Viewer,
    error::{Error, Result},
    mirror::{MIRRORS, Mirror, OTHER, column::MOMENTS},
    sync::verify,
};

/// How many events a page has where nothing is said.
const DEFAULT: i32 = 20;

/// The version comes first, so that the order can change and old cursors are refused.
const CURSOR_VERSION: &str = "event1";

/// How many of the latest changes are looked at for one that an event told of.
const LATEST_CHANGES: u64 = 100;

/// Fails for everybody else.
pub fn admins_only(ctx: &Context<'_>) -> Result<()> {
    ctx.data_unchecked::<Viewer>().require_admin()
}

/// Where the mirror stands.
pub struct MirrorStatus {
    sweep: Option<sweep::Model>,
}

impl MirrorStatus {
    /// What is cheap to read.
    pub async fn read(ctx: &Context<'_>) -> Result<Self> {
        let db = &ctx.data_unchecked::<App>().db.reader;
        Ok(Self { sweep: sweep::Entity::find_by_id(true).one(db).await? })
    }
}

/// Where the mirror stands.
#[Object]
impl MirrorStatus {
    /// What the mirror holds, by type of object. It is counted row by row: ask for it sparingly.
    async fn objects(&self, ctx: &Context<'_>) -> Result<Vec<MirroredObjects>> {
        let app = ctx.data_unchecked::<App>();
        let mut objects = Vec::with_capacity(MIRRORS.len() + 1);
        for mirror in MIRRORS.iter().chain([&*OTHER]) {
            objects.push(MirroredObjects::count(app, mirror).await?);
        }
        Ok(objects)
    }

    /// How many seconds passed between the latest change that an event told of and its arrival.
    async fn lag_seconds(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let db = &ctx.data_unchecked::<App>().db.reader;
        let latest: Vec<Option<String>> = change::Entity::find()
            .select_only()
            .column(change::Column::EventId)
            .order_by_desc(change::Column::Seq)
            .limit(LATEST_CHANGES)
            .into_tuple()
            .all(db)
            .await?;
        let Some(id) = latest.into_iter().flatten().next() else { return Ok(None) };
        let event = Entity::find_by_id(id).one(db).await?;
        let seconds = event.map(|event| (event.received_at - event.created).num_seconds());
        Ok(seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)))
    }

    /// How many events could not be applied; they are tried again.
    async fn failed_events(&self, ctx: &Context<'_>) -> Result<BigInt> {
        let db = &ctx.data_unchecked::<App>().db.reader;
        Ok(number(Entity::find().filter(Column::State.eq(State::Failed)).count(db).await?))
    }

    /// How many objects Stripe is to be asked for.
    async fn waiting_jobs(&self, ctx: &Context<'_>) -> Result<BigInt> {
        Ok(number(sync_job::Entity::find().count(&ctx.data_unchecked::<App>().db.reader).await?))
    }

    /// Where the sweep of events that were never delivered stands.
    async fn last_sweep(&self, ctx: &Context<'_>) -> Option<SweepStatus> {
        let (row, now) = (self.sweep.clone()?, ctx.data_unchecked::<App>().clock.now());
        Some(SweepStatus {
            is_running: row.locked_until.is_some_and(|until| until > now),
            swept_until: row.swept_until,
            finished_at: row.finished_at,
            gap_noticed_at: row.gap_noticed_at,
            seen: BigInt(row.seen),
            found: BigInt(row.found),
            found_in_all: BigInt(row.found_in_all),
            last_error: row.last_error,
        })
    }

    /// What the last comparison of all there is with Stripe found; of a part, where all never was compared.
    async fn last_verification(&self, ctx: &Context<'_>) -> Result<Option<VerificationStatus>> {
        let row = verify::last(ctx.data_unchecked::<App>()).await?;
        Ok(row.and_then(|row| {
            Some(VerificationStatus {
                started_at: row.started_at,
                finished_at: row.finished_at?,
                outcome: row.outcome,
                is_whole: row.whole,
                checked: BigInt(row.checked),
                drifted: BigInt(row.drifted),
                repaired: BigInt(row.repaired),
                report: Json(serde_json::from_str(&row.report).unwrap_or_default()),
            })
        }))
    }
}

/// What the mirror holds of a type of object.
#[derive(SimpleObject)]
pub struct MirroredObjects {
    /// Stripe's name for the type; `*` for all that have no table of their own.
    object: &'static str,
    /// How many are held, those that were deleted at Stripe among them.
    rows: BigInt,
    /// How many were deleted at Stripe.
    deleted: BigInt,
    /// How many had events in one second that leave a doubt; Stripe is asked.
    unsettled: BigInt,
}

impl MirroredObjects {
    async fn count(app: &App, mirror: &Mirror) -> Result<Self> {
        let those = |column: &str| Expr::cust(format!("COUNT(CASE WHEN {column} THEN 1 END)"));
        let mut statement = Query::select();
        statement
            .expr_as(Expr::from(Func::count(Expr::col("id"))), "rows")
            .expr_as(those("deleted"), "deleted")
            .expr_as(those("unsettled"), "unsettled")
            .from(mirror.table);
        let row = app.db.reader.query_one(&statement).await?;
        let count = |name: &str| -> Result<BigInt> {
            Ok(BigInt(row.as_ref().map(|row| row.try_get("", name)).transpose()?.unwrap_or_default()))
        };
        let object = mirror.object;
        Ok(Self { object, rows: count("rows")?, deleted: count("deleted")?, unsettled: count("unsettled")? })
    }
}

/// Where the sweep of events that were never delivered stands.
#[derive(SimpleObject)]
pub struct SweepStatus {
    /// All that happened at Stripe before was taken in.
    swept_until: Option<DateTime<Utc>>,
    /// When the latest sweep was done.
    finished_at: Option<DateTime<Utc>>,
    /// When it was last noticed that events may be missing that Stripe lists no more.
    gap_noticed_at: Option<DateTime<Utc>>,
    /// How many events it saw.
    seen: BigInt,
    /// How many events it found that had not been delivered.
    found: BigInt,
    /// How many events all sweeps found that had not been delivered.
    found_in_all: BigInt,
    /// Whether a process sweeps at the moment.
    is_running: bool,
    /// Why the latest attempt failed, if it did.
    last_error: Option<String>,
}

/// What a comparison of the mirror with Stripe found.
#[derive(SimpleObject)]
pub struct VerificationStatus {
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended.
    finished_at: DateTime<Utc>,
    /// What came of it.
    outcome: verification::Outcome,
    /// Whether all was compared: every type of object, and of each type all objects.
    is_whole: bool,
    /// How many objects were compared.
    checked: BigInt,
    /// How many objects differed.
    drifted: BigInt,
    /// How many objects were mended.
    repaired: BigInt,
    /// What was found of each type of object, with the first of the objects that differ.
    report: Json,
}

/// Which events are asked for; what is left out asks nothing.
#[derive(Default, InputObject)]
pub struct WebhookEventFilter {
    /// What became of them.
    state: Option<Vec<State>>,
    /// Stripe's type, such as `invoice.paid`.
    r#type: Option<String>,
    /// Stripe's type of the object that they are about, such as `invoice`.
    object: Option<String>,
    /// The id of the object that they are about.
    object_id: Option<ID>,
}

/// An event that arrived from Stripe.
pub struct WebhookEvent(Model);

/// An event that arrived from Stripe.
#[Object]
impl WebhookEvent {
    /// Stripe's id, `evt_…`.
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    /// Stripe's type, such as `invoice.paid`.
    async fn r#type(&self) -> &str {
        &self.0.r#type
    }

    /// Stripe's type of the object that it is about.
    async fn object(&self) -> Option<&str> {
        self.0.object.as_deref()
    }

    /// The id of the object that it is about.
    async fn object_id(&self) -> Option<ID> {
        self.0.object_id.as_ref().map(ID::from)
    }

    /// The connected account that it is about, if it is about one.
    async fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// When it happened at Stripe, in whole seconds.
    async fn created(&self) -> DateTime<Utc> {
        self.0.created
    }

    /// The API version that it is written in.
    async fn api_version(&self) -> Option<&str> {
        self.0.api_version.as_deref()
    }

    /// Whether this is live data.
    async fn livemode(&self) -> bool {
        self.0.livemode
    }

    /// What became of it.
    async fn state(&self) -> State {
        self.0.state
    }

    /// How often applying it was tried.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// Why it could not be applied, or was not.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When it arrived.
    async fn received_at(&self) -> DateTime<Utc> {
        self.0.received_at
    }

    /// When it was applied.
    async fn applied_at(&self) -> Option<DateTime<Utc>> {
        self.0.applied_at
    }

    /// When it is tried again, if it failed.
    async fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.0.retry_at
    }

    /// Its body, where it is kept.
    async fn payload(&self) -> Option<Json> {
        self.0.payload.as_ref().and_then(|payload| serde_json::from_str(payload).ok()).map(Json)
    }
}

/// A page of the events that arrived.
pub struct WebhookEventConnection {
    events: Vec<Model>,
    has_next: bool,
    has_previous: bool,
    /// The whole list.
    all: Select<Entity>,
}

/// A page of the events that arrived.
#[Object]
impl WebhookEventConnection {
    /// The events, each with its cursor.
    async fn edges(&self) -> Vec<WebhookEventEdge> {
        let edge =
            |event: &Model| WebhookEventEdge { cursor: cursor(event), node: WebhookEvent(event.clone()) };
        self.events.iter().map(edge).collect()
    }

    /// The events.
    async fn nodes(&self) -> Vec<WebhookEvent> {
        self.events.iter().cloned().map(WebhookEvent).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.events.first().map(cursor),
            end_cursor: self.events.last().map(cursor),
        }
    }

    /// How many events the whole list has; counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let count = self.all.clone().count(&ctx.data_unchecked::<App>().db.reader).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// An event with its place in the list.
#[derive(SimpleObject)]
pub struct WebhookEventEdge {
    /// The event.
    node: WebhookEvent,
    /// The event's place in the list, for `after`.
    cursor: String,
}

/// The events that arrived, the latest first.
pub async fn webhook_events(
    ctx: &Context<'_>,
    paging: Paging,
    filter: WebhookEventFilter,
) -> Result<WebhookEventConnection> {
    let (limit, is_backwards) = match (paging.first, paging.last) {
        (Some(_), Some(_)) => return Err(Error::invalid("Of `first` and `last` one is enough.")),
        (first, None) => (first.unwrap_or(DEFAULT), false),
        (None, Some(last)) => (last, true),
    };
    let limit = u64::try_from(limit).ok().filter(|limit| *limit <= u64::from(MOST.unsigned_abs()));
    let limit = limit.ok_or_else(|| Error::invalid(format!("`first` and `last` are from 0 to {MOST}.")))?;
    let after = paging.after.as_deref().map(decode).transpose()?.map(at);
    let before = paging.before.as_deref().map(decode).transpose()?.map(at);
    let here = || Expr::tuple([Expr::col(Column::Created), Expr::col(Column::Id)]);
    let all = filtered(filter)?;
    let (mut query, mut earlier, mut later) = (all.clone(), None, None);
    if let Some(after) = after {
        query = query.filter(here().lt(after.clone()));
        later = Some(here().gte(after));
    }
    if let Some(before) = before {
        query = query.filter(here().gt(before.clone()));
        earlier = Some(here().lte(before));
    }
    let order = if is_backwards { Order::Asc } else { Order::Desc };
    let query = query.order_by(Column::Created, order.clone()).order_by(Column::Id, order);
    let db = &ctx.data_unchecked::<App>().db.reader;
    let mut events = query.limit(limit + 1).all(db).await?;
    let has_more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut has_next, mut has_previous) = (has_more && !is_backwards, has_more && is_backwards);
    if is_backwards {
        events.reverse();
    }
    for (has, beyond) in [(&mut has_next, earlier), (&mut has_previous, later)] {
        if let Some(beyond) = beyond.filter(|_| !*has) {
            let ids = all.clone().filter(beyond).select_only().column(Column::Id);
            *has = ids.into_tuple::<String>().one(db).await?.is_some();
        }
    }
    Ok(WebhookEventConnection { events, has_next, has_previous, all })
}

/// The events that a filter lets through.
fn filtered(filter: WebhookEventFilter) -> Result<Select<Entity>> {
    let texts = [
        (Column::Type, filter.r#type),
        (Column::Object, filter.object),
        (Column::ObjectId, filter.object_id.map(|id| id.to_string())),
    ];
    let mut query = Entity::find();
    if let Some(states) = filter.state {
        query = query.filter(Column::State.is_in(states));
    }
    for (column, text) in texts {
        let Some(text) = text else { continue };
        if text.contains('\0') {
            return Err(Error::invalid("A text of the filter has a NUL character."));
        }
        query = query.filter(column.eq(text));
    }
    Ok(query)
}

fn at((created, id): (DateTime<Utc>, String)) -> Expr {
    Expr::tuple([Expr::value(created), Expr::value(id)])
}

fn cursor(event: &Model) -> String {
    URL_SAFE_NO_PAD.encode(format!("{CURSOR_VERSION} {} {}", event.created.timestamp(), event.id))
}

fn decode(text: &str) -> Result<(DateTime<Utc>, String)> {
    let parse = || {
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (version, rest) = place.split_once(' ')?;
        let (created, id) = rest.split_once(' ')?;
        let created = created.parse().ok().filter(|seconds| MOMENTS.contains(seconds))?;
        let created = DateTime::from_timestamp(created, 0)?;
        (version == CURSOR_VERSION && !id.contains('\0')).then(|| (created, id.to_owned()))
    };
    parse().ok_or_else(|| Error::invalid("The cursor is not one of this connection."))
}

fn number(count: u64) -> BigInt {
    BigInt(i64::try_from(count).unwrap_or(i64::MAX))
}
