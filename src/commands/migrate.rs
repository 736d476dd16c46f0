//! `billgraph migrate up|down|status`.

use clap::Subcommand;

use super::{Failure, print};
use crate::{config::Config, db::Database};

/// What to do with the schema.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Step {
    /// Takes all steps that were not taken yet.
    Up,
    /// Takes the latest step back; what its tables hold is lost.
    Down,
    /// Lists the steps.
    Status,
}

/// Changes the schema, or tells where it stands.
pub async fn run(config: &Config, step: Step) -> Result<(), Failure> {
    let db = Database::connect(&config.database).await?;
    match step {
        Step::Up => db.migrate_up().await?,
        Step::Down => db.migrate_down().await?,
        Step::Status => {}
    }
    for (name, taken) in db.migrations().await? {
        print(&format!("{} {name}", if taken { "applied" } else { "pending" }))?;
    }
    Ok(())
}
