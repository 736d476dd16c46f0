//! What a request asks for, as it is written in a body or in a URL.

use async_graphql::{Request, Value as GraphqlValue, Variables};
use axum::{extract::Query, http::Uri};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    graphql::documents::DOCUMENT_ID,
};

/// The parameters of an operation; other members are passed over, as the specification asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    extensions: Option<Map<String, Value>>,
}

/// The same in a URL, where what is an object is JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlParameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// The operations of a body.
pub enum Operations {
    One(Box<Request>),
    /// A list of them, each with its answer.
    Batch(Vec<Request>),
}

/// The operation of a URL.
pub fn of_url(uri: &Uri) -> Result<Request> {
    let Ok(Query(url)) = Query::<UrlParameters>::try_from_uri(uri) else {
        return Err(Error::invalid("A parameter of the URL is there twice, or is not text."));
    };
    let parameters = Parameters {
        query: url.query,
        document_id: url.document_id,
        operation_name: url.operation_name.filter(|name| !name.is_empty()),
        variables: object("variables", url.variables)?,
        extensions: object("extensions", url.extensions)?,
    };
    parameters.request()
}

/// An object that a URL has as text.
fn object(name: &str, text: Option<String>) -> Result<Option<Map<String, Value>>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = serde_json::from_str(&text);
    parsed.map_err(|error| Error::invalid(format!("`{name}` is not a JSON object.")).because(error))
}

/// The operations of a body, of which there may be so many.
pub fn of_body(body: &[u8], most: u64) -> Result<Operations> {
    let malformed = |error| Error::invalid("The body is not a GraphQL request.").because(error);
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    if !is_list {
        let parameters: Parameters = serde_json::from_slice(body).map_err(malformed)?;
        return Ok(Operations::One(Box::new(parameters.request()?)));
    }
    if most <= 1 {
        return Err(Error::invalid("A list of operations is not accepted here: send each by itself."));
    }
    let list: Vec<Parameters> = serde_json::from_slice(body).map_err(malformed)?;
    if list.is_empty() || list.len() as u64 > most {
        return Err(Error::invalid(format!("A list has from 1 to {most} operations.")));
    }
    list.into_iter().map(Parameters::request).collect::<Result<_>>().map(Operations::Batch)
}

impl Parameters {
    fn request(self) -> Result<Request> {
        let mut request = Request::new(self.query.unwrap_or_default());
        request.operation_name = self.operation_name;
        request.variables = Variables::from_json(Value::Object(self.variables.unwrap_or_default()));
        for (name, value) in self.extensions.unwrap_or_default() {
            let value = GraphqlValue::from_json(value);
            let value =
                value.map_err(|error| Error::invalid("`extensions` cannot be read.").because(error))?;
            request.extensions.insert(name, value);
        }
        if let Some(id) = self.document_id {
            request.extensions.insert(DOCUMENT_ID.to_owned(), GraphqlValue::String(id));
        }
        Ok(request)
    }
}
