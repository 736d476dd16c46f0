//! `GET /metrics`: figures for operators, as Prometheus reads them.

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use entity::{
    sweep, sync_job, sync_run as run, sync_run_object as object,
    verification::{self, Outcome},
    webhook_event::{Column, Entity, State as EventState},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, Iterable, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde::Deserialize;

use crate::{
    app::App,
    db::Database,
    error::Result,
    sync::{backfill::progress, verify},
};

/// The format's name (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with all figures; what was never done has none.
pub async fn show(State(app): State<App>) -> Result<impl IntoResponse> {
    let mut figures = Figures::default();
    inbox(&app.db, &mut figures).await?;
    runs(&app.db, &mut figures).await?;
    if let Some(row) = sweep::Entity::find_by_id(true).one(&app.db.reader).await? {
        swept(&row, &mut figures);
    }
    if let Some(row) = verify::last(&app).await? {
        verified(&row, &mut figures);
    }
    Ok(([(CONTENT_TYPE, FORMAT)], figures.text()))
}

async fn inbox(db: &Database, figures: &mut Figures) -> Result<()> {
    let failed = Entity::find().filter(Column::State.eq(EventState::Failed)).count(&db.reader).await?;
    figures.gauge("events_failed", "Events that could not be applied and are tried again.", failed);
    let waiting = sync_job::Entity::find().count(&db.reader).await?;
    figures.gauge("jobs_waiting", "Objects that Stripe is to be asked for.", waiting);
    Ok(())
}

/// The loads of what Stripe held before.
async fn runs(db: &Database, figures: &mut Figures) -> Result<()> {
    let mut by_state = Vec::new();
    for state in run::State::iter() {
        let count = run::Entity::find().filter(run::Column::State.eq(state)).count(&db.reader).await?;
        by_state.push((format!("state=\"{}\"", state.to_value()), count));
    }
    figures.add("sync_runs", "Loads of what Stripe held before, by how far they are.", by_state);
    let ended = run::Entity::find().filter(run::Column::FinishedAt.is_not_null());
    if let Some(last) = ended.order_by(run::Column::FinishedAt, Order::Desc).one(&db.reader).await? {
        let labels = format!("state=\"{}\"", last.state.to_value());
        let finished = last.finished_at.map_or(0, |finished| finished.timestamp());
        figures.add(
            "sync_run_finished_seconds",
            "When the latest load ended, and how.",
            [(labels, finished)],
        );
    }
    let of_type = |object: &str| format!("object=\"{object}\"");
    let (mut loaded, mut refused) = (Vec::new(), Vec::new());
    for (object, was_loaded, was_refused) in counted(db).await? {
        loaded.push((of_type(&object), was_loaded));
        refused.push((of_type(&object), was_refused));
    }
    figures.add("sync_objects_loaded", "Objects that loads wrote.", loaded);
    figures.add("sync_objects_refused", "Objects that loads could not write.", refused);
    let running = run::Entity::find().filter(run::Column::State.eq(run::State::Running));
    let running = running.order_by(run::Column::Created, Order::Asc).all(&db.reader).await?;
    let ids: Vec<&str> = running.iter().map(|run| run.id.as_str()).collect();
    let under_way = progress::of_runs(&db.reader, &ids).await?;
    let done = under_way.iter().flat_map(|progress| {
        let labels = |object: &str| format!("run=\"{}\",{}", progress.run.id, of_type(object));
        progress.objects.iter().filter_map(move |object| Some((labels(&object.row.object), object.done?)))
    });
    figures.add("sync_run_done", "The part that is done of each load that is under way, from 0 to 1.", done);
    Ok(())
}

/// How many objects of each type were written by all loads, and how many could not be.
async fn counted(db: &Database) -> Result<Vec<(String, i64, i64)>> {
    // PostgreSQL's sums are of another type than what they add up.
    let sum = |column: object::Column| Expr::from(Func::cast_as(Expr::col(column).sum(), "bigint"));
    let counted = object::Entity::find()
        .select_only()
        .column(object::Column::Object)
        .column_as(sum(object::Column::Loaded), "loaded")
        .column_as(sum(object::Column::Refused), "refused")
        .group_by(object::Column::Object)
        .order_by(object::Column::Object, Order::Asc);
    Ok(counted.into_tuple().all(&db.reader).await?)
}

fn swept(row: &sweep::Model, figures: &mut Figures) {
    if let Some(until) = row.swept_until {
        let help = "All that happened at Stripe before this second was taken in.";
        figures.gauge("swept_until_seconds", help, until.timestamp());
    }
    let failing = u8::from(row.last_error.is_some());
    figures.gauge("sweep_failing", "Whether the latest sweep failed.", failing);
    figures.gauge("sweep_events_seen", "Events that the latest sweep saw.", row.seen);
    figures.gauge("sweep_events_found", "Events that it found and that had not been delivered.", row.found);
    let help = "Events that sweeps found and that had not been delivered.";
    figures.counter("sweep_events_found_total", help, row.found_in_all);
    if let Some(noticed) = row.gap_noticed_at {
        let help = "When it was last noticed that events may be missing that Stripe lists no more.";
        figures.gauge("sweep_gap_noticed_seconds", help, noticed.timestamp());
    }
}

/// What a stored report says of a type of object.
#[derive(Deserialize)]
struct OfObject {
    object: String,
    missing: i64,
    surplus: i64,
    differing: i64,
}

/// A stored report; one that cannot be read says nothing.
#[derive(Default, Deserialize)]
struct Report {
    objects: Vec<OfObject>,
}

fn verified(row: &verification::Model, figures: &mut Figures) {
    if let Some(finished) = row.finished_at {
        let help = "When the last comparison with Stripe ended.";
        figures.gauge("verification_finished_seconds", help, finished.timestamp());
    }
    let outcomes = Outcome::iter().map(|outcome| {
        let labels = format!("outcome=\"{}\"", outcome.to_value());
        (labels, i64::from(outcome == row.outcome))
    });
    figures.add("verification_outcome", "What came of the last comparison with Stripe.", outcomes);
    figures.gauge("verification_checked", "Objects that it compared.", row.checked);
    figures.gauge("verification_repaired", "Objects that it mended.", row.repaired);
    let report: Report = serde_json::from_str(&row.report).unwrap_or_default();
    let drifted = report.objects.iter().flat_map(|of| {
        let kinds = [("missing", of.missing), ("surplus", of.surplus), ("differs", of.differing)];
        kinds.map(|(kind, many)| (format!("object=\"{}\",kind=\"{kind}\"", of.object), many))
    });
    figures.add("verification_drifted", "Objects that it found to differ.", drifted);
}

/// The lines of the answer.
#[derive(Default)]
struct Figures(Vec<String>);

impl Figures {
    fn gauge(&mut self, name: &str, help: &str, value: impl ToString) {
        self.add(name, help, [(String::new(), value)]);
    }

    /// Adds a figure with a value for each set of labels.
    fn add<V: ToString>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (String, V)>) {
        self.begin(name, "gauge", help);
        self.0.extend(values.into_iter().map(|(labels, value)| {
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            format!("billgraph_{name}{labels} {}", value.to_string())
        }));
    }

    /// Adds a figure that only grows.
    fn counter(&mut self, name: &str, help: &str, value: i64) {
        self.begin(name, "counter", help);
        self.0.push(format!("billgraph_{name} {value}"));
    }

    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push(format!("# HELP billgraph_{name} {help}"));
        self.0.push(format!("# TYPE billgraph_{name} {kind}"));
    }

    fn text(self) -> String {
        self.0.join("\n") + "\n"
    }
}
