//! API versions, compared by their date.

/// A dated API version, such as `2025-03-31.basil`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    name: String,
    date: String,
}

/// The first version without `current_period_end` on subscriptions.
pub(crate) const BASIL: &str = "2025-03-31";
/// The first version with `invoice_payment.paid`.
pub(crate) const BASIL_PAYMENTS: &str = "2025-05-28";
/// The first version whose discounts name the coupon in `source`.
pub(crate) const CLOVER: &str = "2025-09-30";
/// The first version with `hosted_page`.
pub(crate) const DAHLIA: &str = "2026-03-25";
/// The first version without `payment_method_types` as a parameter.
pub(crate) const ENDIVE: &str = "2026-09-30";

impl Version {
    /// Reads a version; none if it does not start with a date.
    pub(crate) fn parse(name: &str) -> Option<Version> {
        let date = name.get(..10)?;
        let named = name.len() == 10 || name.as_bytes().get(10) == Some(&b'.');
        let shaped = date.split('-').map(str::len).eq([4, 2, 2]);
        let numeric = date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let version = Version { name: name.to_owned(), date: date.to_owned() };
        (named && shaped && numeric).then_some(version)
    }

    /// A version that callers of the library name; an unreadable one counts as the newest.
    pub(crate) fn named(name: &str) -> Version {
        Version::parse(name).unwrap_or(Version { name: name.to_owned(), date: "9999-12-31".to_owned() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is older than a version of this date.
    pub(crate) fn before(&self, date: &str) -> bool {
        self.date.as_str() < date
    }
}
