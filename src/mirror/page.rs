//! A page of one of Stripe's lists, written at once, and what is committed together with it.

use std::{fmt, sync::Arc};

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
    pub rows: Arc<[Snapshot]>,
    /// What is committed together with it.
    pub beside: Option<Box<dyn Beside>>,
}

/// An object that Stripe listed.
#[derive(Debug)]
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
    pub fn snapshot(self, exclusions: &Exclusions) -> Option<Snapshot> {
        let sent = exclusions.taken_from(self.sent);
        let raw = sent.to_string();
        let written = self.whole.map_or(sent, |whole| exclusions.taken_from(whole));
        Snapshot::of(&written, &raw, Source::fetched(self.at, &self.api_version))
    }
}
