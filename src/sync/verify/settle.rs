//! What seemed to differ is looked at again: what changed between two looks is no drift, and what stayed is mended where
//! that is asked for.

use entity::mirrored::Listing;
use futures_util::future::try_join_all;
use sea_orm::Value;

use super::{
    Check, Drift, Kind, Trouble,
    compare::{Look, Row, Seen, compare, differs, rows},
    walk::{Read, named, text},
};
use crate::{
    network,
    stripe::{Stripe, StripeError},
    sync::path::fill,
};

/// How often something is looked at that goes on changing.
const LOOKS: usize = 5;

/// How many objects are asked for at once.
const AT_ONCE: usize = 8;

/// An object that seemed to differ.
pub struct Doubt {
    pub id: String,
    /// What was known of it where it was found, in the order of the columns.
    values: Vec<Option<Value>>,
    /// What was seen last.
    last: Option<Glance>,
}

/// What was seen of an object and its row at a moment.
struct Glance {
    /// What Stripe said, in the order of the columns; none where it has no such object.
    said: Option<Vec<Value>>,
    api_version: String,
    look: Look,
}

/// How an object and its row are now.
enum State {
    Equal,
    Differs(Box<Seen>, Look),
    /// Stripe has no such object, as it answered at that second.
    Gone(i64, Look),
    /// It went while it was read.
    Going,
}

/// What Stripe says of an object.
enum Asked {
    Said(Box<Seen>),
    /// There is none, as it answered at that second.
    Gone(i64),
    /// It went while it was read.
    Going,
}

impl Doubt {
    /// Of a row that no list named.
    pub fn of(id: String) -> Self {
        Self { id, values: Vec::new(), last: None }
    }

    pub fn seen(seen: &Seen, look: &Look) -> Self {
        let values = seen.snapshot.values.iter().cloned().map(Some).collect();
        Self { id: seen.snapshot.id.clone(), values, last: Some(Glance::of(seen, look)) }
    }
}

impl Glance {
    fn of(seen: &Seen, look: &Look) -> Self {
        let said = Some(seen.snapshot.values.clone());
        Self { said, api_version: seen.answer.api_version.clone(), look: look.clone() }
    }

    fn gone(look: &Look) -> Self {
        Self { said: None, api_version: String::new(), look: look.clone() }
    }

    /// Whether neither Stripe nor the mirror changed in between.
    fn is_as(&self, other: &Self, check: &Check<'_>) -> bool {
        let columns = &check.mirror.columns;
        let is_said = match (&self.said, &other.said) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                let mut values = columns.iter().zip(one.iter().zip(other));
                values.all(|(column, (one, other))| !differs(column, one, other))
            }
            _ => false,
        };
        is_said && self.api_version == other.api_version && self.look == other.look
    }
}

impl Check<'_> {
    /// Looks again at what is in doubt, until two looks show the same.
    pub async fn settle(&mut self) -> Result<(), Trouble> {
        let mut doubts = std::mem::take(&mut self.doubts);
        for _ in 0..LOOKS {
            if doubts.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(self.wanted.pause).await;
            let mut states = Vec::with_capacity(doubts.len());
            for doubts in doubts.chunks(AT_ONCE) {
                states.extend(try_join_all(doubts.iter().map(|doubt| self.state(doubt))).await?);
            }
            let mut left = Vec::new();
            for (doubt, state) in doubts.into_iter().zip(states) {
                if let Some(doubt) = self.weigh(doubt, state).await? {
                    left.push(doubt);
                }
            }
            doubts = left;
        }
        self.found.changing += doubts.len() as u64;
        Ok(())
    }

    /// Reports what was seen twice; gives back what is to be looked at once more.
    async fn weigh(&mut self, doubt: Doubt, state: State) -> Result<Option<Doubt>, Trouble> {
        let glance = match &state {
            State::Equal => return Ok(None),
            State::Going => return Ok(Some(Doubt { last: None, ..doubt })),
            State::Differs(seen, look) => Glance::of(seen, look),
            State::Gone(_, look) => Glance::gone(look),
        };
        if doubt.last.as_ref().is_none_or(|last| !last.is_as(&glance, self)) {
            return Ok(Some(Doubt { last: Some(glance), ..doubt }));
        }
        let repaired = self.wanted.repair && self.mend(&doubt, &state).await?;
        let (kind, fields) = match state {
            State::Gone(..) => (Kind::Surplus, Vec::new()),
            State::Differs(_, look) if look.is_missing => (Kind::Missing, Vec::new()),
            State::Differs(_, look) => (Kind::Differs, look.fields),
            State::Equal | State::Going => return Ok(None),
        };
        let drift = Drift { object: self.mirror.object, id: doubt.id, kind, fields, repaired };
        (self.told)(&drift);
        self.found.note(drift);
        Ok(None)
    }

    /// How an object and its row are now.
    async fn state(&self, doubt: &Doubt) -> Result<State, Trouble> {
        let db = &self.app.db.reader;
        let row = rows(db, self.mirror, &[&doubt.id]).await?.remove(&doubt.id);
        Ok(match self.ask(doubt, row.as_ref()).await? {
            Asked::Said(seen) => {
                let look = compare(db, self.mirror, &[&seen.snapshot]).await?.remove(0);
                let look = self.relevant(look, &seen);
                if look.is_equal() { State::Equal } else { State::Differs(seen, look) }
            }
            Asked::Gone(at) => match row.filter(|row| !row.deleted) {
                None => State::Equal,
                Some(row) => State::Gone(at, Look { stamp: Some(row.stamp), ..Look::default() }),
            },
            Asked::Going => State::Going,
        })
    }

    /// What Stripe says of an object, in the API version of its row.
    async fn ask(&self, doubt: &Doubt, row: Option<&Row>) -> Result<Asked, Trouble> {
        let now = || self.app.clock.unix();
        if matches!(self.mirror.listing, Listing::Made { .. }) {
            let made = self.assembled(&doubt.id).await?;
            return Ok(made.map_or_else(|| Asked::Gone(now()), |seen| Asked::Said(Box::new(seen))));
        }
        let value = |name: &str| match name {
            "id" => Some(doubt.id.clone()),
            name => text(self.mirror, &doubt.values, name)
                .or_else(|| row.and_then(|row| row.text(self.mirror, name)).map(str::to_owned)),
        };
        let path = self.mirror.path.ok_or_else(|| Trouble::Odd("Stripe has no path for it".to_owned()))?;
        let version = row.map_or(Stripe::version(), |row| row.api_version.as_str());
        let stripe = self.stripe.in_version(version);
        let answer = match stripe.get(&fill(path, value)?).await {
            Err(error) => return gone(error, now()).map(Asked::Gone),
            Ok(answer) => answer,
        };
        if answer.object["deleted"] == true {
            return Ok(Asked::Gone(answer.at));
        }
        let of = match self.mirror.listing {
            Listing::Each { of, .. } => value(of).map(|id| (of, id)),
            _ => None,
        };
        let object = named(answer.object.clone(), of.as_ref());
        match self.complete(&answer, object).await? {
            Read::Whole(seen) => Ok(Asked::Said(seen)),
            Read::Gone => Ok(Asked::Going),
            Read::Foreign => {
                Err(Trouble::Odd(format!("Stripe answers with something else than {}", doubt.id)))
            }
        }
    }

    /// Writes what Stripe said, and says whether the mirror holds it then.
    async fn mend(&self, doubt: &Doubt, state: &State) -> Result<bool, Trouble> {
        let failed = |error: crate::error::Error| Trouble::Odd(error.chain());
        let db = &self.app.db.writer;
        match state {
            State::Equal | State::Going => Ok(true),
            State::Differs(seen, _) => {
                self.app.writer.completed(&seen.answer, &seen.whole).await.map_err(failed)?;
                let look = compare(db, self.mirror, &[&seen.snapshot]).await?.remove(0);
                Ok(self.relevant(look, seen).is_equal())
            }
            State::Gone(at, _) => {
                self.app.writer.gone(self.mirror, &doubt.id, "", *at).await.map_err(failed)?;
                let row = rows(db, self.mirror, &[&doubt.id]).await?.remove(&doubt.id);
                Ok(row.is_none_or(|row| row.deleted))
            }
        }
    }
}

/// The second of an answer that there is no such object; any other refusal is trouble.
fn gone(error: StripeError, now: i64) -> Result<i64, Trouble> {
    match error.refusal() {
        Some(refusal) if refusal.status == 404 && refusal.code.as_deref() == Some("resource_missing") => {
            Ok(refusal.at.unwrap_or(now))
        }
        None if matches!(error, StripeError::NotAnId) => Err(Trouble::Odd(network::chain(&error))),
        _ => Err(Trouble::Stripe(error)),
    }
}
