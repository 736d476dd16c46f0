//! The account: its objects, its events and its clock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::api::idempotency::Keys;
use crate::billing::due;
use crate::billing::entitlements::{self, Entitled};
use crate::clock::Clock;
use crate::error::{Answer, ApiError};
use crate::events::{Cause, Event, Snapshot};
use crate::faults::Faults;
use crate::history::History;
use crate::journal::Journal;
use crate::mode::mark_live;
use crate::objects::customer::deleted;
use crate::objects::line_item::NewLine;
use crate::options::{Options, Request};
use crate::outbox::Outbox;
use crate::random::Random;
use crate::schedule::Schedule;
use crate::table::{Row, Table};
use crate::version::Version;

/// Everything that a simulation knows.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) version: Version,
    pub(crate) base_url: String,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) tables: BTreeMap<&'static str, Table>,
    pub(crate) events: Journal,
    pub(crate) cause: Cause,
    /// The items of each checkout session.
    pub(crate) session_items: HashMap<String, Vec<Value>>,
    pub(crate) schedule: Schedule,
    /// The payment methods whose issuer refuses every charge.
    pub(crate) declining: HashSet<String>,
    /// The payment methods whose issuer asks the customer to authenticate.
    pub(crate) challenging: HashSet<String>,
    /// The prorations that wait for the next invoice of a subscription.
    pub(crate) prorations: HashMap<String, Vec<NewLine>>,
    /// What each customer is entitled to.
    pub(crate) entitled: Entitled,
    pub(crate) keys: Keys,
    pub(crate) requests: Vec<Request>,
    pub(crate) outbox: Outbox,
    pub(crate) history: History,
    pub(crate) faults: Arc<Faults>,
    sequence: u64,
}

impl State {
    pub(crate) fn new(options: Options, faults: Arc<Faults>) -> State {
        State {
            version: Version::named(&options.api_version),
            base_url: "http://127.0.0.1".to_owned(),
            clock: Clock::new(options.clock, options.now),
            random: Random::new(options.seed),
            tables: BTreeMap::new(),
            events: Journal::default(),
            cause: Cause::default(),
            session_items: HashMap::new(),
            schedule: Schedule::default(),
            declining: HashSet::new(),
            challenging: HashSet::new(),
            prorations: HashMap::new(),
            entitled: Entitled::new(),
            keys: Keys::default(),
            requests: Vec::new(),
            outbox: Outbox::default(),
            history: History::new(options.seed),
            faults,
            sequence: 0,
            options,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Lets everything happen that has fallen due.
    pub(crate) fn catch_up(&mut self) {
        let now = self.now();
        due::advance_to(self, now);
    }

    /// A new id of the given prefix.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        self.random.id(prefix, length)
    }

    /// A number that grows with everything that is created.
    pub(crate) fn tick(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The live objects of a type.
    pub(crate) fn table(&self, object: &str) -> Option<&Table> {
        self.tables.get(object)
    }

    /// A live object.
    pub(crate) fn find(&self, object: &str, id: &str) -> Option<&Value> {
        self.table(object)?.get(id).map(Row::value)
    }

    /// A live object that an operation knows to exist.
    pub(crate) fn get(&self, object: &str, id: &str) -> Value {
        self.table(object).and_then(|table| table.get(id)).map(Row::to_value).unwrap_or_default()
    }

    /// The object that a path names.
    pub(crate) fn at_path(&self, object: &str, id: &str) -> Answer<&Value> {
        self.find(object, id).ok_or_else(|| ApiError::not_found(object, id))
    }

    /// The object that a path names; of a deleted one, that it is deleted.
    pub(crate) fn at_path_or_deleted(&self, object: &str, id: &str) -> Answer {
        match self.table(object) {
            Some(table) if table.is_deleted(id) => Ok(deleted(object, id)),
            _ => self.at_path(object, id).cloned(),
        }
    }

    /// The object that a parameter names.
    pub(crate) fn at_param(&self, object: &str, id: &str, param: &str) -> Answer<&Value> {
        self.find(object, id).ok_or_else(|| ApiError::no_such(object, id, param))
    }

    /// Stores a new object, and tells of it by these events.
    pub(crate) fn create(&mut self, object: &'static str, value: Value, kinds: &[&'static str]) -> Value {
        let mut value = value;
        if self.options.livemode {
            mark_live(&mut value);
        }
        let sequence = self.tick();
        let searchable = !self.faults.search_lag();
        let row = Row::new(value.clone(), sequence, searchable);
        let snapshot = row.snapshot().clone();
        self.tables.entry(object).or_default().insert(text(&value, "id"), row);
        self.tell(kinds, &snapshot, None);
        self.follow(object, &value);
        value
    }

    /// Changes an object, and tells of it by these events; no change at all tells nothing.
    pub(crate) fn change(
        &mut self,
        object: &'static str,
        id: &str,
        kinds: &[&'static str],
        edit: impl FnOnce(&mut Value),
    ) -> Value {
        let livemode = self.options.livemode;
        let edit = |value: &mut Value| {
            edit(value);
            if livemode {
                mark_live(value);
            }
        };
        let Some((before, row)) = self.tables.entry(object).or_default().change(id, edit) else {
            return Value::Null;
        };
        let (after, value) = (row.snapshot().clone(), row.to_value());
        if after != before {
            self.tell(kinds, &after, Some(&before));
            self.follow(object, &value);
        }
        value
    }

    /// What a change of an object brings about everywhere, whoever made it.
    fn follow(&mut self, object: &str, value: &Value) {
        if object == "subscription" {
            entitlements::follow(self, value);
        }
    }

    /// Tells of something that has no id, such as a summary.
    pub(crate) fn tell_of_value(&mut self, kind: &'static str, value: Value, previous: Option<Value>) {
        let snapshot = |mut value: Value| {
            if self.options.livemode {
                mark_live(&mut value);
            }
            Snapshot::from(value.to_string())
        };
        let (value, previous) = (snapshot(value), previous.map(snapshot));
        self.tell(&[kind], &value, previous.as_ref());
    }

    /// Tells again of an object as it is, such as of an upcoming end of its trial.
    pub(crate) fn announce(&mut self, object: &str, id: &str, kind: &'static str) {
        let row = self.table(object).and_then(|table| table.get(id));
        if let Some(snapshot) = row.map(|row| row.snapshot().clone()) {
            self.tell(&[kind], &snapshot, None);
        }
    }

    /// Deletes an object for good, and tells of it with the object as it was.
    pub(crate) fn delete(&mut self, object: &'static str, id: &str, kinds: &[&'static str]) {
        let removed = self.tables.entry(object).or_default().remove(id);
        if let Some(row) = removed {
            self.tell(kinds, row.snapshot(), None);
        }
    }

    fn tell(&mut self, kinds: &[&'static str], object: &Snapshot, previous: Option<&Snapshot>) {
        for kind in kinds {
            let id = self.random.id("evt", 24);
            let previous = previous.filter(|_| kind.ends_with(".updated")).cloned();
            let (created, cause) = (self.now(), self.cause.clone());
            self.outbox.add(kind, self.events.happened());
            let (object, livemode) = (object.clone(), self.options.livemode);
            self.events.add(Event { id, kind, created, object, previous, cause, livemode });
        }
    }
}

/// The text of a field; empty when it is absent or null.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

/// The whole number of a field; zero when it is absent or null.
pub(crate) fn number(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap_or_default()
}
