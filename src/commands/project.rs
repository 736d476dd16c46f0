//! `billgraph project`.

use clap::Args;

use super::{Failure, print};
use crate::{
    clock::Clock,
    config::Config,
    db::Database,
    mirror::{MIRRORS, Mirror, project::project},
};

/// Which tables to fill again.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Stripe's names of the objects, comma-separated, or `all`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    object: Vec<String>,
}

impl Which {
    /// The tables; those of lists come before those of what the lists are in, which know more of their rows.
    fn mirrors(&self) -> Result<Vec<&'static Mirror>, Failure> {
        let is_known = |name: &String| name == "all" || MIRRORS.iter().any(|mirror| mirror.object == name);
        if let Some(unknown) = self.object.iter().find(|name| !is_known(name)) {
            let known: Vec<&str> = MIRRORS.iter().map(|mirror| mirror.object).collect();
            return Err(Failure::Usage(format!(
                "There is no table for `{unknown}`; --object should be `all` or some of {}.",
                known.join(", ")
            )));
        }
        let is_wanted =
            |mirror: &&Mirror| self.object.iter().any(|name| name == "all" || name == mirror.object);
        Ok(MIRRORS.iter().rev().filter(is_wanted).collect())
    }
}

/// Fills the columns of tables again from the objects that their rows hold.
pub async fn run(config: &Config, which: Which) -> Result<(), Failure> {
    let mirrors = which.mirrors()?;
    let db = Database::connect(&config.database).await?;
    db.migrate_up().await?;
    let clock = Clock::system();
    for mirror in mirrors {
        let done = project(&db, mirror, &config.exclusions, clock.now()).await?;
        let table = mirror.table;
        print(&format!("{table}\t{} rows\t{} changed\t{} moved here", done.read, done.changed, done.moved))?;
    }
    Ok(())
}
