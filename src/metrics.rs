//! `GET /metrics`: figures for operators, as Prometheus reads them.

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use entity::{sync_run as run, sync_run_object as object};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, Iterable, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};

use crate::{app::App, db::Database, error::Result, sync::backfill::progress};

/// The format's name (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with all figures; what was never done has none.
pub async fn show(State(app): State<App>) -> Result<impl IntoResponse> {
    let mut figures = Figures::default();
    runs(&app.db, &mut figures).await?;
    Ok(([(CONTENT_TYPE, FORMAT)], figures.text()))
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

/// The lines of the answer.
#[derive(Default)]
struct Figures(Vec<String>);

impl Figures {
    /// Adds a figure with a value for each set of labels.
    fn add<V: ToString>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (String, V)>) {
        self.0.push(format!("# HELP billgraph_{name} {help}"));
        self.0.push(format!("# TYPE billgraph_{name} gauge"));
        self.0.extend(values.into_iter().map(|(labels, value)| {
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            format!("billgraph_{name}{labels} {}", value.to_string())
        }));
    }

    fn text(self) -> String {
        self.0.join("\n") + "\n"
    }
}
