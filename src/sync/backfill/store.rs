//! The rows of runs: made, claimed, brought further and ended.
//!
//! Whoever works on a run has its name in `worker` and lets `beat` grow. A process that ends without a word is told by
//! a beat that does not grow, whatever the clocks say; whoever changes a run names itself, so that one that was taken
//! for dead changes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{
    sync_run::{ActiveModel, Column, Entity, Model, State},
    sync_run_object as object, sync_run_range as range,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::async_trait::async_trait,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::selection::Selection;
use crate::{
    app::App,
    db::{Database, Transaction},
    error::{Error, Result},
    mirror::page::Beside,
};

/// How often a beat is due.
pub const BEAT: Duration = Duration::from_secs(1);

/// After how long without a beat a process is taken for dead.
pub const SILENCE: Duration = Duration::from_secs(3);

/// The longest text that is kept of a failure, in characters.
const LONGEST_ERROR: usize = 1000;

/// A run that this process works on.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// Our name, which nobody else has.
    pub worker: String,
    pub created_gte: Option<DateTime<Utc>>,
    pub created_lt: DateTime<Utc>,
}

/// What there was of a selection.
#[derive(Debug)]
pub enum Opened {
    /// A run that is ours now: a new one, or one that was not finished.
    Ours(Run),
    /// The run of another process.
    Others(Model),
}

/// What is done with a run of the same that was not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    GoOn,
    /// It is abandoned.
    StartAfresh,
}

/// A run of a selection, unless another process is at it.
///
/// For `patience` is looked whether that one lives; without any it is believed to.
pub async fn open(
    app: &App,
    selection: &Selection,
    unfinished: Unfinished,
    patience: Duration,
) -> Result<Opened> {
    // The clock that tells when something was created is Stripe's.
    let now = app.stripe.now().await?;
    let end = DateTime::from_timestamp(now + 1, 0).ok_or_else(|| Error::internal("no time of Stripe's"))?;
    let end = selection.created.lt.map_or(end, |lt| std::cmp::min(lt, end));
    let db = &app.db;
    loop {
        let Some(found) = of_subject(db, &selection.subject()).await? else {
            match create(app, selection, end).await? {
                Some(run) => return Ok(Opened::Ours(run)),
                // Somebody was faster.
                None => continue,
            }
        };
        if found.state == State::Running && is_alive(db, &found, patience).await? {
            return Ok(Opened::Others(found));
        }
        match unfinished {
            Unfinished::StartAfresh => abandon(db, &found, app.clock.now()).await?,
            Unfinished::GoOn => {
                if let Some(run) = take(db, &found, app.clock.now()).await? {
                    return Ok(Opened::Ours(run));
                }
            }
        }
    }
}

async fn of_subject(db: &Database, subject: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Subject.eq(subject)).one(&db.writer).await
}

/// Whether somebody works on a run; for so long is looked whether its beat grows.
async fn is_alive(db: &Database, run: &Model, patience: Duration) -> Result<bool, DbErr> {
    if run.worker.is_empty() {
        return Ok(false);
    }
    if patience.is_zero() {
        return Ok(true);
    }
    tokio::time::sleep(patience).await;
    let later = Entity::find_by_id(&run.id).one(&db.writer).await?;
    Ok(later.is_some_and(|later| later.beat != run.beat || later.worker != run.worker))
}

/// The runs that somebody worked on last and nobody finished, and those that trouble interrupted before a time. What was
/// stopped by hand has no error, and waits for whoever did that.
pub async fn unfinished(db: &Database, before: DateTime<Utc>) -> Result<Vec<Model>, DbErr> {
    let interrupted = Column::State.eq(State::Interrupted).and(Column::Error.is_not_null());
    let unfinished = Column::State.eq(State::Running).or(interrupted.and(Column::UpdatedAt.lte(before)));
    Entity::find().filter(unfinished).all(&db.reader).await
}

/// Makes a run ours that nobody works on; none where it changed meanwhile.
pub async fn take(db: &Database, run: &Model, now: DateTime<Utc>) -> Result<Option<Run>, DbErr> {
    let worker = random("worker");
    let taken = Entity::update_many()
        .col_expr(Column::Worker, Expr::value(worker.as_str()))
        .col_expr(Column::State, Expr::value(State::Running))
        .col_expr(Column::Error, Expr::value(Option::<String>::None))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(unchanged(run))
        .exec(&db.writer)
        .await?;
    let (id, created_gte, created_lt) = (run.id.clone(), run.created_gte, run.created_lt);
    Ok((taken.rows_affected == 1).then_some(Run { id, worker, created_gte, created_lt }))
}

async fn abandon(db: &Database, run: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    let abandoned = ended(State::Abandoned, now).filter(unchanged(run)).exec(&tx).await?;
    if abandoned.rows_affected == 1 {
        forget_ranges(&tx, &run.id).await?;
    }
    tx.commit().await
}

/// The run, as long as it is as it was.
fn unchanged(run: &Model) -> Condition {
    Condition::all()
        .add(Column::Id.eq(&*run.id))
        .add(Column::Worker.eq(&*run.worker))
        .add(Column::Beat.eq(run.beat))
        .add(Column::State.eq(run.state))
}

/// Makes a run with a range for each type; none where there is one of the same.
async fn create(app: &App, selection: &Selection, end: DateTime<Utc>) -> Result<Option<Run>, DbErr> {
    let (id, worker, now) = (random("run"), random("worker"), app.clock.now());
    let created_gte = selection.created.gte;
    let row = ActiveModel {
        id: Set(id.clone()),
        subject: Set(Some(selection.subject())),
        objects: Set(selection.objects()),
        created_gte: Set(created_gte),
        created_lt: Set(end),
        state: Set(State::Running),
        worker: Set(worker.clone()),
        beat: Set(0),
        error: Set(None),
        created: Set(now),
        updated_at: Set(now),
        finished_at: Set(None),
    };
    let run = Run { id, worker, created_gte, created_lt: end };
    let tx = app.db.begin().await?;
    let once = OnConflict::column(Column::Subject).do_nothing().to_owned();
    if Entity::insert(row).on_conflict(once).exec_without_returning(&tx).await? == 0 {
        return Ok(None);
    }
    let objects = (0..).zip(&selection.mirrors).map(|(place, mirror)| object::ActiveModel {
        run: Set(run.id.clone()),
        object: Set(mirror.object.to_owned()),
        place: Set(place),
        state: Set(object::State::Loading),
        loaded: Set(0),
        refused: Set(0),
        error: Set(None),
    });
    object::Entity::insert_many(objects).exec_without_returning(&tx).await?;
    let ranges =
        selection.mirrors.iter().map(|mirror| run.whole_range(mirror.object).into_active_model().reset_all());
    range::Entity::insert_many(ranges).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(Some(run))
}

impl Run {
    fn whole_range(&self, object: &str) -> range::Model {
        range::Model {
            run: self.id.clone(),
            object: object.to_owned(),
            number: 0,
            created_gte: self.created_gte,
            created_lt: Some(self.created_lt),
            reached: None,
            parent: None,
            cursor: None,
        }
    }

    /// The run, as long as it is ours.
    fn ours(&self) -> Condition {
        Condition::all().add(Column::Id.eq(&*self.id)).add(Column::Worker.eq(&*self.worker))
    }

    /// Says that we live; whether the run is ours still.
    pub async fn beat(&self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, DbErr> {
        let beat = Entity::update_many()
            .col_expr(Column::Beat, Expr::col(Column::Beat).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(now));
        Ok(beat.filter(self.ours()).exec(db).await?.rows_affected == 1)
    }

    /// Leaves it to whoever goes on with it.
    pub async fn release(&self, db: &Database) -> Result<(), DbErr> {
        let free = Entity::update_many().col_expr(Column::Worker, Expr::value(""));
        free.filter(self.ours()).exec(&db.writer).await.map(drop)
    }

    /// Leaves it until somebody starts the same again.
    pub async fn interrupt(
        &self,
        db: &Database,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        let wait = Entity::update_many()
            .col_expr(Column::State, Expr::value(State::Interrupted))
            .col_expr(Column::Error, Expr::value(error.map(shortened)))
            .col_expr(Column::Worker, Expr::value(""))
            .col_expr(Column::UpdatedAt, Expr::value(now));
        wait.filter(self.ours()).exec(&db.writer).await.map(drop)
    }

    /// Ends it, and says how.
    pub async fn finish(&self, db: &Database, now: DateTime<Utc>) -> Result<State, DbErr> {
        let tx = db.begin().await?;
        let objects = object::Entity::find().filter(object::Column::Run.eq(&*self.id)).all(&tx).await?;
        let went_wrong = |row: &object::Model| row.state == object::State::Failed || row.refused > 0;
        let state =
            if objects.iter().any(went_wrong) { State::CompletedWithErrors } else { State::Completed };
        if ended(state, now).filter(self.ours()).exec(&tx).await?.rows_affected == 1 {
            forget_ranges(&tx, &self.id).await?;
        }
        tx.commit().await?;
        Ok(state)
    }

    /// Notes that a type cannot be loaded.
    pub async fn give_up(&self, db: &Database, name: &str, error: &str) -> Result<(), DbErr> {
        let tx = db.begin().await?;
        object::Entity::update_many()
            .col_expr(object::Column::State, Expr::value(object::State::Failed))
            .col_expr(object::Column::Error, Expr::value(shortened(error)))
            .filter(object::Column::Run.eq(&*self.id))
            .filter(object::Column::Object.eq(name))
            .exec(&tx)
            .await?;
        let ranges = range::Entity::delete_many().filter(range::Column::Run.eq(&*self.id));
        ranges.filter(range::Column::Object.eq(name)).exec(&tx).await?;
        tx.commit().await
    }

    /// How far its types are, in their order.
    pub async fn objects(&self, db: &Database) -> Result<Vec<object::Model>, DbErr> {
        let objects = object::Entity::find().filter(object::Column::Run.eq(&*self.id));
        objects.order_by_asc(object::Column::Place).all(&db.reader).await
    }

    /// Some ranges that are left of these types.
    pub async fn ranges(&self, db: &Database, of: &[&str], at_most: u64) -> Result<Vec<range::Model>, DbErr> {
        let ranges = range::Entity::find()
            .filter(range::Column::Run.eq(&*self.id))
            .filter(range::Column::Object.is_in(of.iter().copied()));
        let ranges = ranges.order_by_asc(range::Column::Number).order_by_asc(range::Column::Object);
        ranges.limit(at_most).all(&db.reader).await
    }

    /// A number that no range has.
    pub async fn next_number(&self, db: &Database) -> Result<i32, DbErr> {
        let ranges = range::Entity::find().filter(range::Column::Run.eq(&*self.id));
        let last = ranges.order_by_desc(range::Column::Number).one(&db.reader).await?;
        Ok(last.map_or(1, |last| last.number + 1))
    }
}

fn ended(state: State, now: DateTime<Utc>) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Subject, Expr::value(Option::<String>::None))
        .col_expr(Column::Worker, Expr::value(""))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(Some(now)))
}

async fn forget_ranges(db: &impl ConnectionTrait, run: &str) -> Result<(), DbErr> {
    range::Entity::delete_many().filter(range::Column::Run.eq(run)).exec(db).await.map(drop)
}

/// What a step brought, committed together with its rows.
#[derive(Clone, Debug)]
pub struct Progress {
    pub run: Run,
    pub now: DateTime<Utc>,
    /// The range as it was.
    pub range: range::Model,
    /// What is left of it.
    pub rest: Option<range::Model>,
    /// Ranges that came of it.
    pub parts: Vec<range::Model>,
    pub loaded: i64,
    /// How many objects could not be written, and why not.
    pub refused: i64,
    pub error: Option<String>,
}

#[async_trait]
impl Beside for Progress {
    async fn write(&self, tx: &Transaction) -> Result<(), DbErr> {
        if !self.run.beat(tx, self.now).await? {
            return Err(DbErr::Custom("another process works on the run".to_owned()));
        }
        let range = &self.range;
        let own = Condition::all()
            .add(range::Column::Run.eq(&*range.run))
            .add(range::Column::Object.eq(&*range.object))
            .add(range::Column::Number.eq(range.number));
        match &self.rest {
            Some(rest) => {
                rest.clone().into_active_model().reset_all().update(tx).await?;
            }
            None => {
                range::Entity::delete_many().filter(own).exec(tx).await?;
            }
        }
        if !self.parts.is_empty() {
            let parts = self.parts.iter().map(|part| part.clone().into_active_model().reset_all());
            range::Entity::insert_many(parts).exec_without_returning(tx).await?;
        }
        self.count(tx).await
    }
}

impl Progress {
    async fn count(&self, tx: &Transaction) -> Result<(), DbErr> {
        use object::Column;
        let of_type = Condition::all()
            .add(Column::Run.eq(&*self.range.run))
            .add(Column::Object.eq(&*self.range.object));
        let mut counted = object::Entity::update_many()
            .col_expr(Column::Loaded, Expr::col(Column::Loaded).add(self.loaded))
            .col_expr(Column::Refused, Expr::col(Column::Refused).add(self.refused));
        if let Some(error) = &self.error {
            counted = counted.col_expr(Column::Error, Expr::value(shortened(error)));
        }
        counted.filter(of_type.clone()).exec(tx).await?;
        if self.rest.is_some() || !self.parts.is_empty() {
            return Ok(());
        }
        let mut left = Query::select();
        left.expr(Expr::value(1)).from(range::Entity);
        left.and_where(Expr::col(range::Column::Run).eq(&*self.range.run));
        left.and_where(Expr::col(range::Column::Object).eq(&*self.range.object));
        let all = object::Entity::update_many()
            .col_expr(Column::State, Expr::value(object::State::Loaded))
            .filter(of_type)
            .filter(Column::State.eq(object::State::Loading))
            .filter(Expr::not_exists(left));
        all.exec(tx).await.map(drop)
    }
}

fn shortened(error: &str) -> String {
    error.replace('\0', "").chars().take(LONGEST_ERROR).collect()
}

fn random(prefix: &str) -> String {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    format!("{prefix}_{}", hex::encode(bytes))
}
