//! Documents that clients name and do not send: trusted ones, which the operator lists, and those that were sent before
//! (automatic persisted queries).
//!
//! <https://graphql.github.io/graphql-over-http/draft/#sec-Persisted-Documents>

use std::{
    any::{Any, TypeId},
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::{
    Data, Executor, Request, Response, Value,
    async_trait::async_trait,
    futures_util::{future, stream::BoxStream},
};
use futures_util::{StreamExt, stream};

use super::{loaders, mask::identify};
use crate::{
    app::{App, RequestId},
    auth::Viewer,
    config::{TrustedDocuments, sha256},
    error::{Error, Result},
};

/// The member of `extensions` that names a document where a request has no member for it, as on a socket.
pub const DOCUMENT_ID: &str = "documentId";

/// The member of `extensions` that has the hash of a document that may have been sent before.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// How many documents that were sent are remembered, and how long these may be, in bytes.
const MOST_SENT: usize = 1000;
const LONGEST_SENT: usize = 16 << 10;

/// The documents that may be named; clones are the same.
#[derive(Clone)]
pub struct Documents {
    trusted: TrustedDocuments,
    sent: Arc<Mutex<Sent>>,
}

/// Documents that were sent, and the order in which they are forgotten.
#[derive(Default)]
struct Sent {
    by_id: HashMap<String, Arc<str>>,
    oldest_first: VecDeque<String>,
}

/// How a request names its document.
enum Name {
    DocumentId(String),
    /// By its hash, so that it can be sent where it is not known.
    Persisted(String),
}

impl Documents {
    /// Knows what is trusted, and nothing that was sent.
    pub fn new(trusted: TrustedDocuments) -> Self {
        Self { trusted, sent: Arc::default() }
    }

    /// The request with its document, where the viewer may execute that.
    pub fn complete(&self, mut request: Request, viewer: &Viewer) -> Result<Request> {
        let trusted_only = self.trusted.are_all_for(viewer.kind());
        let name = name(&mut request)?;
        if !request.query.is_empty() {
            if trusted_only {
                return Err(Error::forbidden("Only trusted documents are executed: send a `documentId`."));
            }
            match name {
                None => {}
                Some(Name::DocumentId(_)) => {
                    return Err(Error::invalid("A request has a `documentId` or a `query`, not both."));
                }
                Some(Name::Persisted(id)) if id == sha256(&request.query) => {
                    self.remember(id, &request.query);
                }
                Some(Name::Persisted(_)) => {
                    return Err(Error::invalid("`sha256Hash` is not the hash of the `query`."));
                }
            }
            return Ok(request);
        }
        let (id, missing) = match name {
            None => return Err(Error::invalid("The request has no `query`.")),
            Some(Name::DocumentId(id)) => {
                (id, Error::invalid("There is no document with this `documentId`."))
            }
            Some(Name::Persisted(id)) => (id, Error::unknown_hash()),
        };
        let known = self.trusted.find(&id).cloned();
        let known = known.or_else(|| if trusted_only { None } else { self.sent().by_id.get(&id).cloned() });
        request.query = known.ok_or(missing)?.to_string();
        Ok(request)
    }

    fn remember(&self, id: String, text: &str) {
        let mut sent = self.sent();
        if text.len() > LONGEST_SENT || sent.by_id.contains_key(&id) {
            return;
        }
        if sent.oldest_first.len() >= MOST_SENT
            && let Some(oldest) = sent.oldest_first.pop_front()
        {
            sent.by_id.remove(&oldest);
        }
        sent.oldest_first.push_back(id.clone());
        sent.by_id.insert(id, text.into());
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the request names its document, which it then no longer does.
fn name(request: &mut Request) -> Result<Option<Name>> {
    match (request.extensions.remove(DOCUMENT_ID), request.extensions.remove(PERSISTED_QUERY)) {
        (None, None) => Ok(None),
        (Some(Value::String(id)), None) => Ok(Some(Name::DocumentId(id))),
        (None, Some(Value::Object(persisted))) => match persisted.get("sha256Hash") {
            Some(Value::String(hash)) => Ok(Some(Name::Persisted(format!("sha256:{}", hash.to_lowercase())))),
            _ => Err(Error::invalid("`persistedQuery` has no `sha256Hash`.")),
        },
        _ => Err(Error::invalid("A document is named by a text: its `documentId`, or its `sha256Hash`.")),
    }
}

/// The schema for a socket: each operation may name its document, and is completed for whom the socket is, with loaders
/// of its own.
#[derive(Clone)]
pub struct Named(pub App);

impl Named {
    async fn complete(&self, request: Request, session: &Data) -> Result<Request, Box<Response>> {
        let nobody = Viewer::anonymous();
        let viewer = found::<Viewer>(session).unwrap_or(&nobody);
        self.prepare(request, viewer).await.map_err(|error| {
            let mut error = error.into();
            if let Some(id) = found::<RequestId>(session) {
                identify(&mut error, id);
            }
            Box::new(Response::from_errors(vec![error]))
        })
    }

    async fn prepare(&self, request: Request, viewer: &Viewer) -> Result<Request> {
        let mut request = self.0.documents.complete(request, viewer)?;
        request.data.insert(loaders(&self.0, viewer).await?);
        Ok(request)
    }
}

/// What a socket carries, of a type.
fn found<T: Any>(session: &Data) -> Option<&T> {
    session.get(&TypeId::of::<T>())?.downcast_ref()
}

#[async_trait]
impl Executor for Named {
    async fn execute(&self, request: Request) -> Response {
        match self.complete(request, &Data::default()).await {
            Ok(request) => self.0.schema.execute(request).await,
            Err(refused) => *refused,
        }
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let (named, session) = (self.clone(), session.unwrap_or_default());
        let answers = async move {
            match named.complete(request, &session).await {
                Ok(request) => named.0.schema.execute_stream(request, Some(session)),
                Err(refused) => stream::once(future::ready(*refused)).boxed(),
            }
        };
        stream::once(answers).flatten().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(documents: &Documents, query: &str, hash: &str) -> Option<String> {
        let mut request = Request::new(query);
        let persisted = async_graphql::value!({ "version": 1, "sha256Hash": hash });
        request.extensions.insert(PERSISTED_QUERY.to_owned(), persisted);
        documents.complete(request, &Viewer::anonymous()).ok().map(|request| request.query)
    }

    #[test]
    fn what_was_sent_is_remembered_within_bounds() {
        let documents = Documents::new(TrustedDocuments::default());
        let hash = |text: &str| sha256(text).trim_start_matches("sha256:").to_owned();
        let text = |number: usize| format!("{{ a{number}: __typename }}");
        for number in 0..=MOST_SENT {
            assert_eq!(asked(&documents, "", &hash(&text(number))), None);
            assert_eq!(asked(&documents, &text(number), &hash(&text(number))), Some(text(number)));
        }
        assert_eq!(documents.sent().by_id.len(), MOST_SENT);
        assert_eq!(asked(&documents, "", &hash(&text(0))), None, "the oldest is forgotten");
        assert_eq!(asked(&documents, "", &hash(&text(1))), Some(text(1)));
        let long = format!("{{ __typename }} #{}", "x".repeat(LONGEST_SENT));
        assert_eq!(asked(&documents, &long, &hash(&long)), Some(long.clone()));
        assert_eq!(asked(&documents, "", &hash(&long)), None);
        assert_eq!(asked(&documents, &text(1), &hash(&text(2))), None, "another document's hash");
        assert_eq!(asked(&documents, "", "no hash"), None);
    }
}
