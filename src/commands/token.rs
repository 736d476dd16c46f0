//! `billgraph token create|list|revoke`.

use clap::Subcommand;

use super::{Failure, print};
use crate::{
    auth::{Role, service_token},
    clock::Clock,
    config::Config,
    db::Database,
};

/// What to do with service tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Makes a token and shows it, this once.
    Create {
        /// What the token is called, in logs and to revoke it.
        #[arg(long)]
        name: String,
        /// What it allows.
        #[arg(long)]
        role: Role,
        /// How long it is valid, such as `90d` or `12h`; left out: until it is revoked.
        #[arg(long)]
        expires: Option<String>,
    },
    /// Lists the tokens, without what they are.
    List,
    /// Makes a token worthless, within ten seconds.
    Revoke {
        /// What the token is called.
        name: String,
    },
}

/// Makes, lists or revokes service tokens.
pub async fn run(config: &Config, action: Action) -> Result<(), Failure> {
    let db = Database::connect(&config.database).await?;
    db.migrate_up().await?;
    let clock = Clock::system();
    match action {
        Action::Create { name, role, expires } => {
            let expires = expires.as_deref().map(service_token::parse_expiry).transpose();
            let expires = expires.map_err(|error| Failure::Usage(error.message.into_owned()))?;
            let token = service_token::create(&db.writer, &clock, &name, role, expires).await?;
            print(token.expose())
        }
        Action::List => {
            for token in service_token::list(&db.reader).await? {
                let time = |time: Option<chrono::DateTime<chrono::Utc>>| {
                    time.map_or_else(|| "never".to_owned(), |time| time.to_rfc3339())
                };
                let (expires, revoked) = (time(token.expires_at), time(token.revoked_at));
                print(&format!("{}\t{}\texpires {expires}\trevoked {revoked}", token.name, token.role))?;
            }
            Ok(())
        }
        Action::Revoke { name } => Ok(service_token::revoke(&db.writer, &clock, &name).await?),
    }
}
