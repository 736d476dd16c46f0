//! One account, one mode: a database belongs to the Stripe account and the mode of its first key or event.
//!
//! Objects of live mode and of test mode, or of two accounts, must not meet in one table: nobody could tell them
//! apart, and a key could change what it has no right to.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use entity::stripe_account;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait,
    sea_query::{Expr, Func, OnConflict, Query},
};
use tokio::sync::watch;

use super::inbox::Event;
use crate::{
    config::Secret,
    db::Database,
    error::{Code, Error, Result},
    stripe::{Stripe, StripeError},
};

/// How long Stripe is left alone before it is asked again whose key it is: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Why nothing is asked of Stripe any more; the ids are in the log alone.
const OTHER_ACCOUNT: &str = "STRIPE_SECRET_KEY is a key of another Stripe account than this database's.";

/// Stripe's two worlds, which share nothing. Sandboxes are of test mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Live,
    Test,
}

impl Mode {
    /// The mode that a key tells by how it begins; other keys tell none.
    pub fn of_key(key: Option<&Secret>) -> Option<Self> {
        let key = key?;
        let begins = |kinds: [&str; 2]| kinds.iter().any(|kind| key.expose().starts_with(kind));
        if begins(["sk_live_", "rk_live_"]) {
            Some(Self::Live)
        } else if begins(["sk_test_", "rk_test_"]) {
            Some(Self::Test)
        } else {
            None
        }
    }

    fn of(livemode: bool) -> Self {
        if livemode { Self::Live } else { Self::Test }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Test => "test",
        })
    }
}

/// What is done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is of the database's mode.
    TakenIn,
    /// It is of a connected account's other mode: acknowledged, and not stored.
    PassedOver,
}

/// Whose data the database holds; clones share what is known.
#[derive(Clone, Debug)]
pub struct Account {
    db: Database,
    /// Known for good once it is known: the database never changes its mode.
    mode: Arc<OnceLock<Mode>>,
}

impl Account {
    /// Fails where the key is of another mode than what the database holds.
    pub async fn open(db: &Database, key: Option<&Secret>) -> Result<Self> {
        let account = Self { db: db.clone(), mode: Arc::default() };
        let Some(of_key) = Mode::of_key(key) else { return Ok(account) };
        let stored = account.claim_mode(of_key).await?;
        if stored == of_key {
            return Ok(account);
        }
        Err(Error::invalid(format!(
            "STRIPE_SECRET_KEY is a {of_key} key, and the database holds {stored} data. Each mode needs a database \
             of its own: use another DATABASE_URL or BILLGRAPH_DB_SCHEMA, or a {stored} key."
        )))
    }

    /// Says what is to be done with an event; one of another mode is a conflict. The first event decides the mode, where
    /// no key did.
    pub async fn admit(&self, event: &Event) -> Result<Admission> {
        let of_event = Mode::of(event.livemode);
        let stored = match (self.mode.get(), &event.account) {
            (Some(mode), _) => *mode,
            // Endpoints of test mode get test events only, but a live Connect endpoint gets those of test mode too:
            // they tell nothing of the endpoint.
            (None, Some(_)) if of_event == Mode::Test => self.stored_mode().await?.ok_or_else(|| {
                Error::unavailable("The mode of this database is not known yet; STRIPE_SECRET_KEY tells it.")
            })?,
            (None, _) => self.claim_mode(of_event).await?,
        };
        match &event.account {
            _ if stored == of_event => Ok(Admission::TakenIn),
            // <https://docs.stripe.com/connect/webhooks>: an endpoint that refused these would be disabled in time.
            Some(_) => Ok(Admission::PassedOver),
            None => Err(Error::new(
                Code::Conflict,
                format!(
                    "This is a {of_event} event, and the database holds {stored} data. Each mode needs a database of \
                     its own."
                ),
            )),
        }
    }

    /// Asks Stripe whose key it is, until it answers or the gateway stops. Is the key another account's than the
    /// database's, nothing is asked of Stripe any more.
    pub async fn recognize(self, stripe: Stripe, mut stopping: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        let recognizing = async {
            while let Err(error) = self.recognize_once(&stripe).await {
                tracing::debug!(error = error.chain(), ?pause, "whose key it is, Stripe is asked again");
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        };
        tokio::select! {
            () = recognizing => {}
            // The sender is gone: that is a stop too.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Asks Stripe once whose key it is: with another account's nothing is asked any more. Fails where it may succeed
    /// later.
    pub async fn recognize_once(&self, stripe: &Stripe) -> Result<()> {
        let of_key = match stripe.account_id().await {
            Ok(id) => id,
            Err(StripeError::Refused(refusal)) => {
                // A restricted key need not have the permission.
                tracing::debug!(error = %refusal, "Stripe does not say whose key it is");
                return Ok(());
            }
            Err(StripeError::NotConfigured) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let stored = self.claim_id(&of_key).await?;
        if stored != of_key {
            tracing::error!(
                account.stored = stored,
                account.of_key = of_key,
                "{OTHER_ACCOUNT} Nothing is asked of Stripe; use another DATABASE_URL or BILLGRAPH_DB_SCHEMA."
            );
            stripe.withhold(OTHER_ACCOUNT);
        }
        Ok(())
    }

    /// Makes the mode the database's, unless it has one; says which it has now.
    async fn claim_mode(&self, mode: Mode) -> Result<Mode, DbErr> {
        let stored = self.claim("livemode", Expr::value(mode == Mode::Live)).await?;
        Ok(self.remember(stored.livemode).unwrap_or(mode))
    }

    async fn claim_id(&self, id: &str) -> Result<String, DbErr> {
        let stored = self.claim("id", Expr::value(id)).await?;
        Ok(stored.id.unwrap_or_else(|| id.to_owned()))
    }

    /// Fills a column of the one row, unless it is filled: in one statement, so that of two processes one decides.
    async fn claim(&self, column: &'static str, value: Expr) -> Result<stripe_account::Model, DbErr> {
        let (stored, offered) = (Expr::col(("stripe_accounts", column)), Expr::col(("excluded", column)));
        let mut statement = Query::insert();
        statement
            .into_table("stripe_accounts")
            .columns(["singleton", column])
            .values_panic([Expr::value(true), value])
            .on_conflict(
                OnConflict::column("singleton").value(column, Func::coalesce([stored, offered])).to_owned(),
            );
        self.db.writer.execute(&statement).await?;
        let row = stripe_account::Entity::find_by_id(true).one(&self.db.writer).await?;
        row.ok_or_else(|| DbErr::RecordNotFound("the row of stripe_accounts was removed".to_owned()))
    }

    async fn stored_mode(&self) -> Result<Option<Mode>, DbErr> {
        let row = stripe_account::Entity::find_by_id(true).one(&self.db.reader).await?;
        Ok(self.remember(row.and_then(|row| row.livemode)))
    }

    fn remember(&self, livemode: Option<bool>) -> Option<Mode> {
        livemode.map(|livemode| *self.mode.get_or_init(|| Mode::of(livemode)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_mode_by_how_it_begins() {
        for (key, expected) in [
            ("", None),
            ("sk_demo", None),
            ("sk_other_live_x", None),
            ("sk_org_live_x", None),
            ("sk_live_x", Some(Mode::Live)),
            ("rk_live_x", Some(Mode::Live)),
            ("sk_test_x", Some(Mode::Test)),
            ("rk_test_x", Some(Mode::Test)),
        ] {
            assert_eq!(Mode::of_key(Some(&Secret::new(key))), expected, "{key}");
        }
    }
}
