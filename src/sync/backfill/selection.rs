//! What a run loads: object types, and when their objects were created.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;

use crate::{
    error::{Error, Result, shown},
    mirror::{MIRRORS, Mirror, account::Mode, listed, listed_in},
};

/// The latest second that Stripe's times of ten digits reach.
const LATEST: i64 = 9_999_999_999;

/// When the objects were created, in whole seconds; what is absent is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Created {
    pub gte: Option<DateTime<Utc>>,
    pub lt: Option<DateTime<Utc>>,
}

/// The bounds of a range of `created`, in seconds since 1970, as Stripe's own lists take them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub gt: Option<i64>,
    pub gte: Option<i64>,
    pub lt: Option<i64>,
    pub lte: Option<i64>,
}

impl Bounds {
    /// The range within the bounds.
    pub fn created(self) -> Result<Created> {
        let bounds = [self.gt, self.gte, self.lt, self.lte];
        if bounds.into_iter().flatten().any(|second| !(0..LATEST).contains(&second)) {
            return Err(Error::invalid("The bounds of `created` are from 1970 to 2286."));
        }
        if (self.gt.is_some() && self.gte.is_some()) || (self.lt.is_some() && self.lte.is_some()) {
            return Err(Error::invalid("Of `gt` and `gte`, and of `lt` and `lte`, one is enough."));
        }
        let time = |second: Option<i64>| DateTime::from_timestamp(second?, 0);
        let after = |second: Option<i64>| second.map(|second| second + 1);
        Created { gte: time(self.gte.or(after(self.gt))), lt: time(self.lt.or(after(self.lte))) }.checked()
    }
}

impl Created {
    /// The same, unless nothing can have been created in it.
    fn checked(self) -> Result<Self> {
        if self.gte.zip(self.lt).is_some_and(|(gte, lt)| gte >= lt) {
            return Err(Error::invalid("The range of `created` is empty."));
        }
        Ok(self)
    }

    /// Since so long ago: whoever asks for it twice within the hour asks for the same.
    pub fn since(now: DateTime<Utc>, ago: TimeDelta) -> Self {
        let since = (now - ago).duration_trunc(TimeDelta::hours(1)).unwrap_or(now - ago);
        Self { gte: Some(since), lt: None }
    }
}

/// What a run loads.
#[derive(Clone, Debug)]
pub struct Selection {
    pub mirrors: Vec<&'static Mirror>,
    pub created: Created,
}

impl Selection {
    /// The types by Stripe's names for them, with those that have lists of them; `all`, or none at all, are all that
    /// Stripe lists in the key's mode.
    pub fn new(objects: &[String], created: Created, mode: Option<Mode>) -> Result<Self> {
        let created = created.checked()?;
        if let Some(unknown) = objects.iter().find(|name| *name != "all" && !listed().any(is(name))) {
            return Err(refusal(unknown));
        }
        let all = objects.is_empty() || objects.iter().any(|name| name == "all");
        let is_named = |mirror: &&Mirror| objects.iter().any(|name| name == mirror.object);
        let named: Vec<&Mirror> = listed().filter(is_named).collect();
        let is_wanted = |mirror: &&Mirror| {
            is_named(mirror) || named.iter().any(|child| child.listing.parent() == Some(mirror.object))
        };
        let mirrors = if all { listed_in(mode).collect() } else { listed().filter(is_wanted).collect() };
        Ok(Self { mirrors, created })
    }

    /// Stripe's names of the types, comma-separated.
    pub fn objects(&self) -> String {
        self.mirrors.iter().map(|mirror| mirror.object).collect::<Vec<_>>().join(",")
    }

    /// The same text for the same selection.
    pub fn subject(&self) -> String {
        let second = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp().to_string());
        let [gte, lt] = [self.created.gte, self.created.lt].map(|time| second(time).unwrap_or_default());
        format!("{} {gte} {lt}", self.objects())
    }
}

fn is(name: &str) -> impl Fn(&'static Mirror) -> bool {
    move |mirror| mirror.object == name
}

fn refusal(name: &str) -> Error {
    let known: Vec<&str> = listed().map(|mirror| mirror.object).collect();
    let expected = format!("it should be `all` or some of {}", known.join(", "));
    let within = MIRRORS.iter().find(|mirror| mirror.children.iter().any(|list| list.object == name));
    match within {
        Some(parent) => {
            Error::invalid(format!("`{name}` is loaded with each `{}`; {expected}.", parent.object))
        }
        None if MIRRORS.iter().any(|mirror| mirror.object == name) => {
            Error::invalid(format!("Stripe has no list of `{name}`; {expected}."))
        }
        None => Error::invalid(format!("There is no object type `{}`; {expected}.", shown(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(second, 0)
    }

    fn selection(objects: &[&str], created: Created) -> Result<Selection> {
        let objects: Vec<String> = objects.iter().map(|name| (*name).to_owned()).collect();
        Selection::new(&objects, created, None)
    }

    #[test]
    fn what_cannot_be_loaded_is_told_why() {
        let why = |objects: &[&str], created| selection(objects, created).expect_err("it is refused").message;
        let all = Created::default();
        assert!(why(&["custmer"], all).starts_with("There is no object type `custmer`; it should be `all`"));
        assert!(why(&["customer", ""], all).contains("no object type ``"));
        assert!(why(&["subscription_item"], all).contains("with each `subscription`"));
        assert!(why(&["mandate"], all).contains("no list of `mandate`"));
        let long = "x".repeat(10_000);
        assert!(why(&[&long, "\u{1b}[2J"], all).len() < 2000);
        for (gte, lt) in [(5, 5), (6, 5)] {
            assert!(why(&[], Created { gte: second(gte), lt: second(lt) }).contains("empty"));
        }
    }

    #[test]
    fn the_same_selection_has_the_same_subject() {
        let subject = |objects: &[&str], created| selection(objects, created).expect("it is right").subject();
        let all = Created::default();
        assert_eq!(subject(&["price", "customer", "price"], all), "customer,price  ");
        assert_eq!(subject(&[], all), subject(&["price", "all"], all));
        assert_eq!(subject(&["tax_id"], all), "customer,tax_id  ", "customers have lists of them");
        let summaries = "entitlements.active_entitlement_summary";
        assert_eq!(subject(&[summaries], all), format!("customer,{summaries}  "));
        let range = Created { gte: second(1), lt: second(2) };
        assert_eq!(subject(&["price"], range), "price 1 2");
        let now = second(1_790_812_800).expect("a time");
        let day = |minutes| Created::since(now + TimeDelta::minutes(minutes), TimeDelta::days(1));
        assert_eq!(day(0), day(59));
        assert_ne!(day(0), day(61));
    }

    #[test]
    fn a_live_key_has_no_test_clocks() {
        let all = |mode| Selection::new(&[], Created::default(), mode).expect("it is right").mirrors.len();
        assert_eq!(all(Some(Mode::Test)), all(None));
        assert_eq!(all(Some(Mode::Live)) + 1, all(None));
    }

    #[test]
    fn what_there_is_for_each_of_others_comes_after_these() {
        let place = |object: &str| MIRRORS.iter().position(|mirror| mirror.object == object);
        for mirror in listed() {
            if let Some(of) = mirror.listing.parent() {
                assert!(place(of).is_some() && place(of) < place(mirror.object), "{}", mirror.object);
            }
        }
    }
}
