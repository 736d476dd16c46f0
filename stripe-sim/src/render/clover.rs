//! From dahlia back to clover.

use serde_json::{Map, Value};

/// The old and the new names of the UI modes (changelog `updates-available-checkout-session-ui-modes`).
pub(crate) const UI_MODES: &[(&str, &str)] =
    &[("hosted", "hosted_page"), ("embedded", "embedded_page"), ("custom", "elements")];

/// UI modes had other names.
pub(super) fn checkout_session(session: &mut Map<String, Value>) {
    let mode = session.get("ui_mode").and_then(Value::as_str).unwrap_or_default();
    let old = UI_MODES.iter().find(|(_, new)| *new == mode).map(|(old, _)| Value::from(*old));
    if let Some(old) = old {
        session.insert("ui_mode".to_owned(), old);
    }
}
