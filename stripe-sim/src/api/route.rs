//! The table of endpoints, and the call that an endpoint gets.

use serde_json::Value;

use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::resources;
use crate::state::State;
use crate::version::Version;

/// The parameters that every list takes (<https://docs.stripe.com/api/pagination>).
const PAGING: &[&str] = &["ending_before", "limit", "starting_after"];

/// What an endpoint does with a call.
pub(crate) type Run = fn(&mut State, &Call) -> Answer;

/// A request that has found its endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What the placeholders of the path stand for, in order.
    pub(crate) ids: Vec<String>,
    pub(crate) params: Params,
    pub(crate) version: Version,
    pub(crate) path: String,
}

impl Call {
    /// The id in the path.
    pub(crate) fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }

    /// A call that the simulation makes by itself.
    pub(crate) fn internal(state: &State, ids: &[&str], params: &Value) -> Call {
        Call {
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            params: Params::new(as_texts(params)),
            version: state.version.clone(),
            path: String::new(),
        }
    }
}

fn as_texts(params: &Value) -> Value {
    match params {
        Value::Number(_) | Value::Bool(_) => Value::String(params.to_string()),
        Value::Array(items) => items.iter().map(as_texts).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), as_texts(value))).collect())
        }
        _ => params.clone(),
    }
}

/// An endpoint: method, path with `{}` for ids, the parameters it knows, and what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    params: &'static [&'static str],
    paged: bool,
    run: Run,
}

impl Route {
    pub(crate) const fn get(path: &'static str, params: &'static [&'static str], run: Run) -> Route {
        Route { method: "GET", path, params, paged: false, run }
    }

    pub(crate) const fn list(path: &'static str, params: &'static [&'static str], run: Run) -> Route {
        Route { method: "GET", path, params, paged: true, run }
    }

    pub(crate) const fn post(path: &'static str, params: &'static [&'static str], run: Run) -> Route {
        Route { method: "POST", path, params, paged: false, run }
    }

    pub(crate) const fn delete(path: &'static str, params: &'static [&'static str], run: Run) -> Route {
        Route { method: "DELETE", path, params, paged: false, run }
    }

    fn matches(&self, method: &str, path: &str) -> Option<Vec<String>> {
        let (pattern, parts): (Vec<&str>, Vec<&str>) =
            (self.path.split('/').collect(), path.split('/').collect());
        let fits = pattern.len() == parts.len()
            && self.method == method
            && pattern.iter().zip(&parts).all(|(expected, part)| *expected == "{}" || expected == part);
        let ids = pattern.iter().zip(&parts).filter(|(expected, _)| **expected == "{}");
        fits.then(|| ids.map(|(_, part)| (*part).to_owned()).collect())
    }

    fn knows(&self, name: &str) -> bool {
        name == "expand" || self.params.contains(&name) || (self.paged && PAGING.contains(&name))
    }
}

/// Finds the endpoint of a request, refuses parameters that it does not know, and runs it.
pub(crate) fn run(state: &mut State, method: &str, mut call: Call) -> Answer<(Value, Call)> {
    let found = resources::ROUTES
        .iter()
        .flat_map(|routes| routes.iter())
        .find_map(|route| route.matches(method, &call.path).map(|ids| (route, ids)));
    let Some((route, ids)) = found else { return Err(unrecognized(method, &call.path)) };
    if let Some(unknown) = call.params.names().find(|name| !route.knows(name)) {
        return Err(ApiError::unknown(unknown));
    }
    call.ids = ids;
    let value = (route.run)(state, &call)?;
    Ok((value, call))
}

fn unrecognized(method: &str, path: &str) -> ApiError {
    ApiError::invalid(format!(
        "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
    ))
    .status(404)
}
