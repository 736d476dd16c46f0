//! The objects of one type, in the order of their creation.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::events::Snapshot;

/// One stored object.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) value: Value,
    pub(crate) snapshot: Snapshot,
    pub(crate) sequence: u64,
    /// False while Stripe's search index lags behind its creation.
    pub(crate) searchable: bool,
}

impl Row {
    pub(crate) fn new(value: Value, sequence: u64, searchable: bool) -> Row {
        let snapshot = value.to_string().into();
        Row { value, snapshot, sequence, searchable }
    }
}

/// The live objects of one type, and the ids of its deleted ones.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: HashMap<String, Row>,
    order: BTreeMap<u64, String>,
    deleted: Vec<String>,
}

impl Table {
    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.get_mut(id)
    }

    pub(crate) fn insert(&mut self, id: String, row: Row) {
        self.order.insert(row.sequence, id.clone());
        self.rows.insert(id, row);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Row> {
        let row = self.rows.remove(id)?;
        self.order.remove(&row.sequence);
        self.deleted.push(id.to_owned());
        Some(row)
    }

    /// The rows from the newest to the oldest.
    pub(crate) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.order.values().rev().filter_map(|id| self.rows.get(id))
    }

    /// The objects that are older than a sequence number, from the newest to the oldest.
    pub(crate) fn older_than(&self, sequence: u64) -> impl Iterator<Item = &Value> {
        let ids = self.order.range(..sequence).rev().map(|(_, id)| id);
        ids.filter_map(|id| self.rows.get(id)).map(|row| &row.value)
    }

    /// The objects that are newer than a sequence number, from the oldest to the newest.
    pub(crate) fn newer_than(&self, sequence: u64) -> impl Iterator<Item = &Value> {
        let ids = self.order.range(sequence + 1..).map(|(_, id)| id);
        ids.filter_map(|id| self.rows.get(id)).map(|row| &row.value)
    }

    /// Whether an object was deleted and not created again.
    pub(crate) fn is_deleted(&self, id: &str) -> bool {
        !self.rows.contains_key(id) && self.deleted.iter().any(|deleted| deleted == id)
    }

    /// The ids of the deleted objects, in the order of their deletion.
    pub(crate) fn deleted(&self) -> &[String] {
        &self.deleted
    }
}
