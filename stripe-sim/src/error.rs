//! Errors as Stripe answers them.

use serde_json::{Value, json};

/// A refused request (<https://docs.stripe.com/api/errors>).
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
    /// Whether the request was refused before its endpoint began to execute, so that no answer is kept.
    pub(crate) unexecuted: bool,
}

/// What an operation gives, or the error that the caller gets.
pub(crate) type Answer<T = Value> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            param: None,
            message: message.into(),
            unexecuted: true,
        }
    }

    /// A parameter that the endpoint needs is absent.
    pub(crate) fn missing(param: &str) -> ApiError {
        ApiError::invalid(format!("Missing required param: {param}.")).code("parameter_missing").param(param)
    }

    /// A parameter that the endpoint does not know.
    pub(crate) fn unknown(param: &str) -> ApiError {
        ApiError::invalid(format!("Received unknown parameter: {param}"))
            .code("parameter_unknown")
            .param(param)
    }

    /// An object that a parameter names does not exist.
    pub(crate) fn no_such(object: &str, id: &str, param: &str) -> ApiError {
        let name = object.replace(['_', '.'], " ");
        ApiError::invalid(format!("No such {name}: '{id}'")).code("resource_missing").param(param)
    }

    /// The object that the path names does not exist.
    pub(crate) fn not_found(object: &str, id: &str) -> ApiError {
        ApiError::no_such(object, id, "id").status(404)
    }

    /// An account that the key cannot act for, whether or not it exists.
    pub(crate) fn no_access(account: &str) -> ApiError {
        ApiError::invalid(format!(
            "The provided key does not have access to account '{account}' (or that account does not exist). Application access may have been revoked."
        ))
        .status(403)
        .code("account_invalid")
    }

    /// The key lacks a permission (<https://docs.stripe.com/keys#limit-access>).
    pub(crate) fn forbidden(method: &str, path: &str) -> ApiError {
        let resource = path.split('/').find(|part| !part.is_empty() && *part != "v1").unwrap_or_default();
        let resource = resource.strip_suffix('s').unwrap_or(resource);
        let access = if method == "GET" { "read" } else { "write" };
        ApiError::invalid(format!(
            "The provided key 'rk_test_*******************sim' does not have the required permissions for this endpoint on account 'acct_sim'. Having the 'rak_{resource}_{access}' permission would allow this request to continue."
        ))
        .code("more_permissions_required_for_application")
        .status(403)
    }

    /// A card was refused by its issuer.
    pub(crate) fn declined() -> ApiError {
        let mut error = ApiError::invalid("Your card was declined.").status(402).code("card_declined");
        error.kind = "card_error";
        error.executed()
    }

    pub(crate) fn status(mut self, status: u16) -> ApiError {
        self.status = status;
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> ApiError {
        self.code = Some(code);
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> ApiError {
        self.kind = kind;
        self
    }

    pub(crate) fn param(mut self, param: impl Into<String>) -> ApiError {
        self.param = Some(param.into());
        self
    }

    /// The same error, met while the endpoint executed.
    pub(crate) fn executed(mut self) -> ApiError {
        self.unexecuted = false;
        self
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"message": self.message, "type": self.kind});
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] =
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({ "error": error })
    }
}
