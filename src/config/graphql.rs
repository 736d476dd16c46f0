//! Settings of the API: how much a request may ask for, and who may ask what.

use std::time::Duration;

use super::{check::Check, documents::TrustedDocuments};

/// The settings of the API as they were written.
#[derive(Clone, Debug, clap::Args)]
pub struct GraphqlSettings {
    /// How large a request may be, in bytes.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "262144")]
    pub billgraph_limit_body: String,
    /// How many lexical tokens a document may have.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "2000")]
    pub billgraph_limit_tokens: String,
    /// How deep a document may be nested; introspection has a limit of its own.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "12")]
    pub billgraph_limit_depth: String,
    /// How many aliases an operation may have, after its fragments are expanded.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "30")]
    pub billgraph_limit_aliases: String,
    /// How many fields an operation may select at its root.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "10")]
    pub billgraph_limit_root_fields: String,
    /// How many directives an operation may have, after its fragments are expanded.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "50")]
    pub billgraph_limit_directives: String,
    /// How many fields and fragments a document may select, after its fragments are expanded.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "5000")]
    pub billgraph_limit_selections: String,
    /// How many objects an operation may ask for, by the page sizes in it.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "20000")]
    pub billgraph_limit_cost: String,
    /// How many operations a request may carry, from 1 to 10; with 1, a list of operations is refused.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "1")]
    pub billgraph_limit_batch: String,
    /// How long an operation, and a statement that reads for it, may take, in seconds, from 1 to 600.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "30")]
    pub billgraph_query_timeout: String,
    /// Who may introspect the schema and is shown similar names: `public`, `staff` or `off`. The demo is `public`.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "staff")]
    pub billgraph_introspection: String,
    /// Whether the API is served as a subgraph of Apollo Federation 2: `on` or `off`.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "off")]
    pub billgraph_federation: String,
    /// Manifests of trusted documents, comma-separated: JSON files that relay-compiler, graphql-codegen or Apollo wrote.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_trusted_documents: Option<String>,
    /// Who may execute nothing but trusted documents, where there are any: of `anonymous`, `user`, `reader`, `linker`
    /// and `admin`, comma-separated; empty: nobody.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "anonymous,user")]
    pub billgraph_trusted_documents_for: String,
}

/// The settings of the API, checked.
#[derive(Clone, Debug)]
pub struct GraphqlConfig {
    pub limits: Limits,
    /// How large a request may be, in bytes.
    pub body: usize,
    /// How many operations a request may carry; one: no lists of them.
    pub batch: u64,
    /// How long an operation may take.
    pub timeout: Duration,
    pub introspection: Introspection,
    /// Whether a router finds the nodes as entities.
    pub federation: bool,
    pub documents: TrustedDocuments,
}

/// How much an operation may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub tokens: u64,
    pub depth: u64,
    pub aliases: u64,
    pub root_fields: u64,
    pub directives: u64,
    pub selections: u64,
    pub cost: u64,
}

/// Who may read the schema from the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    Public,
    Staff,
    Off,
}

impl GraphqlSettings {
    /// Checks every value.
    pub fn check(&self, check: &mut Check) -> GraphqlConfig {
        GraphqlConfig {
            limits: Limits {
                tokens: limit(check, "BILLGRAPH_LIMIT_TOKENS", &self.billgraph_limit_tokens),
                depth: limit(check, "BILLGRAPH_LIMIT_DEPTH", &self.billgraph_limit_depth),
                aliases: limit(check, "BILLGRAPH_LIMIT_ALIASES", &self.billgraph_limit_aliases),
                root_fields: limit(check, "BILLGRAPH_LIMIT_ROOT_FIELDS", &self.billgraph_limit_root_fields),
                directives: limit(check, "BILLGRAPH_LIMIT_DIRECTIVES", &self.billgraph_limit_directives),
                selections: limit(check, "BILLGRAPH_LIMIT_SELECTIONS", &self.billgraph_limit_selections),
                cost: limit(check, "BILLGRAPH_LIMIT_COST", &self.billgraph_limit_cost),
            },
            body: usize::try_from(number(
                check,
                "BILLGRAPH_LIMIT_BODY",
                &self.billgraph_limit_body,
                16 << 20,
            ))
            .expect("the largest body fits into the memory"),
            batch: number(check, "BILLGRAPH_LIMIT_BATCH", &self.billgraph_limit_batch, 10),
            timeout: Duration::from_secs(number(
                check,
                "BILLGRAPH_QUERY_TIMEOUT",
                &self.billgraph_query_timeout,
                600,
            )),
            introspection: match self.billgraph_introspection.as_str() {
                "public" => Introspection::Public,
                "staff" => Introspection::Staff,
                "off" => Introspection::Off,
                other => {
                    check.refuse("BILLGRAPH_INTROSPECTION", other, "`public`, `staff` or `off`");
                    Introspection::Off
                }
            },
            federation: match self.billgraph_federation.as_str() {
                "on" => true,
                "off" => false,
                other => {
                    check.refuse("BILLGRAPH_FEDERATION", other, "`on` or `off`");
                    false
                }
            },
            documents: TrustedDocuments::read(
                check,
                self.billgraph_trusted_documents.as_ref(),
                &self.billgraph_trusted_documents_for,
            ),
        }
    }
}

fn limit(check: &mut Check, name: &str, text: &str) -> u64 {
    number(check, name, text, 1_000_000)
}

/// A number from 1 to `most`.
fn number(check: &mut Check, name: &str, text: &str, most: u64) -> u64 {
    text.parse().ok().filter(|number| (1..=most).contains(number)).unwrap_or_else(|| {
        check.refuse(name, text, &format!("a number from 1 to {most}"));
        1
    })
}
