//! A page of one of Stripe's lists, written at once, and what is committed together with it.

use std::fmt;

use sea_orm::{DbErr, prelude::async_trait::async_trait};
use serde_json::Value as Json;

use super::{
    exclude::Exclusions,
    snapshot::{Snapshot, Source},
};
use crate::db::Transaction;

/// What is written in the transaction of a page, or not at all.
#[async_trait]
pub trait Beside: fmt::Debug + Send + Sync {
    /// Writes it; an error takes the page with it.
    async fn write(&self, tx: &Transaction) -> Result<(), DbErr>;
}

/// A page of one of Stripe's lists.
#[derive(Debug)]
pub struct Page {
    pub objects: Vec<Found>,
    /// What is committed together with it.
    pub beside: Option<Box<dyn Beside>>,
}

/// An object that Stripe listed.
#[derive(Clone, Debug)]
pub struct Found {
    /// As Stripe sent it, which is what is kept.
    pub sent: Json,
    /// The same with its lists whole, or its parent named, where that is not what Stripe sent.
    pub whole: Option<Json>,
    /// When Stripe answered, in seconds since 1970.
    pub at: i64,
    pub api_version: String,
}

impl Found {
    /// Its rows, without the fields that are never stored.
    pub fn snapshot(&self, exclusions: &Exclusions) -> Option<Snapshot> {
        let raw = exclusions.of_object(&self.sent).to_string();
        let written = exclusions.of_object(self.whole.as_ref().unwrap_or(&self.sent));
        Snapshot::of(written.into_owned(), &raw, Source::fetched(self.at, &self.api_version))
    }
}
