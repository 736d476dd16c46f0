//! `billgraph sync`.

use clap::Args;

use super::{Failure, print, with_stripe};
use crate::{
    app::App,
    config::Config,
    sync::single::{sync, told},
};

/// Which objects to ask Stripe for.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Stripe's ids of the objects, such as `cus_…` or `sub_…`.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// Asks for each, and tells what became of it.
pub async fn run(config: Config, which: Which) -> Result<(), Failure> {
    with_stripe(config, async |app| fetch_all(app, &which.ids).await).await
}

async fn fetch_all(app: &App, ids: &[String]) -> Result<(), Failure> {
    let mut left = 0;
    for id in ids {
        let line = match sync(app, id).await {
            Ok(synced) if synced.deleted => format!("{id}\t{}\tdeleted at Stripe", synced.object),
            Ok(synced) => format!("{id}\t{}\twritten, with {} others", synced.object, synced.companions),
            Err(error) => {
                left += 1;
                format!("{}\tfailed: {}", id.escape_debug(), told(&error))
            }
        };
        print(&line)?;
    }
    match left {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 object was not written.".to_owned())),
        left => Err(Failure::Failed(format!("{left} objects were not written."))),
    }
}
