//! Every setting: its name, its default and what it means. The doc comments are the text of `--help`.

mod check;
mod documents;
mod graphql;

use std::{collections::BTreeSet, fmt, net::SocketAddr, num::NonZeroU32, time::Duration};

use chrono::TimeDelta;
use url::Url;

use self::check::{Check, list, mask, text};
pub use self::documents::{TrustedDocuments, sha256};
pub use self::graphql::{GraphqlConfig, GraphqlSettings, Introspection, Limits};
use crate::mirror::exclude::Exclusions;

/// The settings as they were written: by environment, by flag, or by default.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// SQLite (`sqlite://FILE?mode=rwc`) or PostgreSQL (`postgres://USER:PASSWORD@HOST/NAME`).
    #[arg(
        long,
        env,
        global = true,
        hide_env_values = true,
        default_value = "sqlite://billgraph.db?mode=rwc"
    )]
    pub database_url: String,
    /// PostgreSQL schema that holds all tables.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "stripe")]
    pub billgraph_db_schema: String,
    /// Public address to listen on.
    #[arg(
        long,
        env,
        global = true,
        hide_env_values = true,
        visible_alias = "listen",
        default_value = "127.0.0.1:8080"
    )]
    pub billgraph_listen: String,
    /// Address for the webhook route and for operators; where unset, the public address serves these too.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_internal_listen: Option<String>,
    /// How clients reach the public address; the default is taken from it.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_public_url: Option<String>,
    /// Stripe's secret or restricted key. Without it reading and webhooks work; what needs Stripe is unavailable.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub stripe_secret_key: Option<String>,
    /// Webhook signing secrets, comma-separated. Without one the webhook route answers 503.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub stripe_webhook_secret: Option<String>,
    /// Base URL of Stripe's API, for a simulation or a proxy.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "https://api.stripe.com")]
    pub stripe_api_base: String,
    /// Requests a second to Stripe, shared by everything in the process. [default: 80 with a live key, else 20]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub stripe_rate_limit: Option<String>,
    /// Token issuers, comma-separated; with several, all but one are written `alias=https://…`.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_issuers: Option<String>,
    /// Accepted audiences (`aud`), comma-separated.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_audience: Option<String>,
    /// HS256 secret of at least 32 bytes, for older Supabase projects.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_jwt_secret: Option<String>,
    /// Claim that makes a user an admin, as `path=value`, such as `app_metadata.role=billing_admin`.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_admin_claim: Option<String>,
    /// Customer metadata keys that name a user, comma-separated; the first is written to new customers.
    #[arg(
        long,
        env,
        global = true,
        hide_env_values = true,
        default_value = "user_id,supabase_user_id,auth0_user_id,clerk_user_id"
    )]
    pub billgraph_link_metadata_keys: String,
    /// Origins that Checkout may return to, comma-separated; others are refused.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_redirect_origins: Option<String>,
    /// The longest trial that a user may ask for in a Checkout session, in days, from 0 to 730.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "30")]
    pub billgraph_max_trial_days: String,
    /// Browser origins that may call the API, comma-separated; also checked on WebSockets.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_cors_origins: Option<String>,
    /// Which event bodies the inbox keeps: `needed` (those that may be needed again) or `all`.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "needed")]
    pub billgraph_keep_payloads: String,
    /// How long the inbox and the change feed are kept, such as `90d` or `96h`; at least 4 days; `off`: for ever.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "90d")]
    pub billgraph_event_retention: String,
    /// How often events are looked for that were never delivered, such as `5m` or `1h`; from 10s to 7d; `off`: never.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "5m")]
    pub billgraph_sweep_interval: String,
    /// How often the mirror is compared with Stripe, such as `24h`; from 1h to 90d; `off`: only by `billgraph verify`.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "off")]
    pub billgraph_verify_interval: String,
    /// Fields that are never stored, comma-separated, such as `customer.phone,charge.billing_details.email,*.ip`.
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_exclude_fields: Option<String>,
    #[command(flatten)]
    pub graphql: GraphqlSettings,
    /// Log filter, such as `info` or `billgraph=debug,warn`.
    #[arg(long, env, global = true, hide_env_values = true, default_value = "info")]
    pub billgraph_log: String,
    /// Log format, `text` or `json`. [default: text on a terminal, else json]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub billgraph_log_format: Option<String>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub database: DatabaseConfig,
    pub listen: SocketAddr,
    pub internal_listen: Option<SocketAddr>,
    /// Without a slash at the end.
    pub public_url: String,
    pub stripe: StripeConfig,
    pub auth: AuthConfig,
    /// Customer metadata keys that name a user; never empty.
    pub link_metadata_keys: Vec<String>,
    pub redirect_origins: BTreeSet<String>,
    /// In days.
    pub max_trial_days: i32,
    pub cors_origins: BTreeSet<String>,
    pub keep_payloads: KeepPayloads,
    /// How long recorded events and changes are kept; none: for ever.
    pub event_retention: Option<TimeDelta>,
    /// How often events are looked for that were never delivered; none: never.
    pub sweep_interval: Option<Duration>,
    /// How often the mirror is compared with Stripe; none: when somebody asks for it.
    pub verify_interval: Option<Duration>,
    /// Fields that are never stored.
    pub exclusions: Exclusions,
    pub graphql: GraphqlConfig,
    /// How many tasks of this process ask Stripe for what the mirror lacks; a test asks when it wants to.
    pub sync_tasks: usize,
    /// How long the client of a WebSocket may be silent; it is pinged more often.
    pub socket_silence: Duration,
    /// Whether Stripe is asked at the start whose key it is: always, but for tests that count what it is asked.
    pub ask_whose_key: bool,
}

/// Where the tables are.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    pub url: Secret,
    /// PostgreSQL only.
    pub schema: String,
    /// How long a statement that reads for a client may take.
    pub statement_timeout: Duration,
}

/// How Stripe is reached, and how its webhooks are known.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    pub secret_key: Option<Secret>,
    pub webhook_secrets: Vec<Secret>,
    /// Without a slash at the end.
    pub api_base: String,
    /// Requests a second.
    pub rate_limit: NonZeroU32,
}

/// Whose tokens are believed.
#[derive(Clone, Debug, Default)]
pub struct AuthConfig {
    pub issuers: Vec<Issuer>,
    /// Empty: any audience.
    pub audiences: Vec<String>,
    pub jwt_secret: Option<Secret>,
    pub admin_claim: Option<AdminClaim>,
}

/// A party whose tokens are believed.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Put before the user ids of this issuer, as `alias|sub`.
    pub alias: Option<String>,
    /// The `iss` of its tokens, to the letter.
    pub url: String,
}

/// The claim that makes a user an admin.
#[derive(Clone, Debug)]
pub struct AdminClaim {
    /// Names from the outermost claim inwards.
    pub path: Vec<String>,
    pub value: String,
}

/// Which event bodies the inbox keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepPayloads {
    /// Those that may be needed again: failed, stale, without a table or without an id.
    Needed,
    All,
}

/// A value that no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

/// The values that were refused, a line each.
#[derive(Debug)]
pub struct Invalid(Vec<String>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Settings {
    /// Checks every value; what is wrong is told all at once.
    pub fn check(&self) -> Result<Config, Invalid> {
        let mut check = Check::default();
        let listen = check.address("BILLGRAPH_LISTEN", &self.billgraph_listen);
        let internal_listen = self
            .billgraph_internal_listen
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(|text| check.address("BILLGRAPH_INTERNAL_LISTEN", text));
        let public_url = match text(self.billgraph_public_url.as_ref()) {
            Some(text) => check.base_url("BILLGRAPH_PUBLIC_URL", text),
            None => format!("http://{listen}"),
        };
        let graphql = self.graphql.check(&mut check);
        let config = Config {
            database: self.database(graphql.timeout, &mut check),
            listen,
            internal_listen,
            public_url,
            stripe: self.stripe(&mut check),
            auth: self.auth(&mut check),
            link_metadata_keys: self.link_metadata_keys(&mut check),
            redirect_origins: check
                .origins("BILLGRAPH_REDIRECT_ORIGINS", self.billgraph_redirect_origins.as_ref()),
            max_trial_days: check.max_trial_days(&self.billgraph_max_trial_days),
            cors_origins: check.origins("BILLGRAPH_CORS_ORIGINS", self.billgraph_cors_origins.as_ref()),
            keep_payloads: match self.billgraph_keep_payloads.as_str() {
                "needed" => KeepPayloads::Needed,
                "all" => KeepPayloads::All,
                other => {
                    check.refuse("BILLGRAPH_KEEP_PAYLOADS", other, "`needed` or `all`");
                    KeepPayloads::Needed
                }
            },
            event_retention: check.event_retention(&self.billgraph_event_retention),
            sweep_interval: check.interval(
                "BILLGRAPH_SWEEP_INTERVAL",
                &self.billgraph_sweep_interval,
                TimeDelta::seconds(10)..=TimeDelta::days(7),
                "from `10s` to `7d`, such as `5m`, or `off`",
            ),
            verify_interval: check.interval(
                "BILLGRAPH_VERIFY_INTERVAL",
                &self.billgraph_verify_interval,
                TimeDelta::hours(1)..=TimeDelta::days(90),
                "from `1h` to `90d`, such as `24h`, or `off`",
            ),
            exclusions: self.exclusions(&mut check),
            graphql,
            sync_tasks: 2,
            socket_silence: Duration::from_mins(1),
            ask_whose_key: true,
        };
        if check.refused.is_empty() { Ok(config) } else { Err(Invalid(check.refused)) }
    }

    fn database(&self, statement_timeout: Duration, check: &mut Check) -> DatabaseConfig {
        let url = &self.database_url;
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !known || (!url.starts_with("sqlite:") && Url::parse(url).is_err()) {
            let expected = "`sqlite://FILE?mode=rwc` or `postgres://USER:PASSWORD@HOST/NAME`";
            check.refuse("DATABASE_URL", &mask(url), expected);
        }
        let schema = &self.billgraph_db_schema;
        let plain = schema.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !plain
            || schema.is_empty()
            || schema.len() > 63
            || schema.starts_with(|c: char| c.is_ascii_digit())
        {
            check.refuse(
                "BILLGRAPH_DB_SCHEMA",
                schema,
                "a PostgreSQL name of lower-case letters, digits and `_`",
            );
        }
        DatabaseConfig { url: Secret::new(url), schema: schema.clone(), statement_timeout }
    }

    fn stripe(&self, check: &mut Check) -> StripeConfig {
        let secret_key = text(self.stripe_secret_key.as_ref());
        if secret_key.is_some_and(|key| !["sk_", "rk_"].iter().any(|prefix| key.starts_with(prefix))) {
            let held = mask(secret_key.unwrap_or_default());
            check.refuse("STRIPE_SECRET_KEY", &held, "a secret key (`sk_…`) or a restricted key (`rk_…`)");
        }
        let webhook_secrets: Vec<_> = list(self.stripe_webhook_secret.as_ref()).collect();
        for secret in webhook_secrets.iter().filter(|secret| !secret.starts_with("whsec_")) {
            check.refuse(
                "STRIPE_WEBHOOK_SECRET",
                &mask(secret),
                "signing secrets (`whsec_…`), comma-separated",
            );
        }
        let live = secret_key.is_some_and(|key| key.contains("_live_"));
        let rate_limit = match text(self.stripe_rate_limit.as_ref()) {
            None => NonZeroU32::new(if live { 80 } else { 20 }),
            Some(text) => {
                text.parse().ok().filter(|limit: &NonZeroU32| limit.get() <= 10_000).or_else(|| {
                    check.refuse("STRIPE_RATE_LIMIT", text, "requests a second, from 1 to 10000");
                    None
                })
            }
        };
        StripeConfig {
            secret_key: secret_key.map(Secret::new),
            webhook_secrets: webhook_secrets.into_iter().map(Secret::new).collect(),
            api_base: check.base_url("STRIPE_API_BASE", &self.stripe_api_base),
            rate_limit: rate_limit.unwrap_or(NonZeroU32::MIN),
        }
    }

    fn auth(&self, check: &mut Check) -> AuthConfig {
        let issuers: Vec<Issuer> =
            list(self.billgraph_issuers.as_ref()).filter_map(|text| check.issuer(text)).collect();
        let aliases: BTreeSet<_> = issuers.iter().map(|issuer| &issuer.alias).collect();
        if aliases.len() < issuers.len() {
            let held = self.billgraph_issuers.as_deref().unwrap_or_default();
            check.refuse(
                "BILLGRAPH_ISSUERS",
                held,
                "one issuer without an alias at most, the others with their own",
            );
        }
        let jwt_secret = text(self.billgraph_jwt_secret.as_ref());
        if let Some(secret) = jwt_secret.filter(|secret| secret.len() < 32) {
            check.refuse("BILLGRAPH_JWT_SECRET", &mask(secret), "a secret of at least 32 bytes");
        }
        AuthConfig {
            issuers,
            audiences: list(self.billgraph_audience.as_ref()).map(str::to_owned).collect(),
            jwt_secret: jwt_secret.map(Secret::new),
            admin_claim: text(self.billgraph_admin_claim.as_ref()).and_then(|text| check.admin_claim(text)),
        }
    }

    fn exclusions(&self, check: &mut Check) -> Exclusions {
        Exclusions::parse(list(self.billgraph_exclude_fields.as_ref())).unwrap_or_else(|(field, expected)| {
            check.refuse("BILLGRAPH_EXCLUDE_FIELDS", &field, &expected);
            Exclusions::default()
        })
    }

    fn link_metadata_keys(&self, check: &mut Check) -> Vec<String> {
        let keys: Vec<String> = list(Some(&self.billgraph_link_metadata_keys)).map(str::to_owned).collect();
        // Stripe's own limits on a metadata key: 40 characters, no square brackets.
        if keys.is_empty() || keys.iter().any(|key| key.len() > 40 || key.contains(['[', ']', '"', '\\'])) {
            let expected = "metadata keys of at most 40 characters without brackets, comma-separated";
            check.refuse("BILLGRAPH_LINK_METADATA_KEYS", &self.billgraph_link_metadata_keys, expected);
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn check(flags: &[&str]) -> Result<Config, String> {
        let cli = Cli::parse_from(["billgraph"].iter().chain(flags));
        cli.settings.check().map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_should_be() {
        for (flag, value, variable) in [
            ("--database-url", "mysql://root:hunter2@db/x", "DATABASE_URL"),
            ("--billgraph-db-schema", "Robert'); drop", "BILLGRAPH_DB_SCHEMA"),
            ("--billgraph-listen", "everywhere", "BILLGRAPH_LISTEN"),
            ("--stripe-secret-key", "pk_live_hunter2", "STRIPE_SECRET_KEY"),
            ("--stripe-webhook-secret", "whsec_a,hunter2", "STRIPE_WEBHOOK_SECRET"),
            ("--stripe-api-base", "api.stripe.com", "STRIPE_API_BASE"),
            ("--stripe-rate-limit", "0", "STRIPE_RATE_LIMIT"),
            ("--billgraph-issuers", "http://id.example.com", "BILLGRAPH_ISSUERS"),
            ("--billgraph-issuers", "https://a.example,https://b.example", "BILLGRAPH_ISSUERS"),
            ("--billgraph-jwt-secret", "hunter2", "BILLGRAPH_JWT_SECRET"),
            ("--billgraph-admin-claim", "user_metadata.role=admin", "BILLGRAPH_ADMIN_CLAIM"),
            ("--billgraph-admin-claim", "admin", "BILLGRAPH_ADMIN_CLAIM"),
            ("--billgraph-redirect-origins", "https://a.example/path", "BILLGRAPH_REDIRECT_ORIGINS"),
            ("--billgraph-cors-origins", "*", "BILLGRAPH_CORS_ORIGINS"),
            ("--billgraph-max-trial-days", "1000", "BILLGRAPH_MAX_TRIAL_DAYS"),
            ("--billgraph-keep-payloads", "some", "BILLGRAPH_KEEP_PAYLOADS"),
            ("--billgraph-event-retention", "95h", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-event-retention", "3d", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-event-retention", "90", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-event-retention", "+90d", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-event-retention", "99999999999999999999d", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-event-retention", "", "BILLGRAPH_EVENT_RETENTION"),
            ("--billgraph-sweep-interval", "", "BILLGRAPH_SWEEP_INTERVAL"),
            ("--billgraph-sweep-interval", "5", "BILLGRAPH_SWEEP_INTERVAL"),
            ("--billgraph-sweep-interval", "9s", "BILLGRAPH_SWEEP_INTERVAL"),
            ("--billgraph-sweep-interval", "+5m", "BILLGRAPH_SWEEP_INTERVAL"),
            ("--billgraph-sweep-interval", "8d", "BILLGRAPH_SWEEP_INTERVAL"),
            ("--billgraph-verify-interval", "59m", "BILLGRAPH_VERIFY_INTERVAL"),
            ("--billgraph-verify-interval", "nightly", "BILLGRAPH_VERIFY_INTERVAL"),
            ("--billgraph-exclude-fields", "customer.phone,customer.id", "BILLGRAPH_EXCLUDE_FIELDS"),
            ("--billgraph-link-metadata-keys", ",", "BILLGRAPH_LINK_METADATA_KEYS"),
            ("--billgraph-limit-body", "256 KiB", "BILLGRAPH_LIMIT_BODY"),
            ("--billgraph-limit-tokens", "0", "BILLGRAPH_LIMIT_TOKENS"),
            ("--billgraph-limit-depth", "twelve", "BILLGRAPH_LIMIT_DEPTH"),
            ("--billgraph-limit-aliases", "none", "BILLGRAPH_LIMIT_ALIASES"),
            ("--billgraph-limit-root-fields", "", "BILLGRAPH_LIMIT_ROOT_FIELDS"),
            ("--billgraph-limit-directives", "1.5", "BILLGRAPH_LIMIT_DIRECTIVES"),
            ("--billgraph-limit-selections", "1000001", "BILLGRAPH_LIMIT_SELECTIONS"),
            ("--billgraph-limit-cost", "99999999999999999999", "BILLGRAPH_LIMIT_COST"),
            ("--billgraph-limit-batch", "11", "BILLGRAPH_LIMIT_BATCH"),
            ("--billgraph-query-timeout", "30s", "BILLGRAPH_QUERY_TIMEOUT"),
            ("--billgraph-introspection", "on", "BILLGRAPH_INTROSPECTION"),
            ("--billgraph-federation", "true", "BILLGRAPH_FEDERATION"),
            ("--billgraph-trusted-documents", "/nowhere.json", "BILLGRAPH_TRUSTED_DOCUMENTS"),
            ("--billgraph-trusted-documents-for", "anonymous,everybody", "BILLGRAPH_TRUSTED_DOCUMENTS_FOR"),
        ] {
            let message = check(&[flag, value]).expect_err(value);
            assert!(message.starts_with(variable), "{message}");
            assert!(!message.contains("hunter2"), "{message} shows a secret");
        }
    }

    #[test]
    fn values_are_read_as_meant() {
        let config = check(&[
            "--billgraph-issuers",
            "https://a.example/auth/v1,clerk=https://b.example",
            "--billgraph-admin-claim",
            "https://app.example/roles=billing",
            "--stripe-secret-key",
            "rk_live_x",
            "--billgraph-event-retention",
            "96h",
        ])
        .expect("these values are right");
        assert_eq!(config.auth.issuers[1].alias.as_deref(), Some("clerk"));
        assert_eq!(config.auth.admin_claim.expect("given").path, ["https://app.example/roles"]);
        assert_eq!(config.stripe.rate_limit.get(), 80);
        assert_eq!(config.event_retention, Some(TimeDelta::days(4)));
        let kept = |text| check(&["--billgraph-event-retention", text]).expect(text).event_retention;
        assert_eq!((kept("off"), kept("90d")), (None, Some(TimeDelta::days(90))));
        let swept = |text| check(&["--billgraph-sweep-interval", text]).expect(text).sweep_interval;
        assert_eq!((swept("off"), swept("30s")), (None, Some(Duration::from_secs(30))));
        assert_eq!((config.sweep_interval, config.verify_interval), (Some(Duration::from_mins(5)), None));
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(!format!("{:?}", config.stripe).contains("rk_live_x"));
    }
}
