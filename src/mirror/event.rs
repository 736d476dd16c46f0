//! From the body of a webhook, or from one that the inbox kept, to an event.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::DateTime;
use entity::json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    column::{MOMENTS, without_nul},
    inbox::Event,
    snapshot::{Snapshot, Source},
};
use crate::error::{Error, Result};

mod thin;

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

/// Reads an event, be it a snapshot event or a thin one; what is neither is `INVALID`.
pub fn parse(body: &Bytes) -> Result<Event> {
    let not_an_event = || Error::invalid("The body is not a Stripe event.");
    let text = std::str::from_utf8(body).map_err(|error| not_an_event().because(error))?;
    let text = compact(text);
    let envelope: Envelope = match serde_json::from_str(&text) {
        Ok(envelope) => envelope,
        // A thin event has no `data`.
        Err(error) => return thin::parse(&text, body).ok_or_else(|| not_an_event().because(error)),
    };
    let not_json = |error: serde_json::Error| not_an_event().because(error);
    let sent = stored(envelope.data.object).map_err(not_json)?;
    let object = json::read(&sent).map_err(not_json)?;
    let previous = envelope.data.previous_attributes.map(stored).transpose().map_err(not_json)?;
    let before = previous.as_deref().map(json::read).transpose().map_err(not_json)?;
    let created = DateTime::from_timestamp(envelope.created, 0).ok_or_else(not_an_event)?;
    if !MOMENTS.contains(&envelope.created) {
        return Err(not_an_event());
    }
    if object.as_object().is_none() || !is_name(&envelope.id) || !is_name(&envelope.r#type) {
        return Err(not_an_event());
    }
    let text = |name: &str| {
        object.get(name).and_then(json::Value::as_str).filter(|text| is_name(text)).map(str::to_owned)
    };
    let (object_type, id) = (text("object"), text("id"));
    let api_version = envelope.api_version.filter(|version| is_name(version));
    let account = envelope.account.filter(|account| is_name(account));
    let (kind, version) = (envelope.r#type.as_str(), api_version.as_deref());
    let source = Source::of_event(&envelope.id, kind, envelope.created, version)
        .of_account(account.as_deref().unwrap_or_default());
    let before = before.as_ref().and_then(json::Value::as_object);
    let snapshot = Snapshot::of_change(object, sent.clone().into_owned(), source, before);
    Ok(Event {
        object: object_type,
        object_id: snapshot.as_ref().map(|snapshot| snapshot.id.clone()).or(id),
        account,
        created,
        api_version,
        livemode: envelope.livemode,
        previous_attributes: previous.map(Cow::into_owned),
        body: body.clone(),
        snapshot,
        thin: None,
        id: envelope.id,
        r#type: envelope.r#type,
    })
}

/// Whether this can be one of Stripe's ids and names.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.contains(char::is_control)
}

/// A part of the body as it is stored.
fn stored(json: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    // PostgreSQL stores an escaped NUL, and fails when somebody reads it.
    if json.get().contains(r"\u0000") {
        return Ok(without_nul(serde_json::from_str(json.get())?).to_string().into());
    }
    Ok(json.get().into())
}

/// The same JSON text without the white space around its punctuation: Stripe indents its webhooks.
///
/// What is no JSON does not become JSON by it.
fn compact(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let (mut place, mut copied) = (0, 0);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'"' => place += string_length(&bytes[place..]),
            byte if is_space(*byte) => {
                out.push_str(&json[copied..place]);
                place += bytes[place..].iter().take_while(|byte| is_space(**byte)).count();
                copied = place;
                if is_bare(out.bytes().last()) && is_bare(bytes.get(place).copied()) {
                    out.push(' ');
                }
            }
            _ => place += 1,
        }
    }
    out.push_str(&json[copied..]);
    out
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Whether a byte is part of a number or a name, which white space ends.
fn is_bare(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| !matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"'))
}

/// The length of the JSON string at the start of a text, with both quotes.
fn string_length(text: &[u8]) -> usize {
    let mut place = 1;
    loop {
        match text.get(place) {
            None => return text.len(),
            Some(b'"') => return place + 1,
            // Whatever is escaped, a quote does not end the string by it.
            Some(b'\\') => place += 2,
            Some(_) => place += 1,
        }
    }
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
            r#"{"id":"evt_1","type":"a","created":253402300800,"data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"a","created":-62135596801,"data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"a","created":1,"data":{"object":{"name":"\ud800"}}}"#,
            r#"{"id":"evt_1","type":"a","created":1 2,"data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"a","created":1,"livemode":tr ue,"data":{"object":{}}}"#,
        ] {
            let error = parse(&Bytes::from_static(body.as_bytes())).expect_err(body);
            assert_eq!(error.code, crate::error::Code::Invalid, "{body}");
        }
        assert!(parse(&Bytes::from_static(b"\xff\xfe")).is_err());
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
