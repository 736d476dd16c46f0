//! `billgraph replay`.

use std::sync::Arc;

use clap::Args;
use entity::webhook_event::{Column, Entity, Model, State};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Failure, print};
use crate::{
    changes::Changes,
    clock::Clock,
    config::Config,
    db::Database,
    mirror::writer::{self, Writer},
    sync::retry::{self, Outcome},
};

/// How many events are read at once.
const PAGE: u64 = 100;

/// Which recorded events to apply again.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Stripe's ids of the events, `evt_…`.
    #[arg(value_name = "EVENT_ID", required_unless_present = "failed", conflicts_with = "failed")]
    events: Vec<String>,
    /// All events that could not be applied.
    #[arg(long)]
    failed: bool,
}

/// Applies recorded events again, and tells of each what became of it.
pub async fn run(config: &Config, which: Which) -> Result<(), Failure> {
    let db = Database::connect(&config.database).await?;
    db.migrate_up().await?;
    let clock = Clock::system();
    let (writer, writing) = Writer::start(writer::Settings {
        db: db.clone(),
        clock: clock.clone(),
        changes: Changes::default(),
        keep_payloads: config.keep_payloads,
        jobs: Arc::default(),
        link_metadata_keys: config.link_metadata_keys.clone(),
        exclusions: config.exclusions.clone(),
    })
    .await?;
    let replay = Replay { db, clock, writer };
    let left = if which.failed { replay.failed().await? } else { replay.named(&which.events).await? };
    drop(replay);
    writing.end().await;
    match left {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 event was not applied.".to_owned())),
        left => Err(Failure::Failed(format!("{left} events were not applied."))),
    }
}

struct Replay {
    db: Database,
    clock: Clock,
    writer: Writer,
}

impl Replay {
    /// Says how many were not applied.
    async fn named(&self, ids: &[String]) -> Result<usize, Failure> {
        let mut left = 0;
        for id in ids {
            if let Some(event) = Entity::find_by_id(id).one(&self.db.reader).await? {
                left += usize::from(!self.one(&event).await?);
            } else {
                print(&format!("{id}\tunknown: the inbox has no such event"))?;
                left += 1;
            }
        }
        Ok(left)
    }

    async fn failed(&self) -> Result<usize, Failure> {
        let (mut last, mut left) = (String::new(), 0);
        loop {
            let page =
                Entity::find().filter(Column::State.eq(State::Failed)).filter(Column::Id.gt(last.as_str()));
            let page = page.order_by_asc(Column::Id).limit(PAGE).all(&self.db.reader).await?;
            let Some(end) = page.last() else { return Ok(left) };
            last.clone_from(&end.id);
            for event in &page {
                left += usize::from(!self.one(event).await?);
            }
        }
    }

    /// Says whether it was applied.
    async fn one(&self, event: &Model) -> Result<bool, Failure> {
        let outcome = retry::attempt(&self.db, &self.writer, &self.clock, event).await?;
        let told = match &outcome {
            Outcome::Done(state) => state.to_value(),
            Outcome::Failed(reason) => format!("failed: {reason}"),
            Outcome::NotKept => {
                "not applied: its body is not kept (BILLGRAPH_KEEP_PAYLOADS=all keeps all)".to_owned()
            }
        };
        print(&format!("{}\t{told}", event.id))?;
        Ok(matches!(outcome, Outcome::Done(_)))
    }
}
