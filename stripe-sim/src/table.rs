//! The objects of one type, in the order of their creation.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::events::{Snapshot, value_of};
use crate::state::number;

/// One stored object.
#[derive(Debug)]
pub(crate) struct Row {
    snapshot: Snapshot,
    /// What the text says, while it is read often: it takes several times as much memory.
    value: OnceCell<Value>,
    pub(crate) sequence: u64,
    /// False while Stripe's search index lags behind its creation.
    pub(crate) searchable: bool,
}

impl Row {
    pub(crate) fn new(value: Value, sequence: u64, searchable: bool) -> Row {
        Row { snapshot: value.to_string().into(), value: value.into(), sequence, searchable }
    }

    pub(crate) fn value(&self) -> &Value {
        self.value.get_or_init(|| value_of(&self.snapshot))
    }

    /// The same value for somebody who keeps it.
    pub(crate) fn to_value(&self) -> Value {
        self.value.get().map_or_else(|| value_of(&self.snapshot), Value::clone)
    }

    /// The same, if it passes a filter.
    pub(crate) fn value_if(&self, keep: impl Fn(&Value) -> bool) -> Option<Value> {
        match self.value.get() {
            Some(value) => keep(value).then(|| value.clone()),
            None => Some(value_of(&self.snapshot)).filter(keep),
        }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// An object in the order of creation.
#[derive(Debug)]
struct Place {
    id: String,
    /// The second of its creation.
    second: i64,
}

/// The live objects of one type, and the ids of its deleted ones.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: HashMap<String, Row>,
    order: BTreeMap<u64, Place>,
    /// Where each customer's objects stand in that order.
    of_customers: HashMap<String, BTreeSet<u64>>,
    deleted: Vec<String>,
}

impl Table {
    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }

    /// Changes an object, and gives the text that it had and its row.
    pub(crate) fn change(&mut self, id: &str, edit: impl FnOnce(&mut Value)) -> Option<(Snapshot, &Row)> {
        let row = self.rows.get_mut(id)?;
        let mut value = row.value.take().unwrap_or_else(|| value_of(&row.snapshot));
        let before = value["customer"].clone();
        edit(&mut value);
        if before != value["customer"] {
            take(&mut self.of_customers, &before, row.sequence);
            put(&mut self.of_customers, &value["customer"], row.sequence);
        }
        let text = value.to_string();
        let after = if *text == *row.snapshot { row.snapshot.clone() } else { text.into() };
        row.value = value.into();
        Some((std::mem::replace(&mut row.snapshot, after), row))
    }

    /// Keeps of every object no more than its text, until it is read again.
    pub(crate) fn rest(&mut self) {
        for row in self.rows.values_mut() {
            row.value.take();
        }
    }

    pub(crate) fn insert(&mut self, id: String, row: Row) {
        self.order.insert(row.sequence, Place { id: id.clone(), second: second_of(row.value()) });
        put(&mut self.of_customers, &row.value()["customer"], row.sequence);
        self.rows.insert(id, row);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Row> {
        let row = self.rows.remove(id)?;
        self.order.remove(&row.sequence);
        take(&mut self.of_customers, &row.value()["customer"], row.sequence);
        self.deleted.push(id.to_owned());
        Some(row)
    }

    /// The rows from the newest to the oldest.
    pub(crate) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.order.values().rev().filter_map(|place| self.rows.get(&place.id))
    }

    /// The rows of a customer from the newest to the oldest.
    pub(crate) fn of_customer(&self, customer: &str) -> impl DoubleEndedIterator<Item = &Row> {
        let places = self.of_customers.get(customer).into_iter().flatten().rev();
        places.filter_map(|sequence| self.rows.get(&self.order.get(sequence)?.id))
    }

    /// The objects that are older than a sequence number and of a second that is asked for, from the newest to the
    /// oldest.
    pub(crate) fn older_than(
        &self,
        sequence: u64,
        is_asked: impl Fn(i64) -> bool,
    ) -> impl Iterator<Item = &Row> {
        let places = self.order.range(..sequence).rev().map(|(_, place)| place);
        places.filter(move |place| is_asked(place.second)).filter_map(|place| self.rows.get(&place.id))
    }

    /// The objects that are newer than a sequence number and of a second that is asked for, from the oldest to the
    /// newest.
    pub(crate) fn newer_than(
        &self,
        sequence: u64,
        is_asked: impl Fn(i64) -> bool,
    ) -> impl Iterator<Item = &Row> {
        let places = self.order.range(sequence + 1..).map(|(_, place)| place);
        places.filter(move |place| is_asked(place.second)).filter_map(|place| self.rows.get(&place.id))
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

/// The second at which an object was created; an invoice item calls it its date.
pub(crate) fn second_of(value: &Value) -> i64 {
    value["created"].as_i64().unwrap_or_else(|| number(value, "date"))
}

/// Notes that a customer has the object that stands there; of no customer nothing is noted.
fn put(of_customers: &mut HashMap<String, BTreeSet<u64>>, customer: &Value, sequence: u64) {
    if let Some(customer) = customer.as_str() {
        of_customers.entry(customer.to_owned()).or_default().insert(sequence);
    }
}

/// Notes that a customer has it no more.
fn take(of_customers: &mut HashMap<String, BTreeSet<u64>>, customer: &Value, sequence: u64) {
    let Some(customer) = customer.as_str() else { return };
    if let Some(places) = of_customers.get_mut(customer) {
        places.remove(&sequence);
        if places.is_empty() {
            of_customers.remove(customer);
        }
    }
}
