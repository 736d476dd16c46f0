//! From the body of a thin event to an event: <https://docs.stripe.com/api/v2/core/events/object>.

use bytes::Bytes;
use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;

use super::is_name;
use crate::mirror::{inbox::Event, thin::Thin};

/// The longest path of an object that is stored, in bytes.
const LONGEST_PATH: usize = 1024;

#[derive(Deserialize)]
struct Envelope {
    id: String,
    object: String,
    r#type: String,
    created: String,
    #[serde(default)]
    livemode: bool,
    #[serde(default)]
    related_object: Option<RelatedObject>,
    #[serde(default)]
    snapshot_event: Option<String>,
    /// Whose event it is: `acct_…` of a connected account, after its organization's id and a slash where it has one.
    #[serde(default)]
    context: Option<String>,
}

#[derive(Deserialize)]
struct RelatedObject {
    /// Absent of what there is one of, such as the balance.
    #[serde(default)]
    id: Option<String>,
    r#type: String,
    url: String,
}

/// Reads a thin event; `None` where the body is none.
pub fn parse(text: &str, body: &Bytes) -> Option<Event> {
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    let created = DateTime::parse_from_rfc3339(&envelope.created).ok()?.with_timezone(&Utc);
    if envelope.object != "v2.core.event" || !is_name(&envelope.id) || !is_name(&envelope.r#type) {
        return None;
    }
    if envelope.related_object.as_ref().is_some_and(|related| !related.is_plain()) {
        return None;
    }
    let account = envelope.context.as_deref().and_then(|context| context.rsplit('/').next());
    let account = account.filter(|account| account.starts_with("acct_") && is_name(account));
    let related = envelope.related_object;
    let path = related.as_ref().filter(|related| related.id.is_some());
    let thin = Thin {
        snapshot_event: envelope.snapshot_event.filter(|event| is_name(event)),
        path: path.map(|related| related.url.clone()),
    };
    let (object, object_id) = related.map(|related| (related.r#type, related.id)).unzip();
    let object_id = object_id.flatten();
    Some(Event {
        id: envelope.id,
        r#type: envelope.r#type,
        object,
        object_id,
        account: account.map(str::to_owned),
        // The inbox has whole seconds, as snapshot events have.
        created: created.trunc_subsecs(0),
        api_version: None,
        livemode: envelope.livemode,
        previous_attributes: None,
        body: body.clone(),
        snapshot: None,
        thin: Some(thin),
    })
}

impl RelatedObject {
    /// Whether its path can be asked for: it leads to Stripe's API, and to nothing else.
    fn is_plain(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte);
        let below = ["/v1/", "/v2/"].iter().find_map(|base| self.url.strip_prefix(base));
        self.id.as_deref().is_none_or(is_name)
            && is_name(&self.r#type)
            && self.url.len() <= LONGEST_PATH
            && self.url.bytes().all(plain)
            && below
                .is_some_and(|path| path.split('/').all(|part| !part.is_empty() && !part.starts_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(change: impl FnOnce(&mut Value)) -> Option<Event> {
        let mut event = json!({
            "id": "evt_1", "object": "v2.core.event", "type": "v1.customer.updated", "livemode": true,
            "created": "2026-10-28T12:00:00.750Z", "context": null, "snapshot_event": "evt_2",
            "related_object": { "id": "cus_1", "type": "customer", "url": "/v1/customers/cus_1" },
        });
        change(&mut event);
        parse(&event.to_string(), &Bytes::from(event.to_string()))
    }

    #[test]
    fn what_is_no_thin_event_is_refused() {
        for (pointer, value) in [
            ("/id", json!("")),
            ("/id", json!(7)),
            ("/object", json!("event")),
            ("/object", Value::Null),
            ("/type", json!("")),
            ("/created", json!(1_790_000_000)),
            ("/created", json!("yesterday")),
            ("/created", json!("+99999-01-01T00:00:00Z")),
            ("/related_object", json!("cus_1")),
            ("/related_object", json!({ "id": "cus_1", "type": "customer" })),
            ("/related_object/id", json!("")),
            ("/related_object/type", json!("a\nb")),
        ] {
            let refused = event(|event| *event.pointer_mut(pointer).expect("it is there") = value.clone());
            assert!(refused.is_none(), "{pointer} {value}");
        }
    }

    #[test]
    fn a_path_leads_to_stripes_api_alone() {
        let long = format!("/v1/{}", "a".repeat(LONGEST_PATH));
        for url in [
            "",
            "/v1/",
            "/v1",
            "/v3/customers/cus_1",
            "v1/customers/cus_1",
            "https://api.stripe.com/v1/customers/cus_1",
            "//evil.example/v1/customers",
            "/v1/../account",
            "/v1/customers/..",
            "/v1/customers//cus_1",
            "/v1/customers/cus_1?expand[]=x",
            "/v1/customers/cus_1#x",
            "/v1/customers/%2e%2e",
            "/v1/customers/cus 1",
            "/v1/customers/cus_1\r\nHost: evil.example",
            "/v1/customers/cus_é",
            "/v1/customers@evil.example",
            "/v1/customers\\cus_1",
            &long,
        ] {
            assert!(event(|event| event["related_object"]["url"] = url.into()).is_none(), "{url}");
        }
        for url in ["/v1/customers/cus_1", "/v2/core/accounts/acct_1", "/v1/plans/gold-1.0"] {
            assert!(event(|event| event["related_object"]["url"] = url.into()).is_some(), "{url}");
        }
    }

    #[test]
    fn what_it_says_is_read() {
        let read = event(|_| {}).expect("it is one");
        assert_eq!((read.id.as_str(), read.r#type.as_str()), ("evt_1", "v1.customer.updated"));
        assert_eq!((read.object.as_deref(), read.object_id.as_deref()), (Some("customer"), Some("cus_1")));
        assert_eq!(read.created.to_rfc3339(), "2026-10-28T12:00:00+00:00");
        assert_eq!((read.account, read.livemode), (None, true));
        let path = Some("/v1/customers/cus_1".to_owned());
        assert_eq!(read.thin, Some(Thin { snapshot_event: Some("evt_2".to_owned()), path }));
    }

    #[test]
    fn the_context_names_a_connected_account() {
        for (context, account) in [
            (json!(null), None),
            (json!("org_1"), None),
            (json!("acct_1"), Some("acct_1")),
            (json!("org_1/acct_1"), Some("acct_1")),
        ] {
            let read = event(|event| event["context"] = context.clone()).expect("it is one");
            assert_eq!(read.account.as_deref(), account, "{context}");
        }
    }
}
