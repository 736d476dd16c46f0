//! What is left of a range after a page, and how it is divided.

use chrono::{DateTime, TimeDelta, Utc};
use entity::sync_run_range::Model;

/// Before this nothing was created at Stripe: a range without a beginning is divided after it.
const FOUNDED: i64 = 1_262_304_000;

/// Whether what is left is divided, so that somebody else can load a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Yes,
    No,
}

/// The ranges that are left where a page was not the last: the rest of it, and a part for somebody else.
///
/// The number of the part is the caller's.
pub fn rest(
    range: &Model,
    cursor: &str,
    oldest: Option<DateTime<Utc>>,
    split: Split,
) -> (Model, Option<Model>) {
    let reached = [range.reached, oldest].into_iter().flatten().min();
    let mut rest = Model { cursor: Some(cursor.to_owned()), reached, ..range.clone() };
    let middle =
        reached.filter(|_| split == Split::Yes).and_then(|reached| middle(range.created_gte, reached));
    let part = middle.map(|middle| {
        rest.created_gte = Some(middle);
        Model { created_lt: Some(middle), reached: None, cursor: None, ..range.clone() }
    });
    (rest, part)
}

/// The middle of what is left before the oldest object that was seen; none where that is less than two seconds.
fn middle(from: Option<DateTime<Utc>>, reached: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let from = from.or(DateTime::from_timestamp(FOUNDED, 0))?;
    let middle = from + TimeDelta::seconds((reached - from).num_seconds() / 2);
    (middle > from).then_some(middle)
}

/// The same range where Stripe no longer has the object that was the last: it goes on by `created`.
///
/// Of the second that was reached, some may be loaded again. A list without ranges begins anew.
pub fn without_cursor(range: &Model) -> Model {
    let created_lt = range.reached.map(|reached| reached + TimeDelta::seconds(1)).or(range.created_lt);
    Model { created_lt, cursor: None, ..range.clone() }
}

/// How much of a range is left, in seconds; of what was created before `from` nothing counts.
pub fn left(range: &Model, from: Option<DateTime<Utc>>, until: DateTime<Utc>) -> i64 {
    let begin = range.created_gte.max(from).map_or(FOUNDED, |time| time.timestamp());
    let end = range.reached.or(range.created_lt).unwrap_or(until).timestamp();
    (end - begin).max(0)
}

/// How much there was of all, in seconds.
pub fn whole(from: Option<DateTime<Utc>>, until: DateTime<Utc>) -> i64 {
    (until.timestamp() - from.map_or(FOUNDED, |time| time.timestamp())).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(second, 0)
    }

    fn range(gte: Option<i64>, lt: i64) -> Model {
        Model {
            run: "run_1".to_owned(),
            object: "customer".to_owned(),
            number: 0,
            created_gte: gte.and_then(second),
            created_lt: second(lt),
            reached: None,
            parent: None,
            cursor: None,
        }
    }

    #[test]
    fn what_is_left_is_divided_before_the_oldest_that_was_seen() {
        let all = range(Some(1000), 2000);
        let (rest_of_it, part) = rest(&all, "cus_9", second(1900), Split::Yes);
        assert_eq!((rest_of_it.created_gte, rest_of_it.created_lt), (second(1450), second(2000)));
        assert_eq!((rest_of_it.cursor.as_deref(), rest_of_it.reached), (Some("cus_9"), second(1900)));
        let part = part.expect("it is divided");
        assert_eq!((part.created_gte, part.created_lt), (second(1000), second(1450)));
        assert_eq!((part.cursor, part.reached), (None, None));
        let (rest_of_it, part) = rest(&all, "cus_9", second(1900), Split::No);
        assert_eq!((rest_of_it.created_gte, part), (second(1000), None));
    }

    #[test]
    fn a_second_is_not_divided() {
        let (rest_of_it, part) = rest(&range(Some(1000), 2000), "cus_9", second(1001), Split::Yes);
        assert_eq!((rest_of_it.created_gte, part), (second(1000), None));
        let (_, part) = rest(&range(Some(1000), 2000), "cus_9", second(1002), Split::Yes);
        assert_eq!(part.expect("it is divided").created_lt, second(1001));
        let (_, part) = rest(&range(None, 2000), "cus_9", second(5), Split::Yes);
        assert_eq!(part, None, "nothing is older than Stripe");
        let (_, part) = rest(&range(Some(1000), 2000), "cus_9", None, Split::Yes);
        assert_eq!(part, None, "nothing says when it was created");
    }

    #[test]
    fn the_oldest_of_all_pages_is_remembered() {
        let first = Model { reached: second(1500), ..range(None, 2000) };
        assert_eq!(rest(&first, "cus_9", second(1700), Split::No).0.reached, second(1500));
        assert_eq!(rest(&first, "cus_9", None, Split::No).0.reached, second(1500));
    }

    #[test]
    fn without_its_last_object_a_range_goes_on_by_created() {
        let lost = Model { reached: second(1500), cursor: Some("cus_9".to_owned()), ..range(None, 2000) };
        let on = without_cursor(&lost);
        assert_eq!((on.created_lt, on.cursor), (second(1501), None));
        let undated = Model { created_lt: None, reached: None, ..lost };
        assert_eq!(without_cursor(&undated).created_lt, None);
    }
}
