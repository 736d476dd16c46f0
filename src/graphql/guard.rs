//! An operation ends: in time, and also where its resolvers panic.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Response, ServerResult, Variables,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery},
    parser::types::{ExecutableDocument, OperationType},
};
use futures_util::FutureExt;

use crate::{error::Error, stripe::RetryPolicy};

/// How long an operation, or one answer of a subscription, may take.
#[derive(Clone, Copy)]
pub struct Guard(pub Duration);

impl ExtensionFactory for Guard {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Watch { timeout: self.0, mutates: AtomicBool::new(false) })
    }
}

/// What is known of one request.
struct Watch {
    timeout: Duration,
    mutates: AtomicBool,
}

#[async_trait]
impl Extension for Watch {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let mutates =
            document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation);
        self.mutates.store(mutates, Ordering::Relaxed);
        Ok(document)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut timeout = self.timeout;
        if self.mutates.load(Ordering::Relaxed) {
            // It is not to be left between Stripe and the mirror.
            timeout += RetryPolicy::default().deadline;
        }
        // What an operation shares with others is either locked for no await, or safe to leave at any.
        let execution = AssertUnwindSafe(next.run(ctx, operation_name)).catch_unwind();
        let error = match tokio::time::timeout(timeout, execution).await {
            Ok(Ok(response)) => return response,
            // What it said is on the standard error output already.
            Ok(Err(_panic)) => Error::internal("a resolver panicked"),
            Err(_elapsed) => {
                let seconds = timeout.as_secs();
                Error::unavailable(format!(
                    "The operation took longer than {seconds} s. Ask for less, or later."
                ))
            }
        };
        Response::from_errors(vec![error.into()])
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
    use serde_json::{Value, json};

    use super::*;
    use crate::graphql::{http::to_json, mask::Mask};

    struct Query;

    #[Object]
    impl Query {
        async fn panics(&self, #[graphql(default = 0)] divisor: i32) -> Option<i32> {
            Some(1 / divisor)
        }

        async fn lasts(&self) -> Option<i32> {
            std::future::pending().await
        }

        async fn answers(&self) -> i32 {
            1
        }
    }

    #[tokio::test]
    async fn a_panic_and_endless_work_are_an_error_each_and_the_server_lives() {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .extension(Mask)
            .extension(Guard(Duration::from_millis(1)))
            .finish();
        for (query, code) in [
            ("{ panics }", "INTERNAL"),
            ("{ answers panics lasts }", "INTERNAL"),
            ("{ lasts answers }", "UNAVAILABLE"),
        ] {
            let answer = to_json(&schema.execute(query).await);
            let told: Value = serde_json::from_str(&answer).expect("it is JSON");
            let errors = told["errors"].as_array().map_or(&[][..], Vec::as_slice);
            assert_eq!(errors.len(), 1, "{query}: {answer}");
            assert_eq!(errors[0]["extensions"], json!({ "code": code }), "{query}: {answer}");
            assert!(!answer.contains("divide"), "{answer}");
        }
        assert_eq!(to_json(&schema.execute("{ answers }").await), r#"{"data":{"answers":1}}"#);
    }
}
