//! Billing periods, counted from their anchor so that the day of the month stays.

use chrono::{DateTime, Days, Months};
use serde_json::Value;

use crate::state::{number, text};

/// The end of the period that begins at or before `after`, in unix seconds.
pub(crate) fn end_after(anchor: i64, recurring: &Value, after: i64) -> i64 {
    let unit = text(recurring, "interval");
    let count = number(recurring, "interval_count").max(1);
    (1..100_000)
        .map(|periods| shifted(anchor, &unit, count * periods))
        .find(|end| *end > after)
        .expect("no history has so many periods")
}

fn shifted(anchor: i64, unit: &str, count: i64) -> i64 {
    let start = DateTime::from_timestamp(anchor, 0).expect("the clock stays within chrono's range");
    let count = u32::try_from(count).expect("a few thousand periods at most");
    let end = match unit {
        "day" => start.checked_add_days(Days::new(u64::from(count))),
        "week" => start.checked_add_days(Days::new(7 * u64::from(count))),
        "year" => start.checked_add_months(Months::new(12 * count)),
        _ => start.checked_add_months(Months::new(count)),
    };
    end.expect("the clock stays within chrono's range").timestamp()
}

#[cfg(test)]
mod tests {
    use super::end_after;
    use serde_json::json;

    #[test]
    fn months_keep_the_day_of_their_anchor() {
        let monthly = json!({"interval": "month", "interval_count": 1});
        let january_31 = 1_769_817_600;
        let february_28 = end_after(january_31, &monthly, january_31);
        assert_eq!(february_28, 1_772_236_800);
        let march_31 = end_after(january_31, &monthly, february_28);
        assert_eq!(march_31, 1_774_915_200);
    }
}
