//! What a token says, and how much of it is believed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{Organization, User, expired, not_valid};
use crate::{
    config::AdminClaim,
    error::{Error, Result},
};

/// How far the issuer's clock may be from ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// Longest user and organisation id in bytes (OpenID Connect Core, 2).
const LONGEST_ID: usize = 255;
/// Longest e-mail and name that is kept, in bytes.
const LONGEST_TEXT: usize = 320;
/// Claims that users write themselves: in Supabase's tokens, its hooks and Clerk's.
const WRITTEN_BY_USERS: [&str; 4] =
    ["user_metadata", "raw_user_meta_data", "unsafe_metadata", "unsafeMetadata"];

/// The claims of a token.
pub struct Claims(pub Map<String, Value>);

/// Whose ids these are: several issuers may use the same ones.
pub struct Namespace<'a> {
    /// Put before each id.
    pub alias: Option<String>,
    /// The aliases of all issuers; no id may look as if it had one.
    pub others: Vec<&'a str>,
}

impl Namespace<'_> {
    /// The id among all issuers' ids; None where it is not usable as one.
    fn qualify(&self, id: &str) -> Option<String> {
        if id.trim().is_empty() || id.len() > LONGEST_ID || id.contains(char::is_control) {
            return None;
        }
        let prefix = id.split_once('|').map(|(prefix, _)| prefix);
        match &self.alias {
            Some(alias) => Some(format!("{alias}|{id}")),
            None if prefix.is_some_and(|prefix| self.others.contains(&prefix)) => None,
            None => Some(id.to_owned()),
        }
    }
}

impl Claims {
    /// The issuer that is named.
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Whether the issuer is this one; a slash at the end may differ, as Auth0's does.
    pub fn is_from(&self, url: &str) -> bool {
        let bare = |url: &str| url.strip_suffix('/').unwrap_or(url).to_owned();
        self.issuer().is_some_and(|issuer| bare(issuer) == bare(url))
    }

    /// Whether this is Supabase's anon key, which every browser holds.
    pub fn is_anon_key(&self) -> bool {
        self.text("role") == Some("anon") && !self.0.contains_key("sub")
    }

    /// From when on the token is refused, provided that it is valid now.
    pub fn check_time(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let end = self.date("exp")?.and_then(|end| end.checked_add_signed(LEEWAY)).ok_or_else(not_valid)?;
        if now >= end {
            return Err(expired());
        }
        if self.date("nbf")?.is_some_and(|start| start - now > LEEWAY) {
            return Err(Error::unauthenticated("The token is not valid yet."));
        }
        Ok(end)
    }

    /// Whether the token is meant for us; without `accepted` any is.
    pub fn check_audience(&self, accepted: &[String]) -> Result<()> {
        let is_accepted = |value: &Value| accepted.iter().any(|name| Some(name.as_str()) == value.as_str());
        let meant = match self.0.get("aud") {
            Some(Value::Array(values)) => values.iter().any(is_accepted),
            Some(value) => is_accepted(value),
            None => false,
        };
        if meant || accepted.is_empty() { Ok(()) } else { Err(not_valid()) }
    }

    /// The person that the token names.
    pub fn user(&self, namespace: &Namespace<'_>, admin: Option<&AdminClaim>) -> Result<User> {
        // Supabase's service_role key is a master key that belongs nowhere near a client.
        if self.text("role") == Some("service_role") {
            return Err(not_valid());
        }
        let id = self.text("sub").and_then(|id| namespace.qualify(id)).ok_or_else(not_valid)?;
        let email = self.text("email").and_then(short);
        Ok(User {
            id,
            email_verified: email.is_some() && is_true(self.0.get("email_verified")),
            email,
            name: self.name(),
            organization: self.organization(namespace),
            admin: admin.is_some_and(|claim| self.holds(claim)),
        })
    }

    /// A name to show: here, what users write themselves is fine.
    fn name(&self) -> Option<String> {
        let written = self.0.get("user_metadata");
        let member = |name| written?.get(name)?.as_str();
        self.text("name").or_else(|| member("full_name")).or_else(|| member("name")).and_then(short)
    }

    /// Clerk's `org_id` (version 1) or `o` (version 2), Auth0's `org_id`.
    fn organization(&self, namespace: &Namespace<'_>) -> Option<Organization> {
        let nested = |name| self.0.get("o")?.get(name)?.as_str();
        let either = |flat: &str, short| self.text(flat).or_else(|| nested(short));
        let role = either("org_role", "rol").map(|role| role.strip_prefix("org:").unwrap_or(role));
        Some(Organization {
            id: namespace.qualify(either("org_id", "id")?)?,
            name: self.text("org_name").or_else(|| either("org_slug", "slg")).and_then(short),
            admin: matches!(role, Some("admin" | "owner")),
        })
    }

    /// Whether the admin claim is there with its value, alone or in a list.
    fn holds(&self, claim: &AdminClaim) -> bool {
        let Some((first, rest)) = claim.path.split_first() else { return false };
        if claim.path.iter().any(|name| WRITTEN_BY_USERS.contains(&name.as_str())) {
            return false;
        }
        let found = rest.iter().try_fold(self.0.get(first), |value, name| value.map(|value| value.get(name)));
        match found.flatten() {
            Some(Value::Array(values)) => values.iter().any(|value| has_text(value, &claim.value)),
            Some(value) => has_text(value, &claim.value),
            None => false,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A NumericDate (RFC 7519, 2), which may have a fraction.
    fn date(&self, name: &str) -> Result<Option<DateTime<Utc>>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().ok_or_else(not_valid)?;
        let since = Duration::try_from_secs_f64(seconds.max(0.0)).map_err(|_| not_valid())?;
        let since = TimeDelta::from_std(since).map_err(|_| not_valid())?;
        DateTime::UNIX_EPOCH.checked_add_signed(since).map(Some).ok_or_else(not_valid)
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| has_text(value, "true"))
}

fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Bool(_) | Value::Number(_) => value.to_string().as_str() == text,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Text that can be stored and shown.
fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let usable = !text.is_empty() && text.len() <= LONGEST_TEXT && !text.contains(char::is_control);
    usable.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
