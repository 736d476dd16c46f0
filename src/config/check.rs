//! Reading one value each, and telling what is wrong with it.

use std::{collections::BTreeSet, net::SocketAddr, ops::RangeInclusive, time::Duration};

use chrono::TimeDelta;
use url::{Host, Url};

use super::{AdminClaim, Issuer};

/// The shortest time that events are kept: Stripe delivers one again for three days, and it must be known by then.
const SHORTEST_RETENTION: TimeDelta = TimeDelta::days(4);

/// What was refused so far, a line each.
#[derive(Default)]
pub struct Check {
    pub refused: Vec<String>,
}

impl Check {
    /// Notes a value that is not accepted, with what it should be.
    pub fn refuse(&mut self, name: &str, held: &str, expected: &str) {
        self.refused.push(format!("{name} is `{held}`; it should be {expected}."));
    }

    /// An address and a port.
    pub fn address(&mut self, name: &str, text: &str) -> SocketAddr {
        text.replace("localhost:", "127.0.0.1:").parse().unwrap_or_else(|_| {
            self.refuse(name, text, "an address and a port, such as `127.0.0.1:8080`");
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    /// An http or https URL, without a slash at the end.
    pub fn base_url(&mut self, name: &str, text: &str) -> String {
        let plain = |url: &Url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        };
        if !Url::parse(text).is_ok_and(|url| plain(&url)) {
            self.refuse(name, text, "an http or https URL without a query");
        }
        text.trim_end_matches('/').to_owned()
    }

    /// Days, up to Stripe's limit on trials.
    pub fn max_trial_days(&mut self, text: &str) -> i32 {
        text.parse().ok().filter(|days| (0..=730).contains(days)).unwrap_or_else(|| {
            self.refuse("BILLGRAPH_MAX_TRIAL_DAYS", text, "days, from 0 to 730, which is Stripe's limit");
            0
        })
    }

    /// How long events are kept; none: for ever.
    pub fn event_retention(&mut self, text: &str) -> Option<TimeDelta> {
        if text == "off" {
            return None;
        }
        let kept = duration(text).filter(|kept| *kept >= SHORTEST_RETENTION);
        if kept.is_none() {
            let expected = "at least 4 days, such as `90d` or `96h`, since Stripe delivers an event again for three \
                            days, or `off`";
            self.refuse("BILLGRAPH_EVENT_RETENTION", text, expected);
        }
        kept
    }

    /// How often something is done; none: never.
    pub fn interval(
        &mut self,
        name: &str,
        text: &str,
        within: RangeInclusive<TimeDelta>,
        expected: &str,
    ) -> Option<Duration> {
        if text == "off" {
            return None;
        }
        let interval = duration(text).filter(|interval| within.contains(interval));
        if interval.is_none() {
            self.refuse(name, text, expected);
        }
        interval?.to_std().ok()
    }

    /// A list of web origins.
    pub fn origins(&mut self, name: &str, text: Option<&String>) -> BTreeSet<String> {
        let mut origins = BTreeSet::new();
        for text in list(text) {
            match Url::parse(text).map(|url| url.origin()) {
                Ok(origin)
                    if origin.is_tuple() && origin.ascii_serialization() == text.trim_end_matches('/') =>
                {
                    origins.insert(origin.ascii_serialization());
                }
                _ => self.refuse(name, text, "origins such as `https://app.example.com`, comma-separated"),
            }
        }
        origins
    }

    /// An issuer, with its alias if it has one.
    pub fn issuer(&mut self, text: &str) -> Option<Issuer> {
        let (alias, url) = match text.split_once('=') {
            Some((alias, url)) if !alias.contains([':', '/']) => (Some(alias.to_owned()), url),
            _ => (None, text),
        };
        let safe = Url::parse(url).is_ok_and(|url| match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        });
        let named = alias.as_deref().is_none_or(|alias| !alias.is_empty() && !alias.contains('|'));
        if safe && named {
            return Some(Issuer { alias, url: url.to_owned() });
        }
        let expected = "issuers as `https://…` or `alias=https://…`, comma-separated (http on loopback only)";
        self.refuse("BILLGRAPH_ISSUERS", text, expected);
        None
    }

    /// A claim that users cannot write themselves, and its value.
    pub fn admin_claim(&mut self, text: &str) -> Option<AdminClaim> {
        let claim = text.rsplit_once('=').map(|(path, value)| AdminClaim {
            // A claim that is named by a URL (Auth0's custom claims) has dots of its own.
            path: if path.contains("://") {
                vec![path.to_owned()]
            } else {
                path.split('.').map(str::to_owned).collect()
            },
            value: value.to_owned(),
        });
        let usable = claim.filter(|claim| {
            !claim.value.is_empty()
                && claim.path.iter().all(|name| !name.is_empty())
                && claim.path.first().is_some_and(|name| name != "user_metadata")
        });
        if usable.is_none() {
            let expected = "`path=value` outside `user_metadata`, which users can edit themselves";
            self.refuse("BILLGRAPH_ADMIN_CLAIM", text, expected);
        }
        usable
    }
}

/// A value that was given and is not blank.
pub fn text(value: Option<&String>) -> Option<&str> {
    value.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The parts of a comma-separated value.
pub fn list(value: Option<&String>) -> impl Iterator<Item = &str> {
    value.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty())
}

/// A number of days, hours, minutes or seconds.
fn duration(text: &str) -> Option<TimeDelta> {
    let units = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
    let of_unit = |(unit, seconds): (char, i64)| Some((text.strip_suffix(unit)?, seconds));
    let (number, seconds) = units.into_iter().find_map(of_unit)?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<i64>().ok().filter(|_| plain)?.checked_mul(seconds)?;
    // More than a century is a mistake.
    TimeDelta::try_seconds(seconds).filter(|length| *length <= TimeDelta::days(36_500))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What may be shown of a secret: how it begins, where that tells its kind, and how long it is.
pub fn mask(secret: &str) -> String {
    let kind = ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_", "whsec_", "sqlite:", "postgres://"]
        .iter()
        .find(|prefix| secret.starts_with(**prefix));
    format!("{}… ({} bytes)", kind.unwrap_or(&""), secret.len())
}
