//! From the body of a webhook to an event.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Error, Result},
    mirror::{
        inbox::Event,
        snapshot::{Snapshot, Source},
    },
};

/// A snapshot event: <https://docs.stripe.com/api/events/object>.
#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    r#type: String,
    created: i64,
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    livemode: bool,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
    #[serde(borrow, default)]
    previous_attributes: Option<&'a RawValue>,
}

/// Reads an event; what is not one is `INVALID`.
pub fn parse(body: &[u8]) -> Result<Event> {
    let not_an_event = || Error::invalid("The body is not a Stripe event.");
    let body = std::str::from_utf8(body).map_err(|error| not_an_event().because(error))?;
    let envelope: Envelope = serde_json::from_str(body).map_err(|error| not_an_event().because(error))?;
    let object: Value =
        serde_json::from_str(envelope.data.object.get()).map_err(|error| not_an_event().because(error))?;
    let created = DateTime::from_timestamp(envelope.created, 0).ok_or_else(not_an_event)?;
    let is_name = |text: &str| !text.is_empty() && text.len() <= 255 && !text.contains(char::is_control);
    if !object.is_object() || !is_name(&envelope.id) || !is_name(&envelope.r#type) {
        return Err(not_an_event());
    }
    let text =
        |name: &str| object.get(name).and_then(Value::as_str).filter(|text| is_name(text)).map(str::to_owned);
    let api_version = envelope.api_version.filter(|version| is_name(version));
    let (kind, version) = (envelope.r#type.as_str(), api_version.as_deref());
    let source = Source::of_event(&envelope.id, kind, envelope.created, version);
    Ok(Event {
        object: text("object"),
        object_id: text("id"),
        account: envelope.account.filter(|account| is_name(account)),
        created,
        api_version,
        livemode: envelope.livemode,
        previous_attributes: envelope.data.previous_attributes.map(|json| compact(json.get())),
        body: body.replace('\0', ""),
        snapshot: Snapshot::of(object, &compact(envelope.data.object.get()), source),
        id: envelope.id,
        r#type: envelope.r#type,
    })
}

/// The same JSON text without the white space between its tokens: Stripe indents its webhooks.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(quote) = rest.find('"') {
        let (between, string) = rest.split_at(quote);
        out.extend(between.split_ascii_whitespace());
        let end = string_length(string);
        out.push_str(&string[..end]);
        rest = &string[end..];
    }
    out.extend(rest.split_ascii_whitespace());
    out
}

/// The length of the JSON string at the start of a text, with both quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_an_event_is_refused() {
        for body in [
            "",
            "not json",
            "null",
            "[]",
            "{}",
            r#"{"id":"evt_1","type":"customer.created","created":1}"#,
            r#"{"id":"evt_1","type":"customer.created","created":1,"data":{}}"#,
            r#"{"id":"evt_1","type":"customer.created","created":1,"data":{"object":null}}"#,
            r#"{"id":"evt_1","created":1,"data":{"object":{}}}"#,
            r#"{"type":"customer.created","created":1,"data":{"object":{}}}"#,
            r#"{"id":"","type":"customer.created","created":1,"data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"a","created":99999999999999,"data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"a","created":1,"data":{"object":{"name":"\ud800"}}}"#,
        ] {
            let error = parse(body.as_bytes()).expect_err(body);
            assert_eq!(error.code, crate::error::Code::Invalid, "{body}");
        }
        assert!(parse(b"\xff\xfe").is_err());
    }

    proptest! {
        #[test]
        fn compacting_keeps_the_value(text in r#"([ \n\t]|\\.|"|[a-z{}:,\[\]0-9])*"#) {
            let value = serde_json::json!({ &text: [&text, 1.5, null, true], "nested": { "x": &text } });
            let pretty = serde_json::to_string_pretty(&value).expect("a value is JSON");
            let compacted = compact(&pretty);
            prop_assert_eq!(&compacted, &value.to_string());
        }
    }
}
