//! `billgraph doctor`.

use std::{collections::BTreeSet, time::Duration};

use entity::{mirrored::Listing, stripe_account};
use sea_orm::EntityTrait;
use serde_json::Value;

use super::{Failure, print};
use crate::{
    clock::Clock,
    config::{Config, Issuer},
    db::Database,
    error::Error,
    mirror::{MIRRORS, Mirror, account::Mode, listed_in},
    network,
    stripe::{Stripe, StripeError},
};

/// How far the clock may be from Stripe's, in seconds: signatures that are older are refused.
const LARGEST_DIFFERENCE: u64 = 300;

/// From when on that is worth a word.
const NOTED_DIFFERENCE: u64 = 30;

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest document of an issuer that is read, in bytes.
const LONGEST_DOCUMENT: usize = 256 << 10;

/// An id that no object has: what asks for it shows whether the key may, and changes nothing.
const NOBODY: &str = "billgraph_doctor";

/// What a check says.
enum Finding {
    Good(String),
    /// It works without, or not as well.
    Warning(String),
    Bad(String),
}

use Finding::{Bad, Good, Warning};

/// Checks what the gateway needs, and tells of each in a line; fails where one fails.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let mut failed = 0;
    let mut tell = |name: &str, finding: Finding| {
        let (state, text) = match finding {
            Good(text) => ("ok", text),
            Warning(text) => ("warn", text),
            Bad(text) => {
                failed += 1;
                ("FAIL", text)
            }
        };
        print(&format!("{state}\t{name}\t{text}"))
    };
    let db = match Database::connect(&config.database).await {
        Ok(db) => {
            tell("database", Good("answers".to_owned()))?;
            tell("schema", schema(&db).await)?;
            Some(db)
        }
        Err(error) => {
            tell("database", Bad(Error::from(error).chain()))?;
            None
        }
    };
    tell("webhook secret", secrets(config))?;
    for finding in issuers(config).await {
        tell("issuer", finding)?;
    }
    if config.stripe.secret_key.is_none() {
        tell(
            "stripe key",
            Warning("STRIPE_SECRET_KEY is not set: what needs Stripe is unavailable".to_owned()),
        )?;
    } else {
        let (stripe, mode) = (Stripe::new(&config.stripe), Mode::of_key(config.stripe.secret_key.as_ref()));
        match stripe.now().await {
            Ok(now) => {
                tell("stripe key", key(config, &stripe, db.as_ref()).await)?;
                tell("clock", clock(now))?;
                for finding in permissions(&stripe, mode).await {
                    tell("permission", finding)?;
                }
                tell("webhook endpoint", endpoint(&stripe).await)?;
            }
            Err(error) => tell("stripe key", Bad(Error::from(error).chain()))?,
        }
    }
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 check failed.".to_owned())),
        failed => Err(Failure::Failed(format!("{failed} checks failed."))),
    }
}

async fn schema(db: &Database) -> Finding {
    match db.migrations().await {
        Ok(steps) => match steps.iter().filter(|(_, taken)| !taken).count() {
            0 => Good(format!("{} steps taken", steps.len())),
            left => {
                Bad(format!("{left} steps are to be taken: `billgraph migrate up` does that, or `serve`"))
            }
        },
        Err(error) => Bad(Error::from(error).chain()),
    }
}

fn secrets(config: &Config) -> Finding {
    match config.stripe.webhook_secrets.len() {
        0 => Warning("STRIPE_WEBHOOK_SECRET is not set: webhooks are answered 503".to_owned()),
        1 => Good("1 secret".to_owned()),
        many => Good(format!("{many} secrets")),
    }
}

/// Whether each issuer publishes keys.
async fn issuers(config: &Config) -> Vec<Finding> {
    let auth = &config.auth;
    if auth.issuers.is_empty() {
        return vec![match auth.jwt_secret {
            Some(_) => Good("BILLGRAPH_JWT_SECRET is set".to_owned()),
            None => Warning(
                "neither BILLGRAPH_ISSUERS nor BILLGRAPH_JWT_SECRET is set: no user can sign in".to_owned(),
            ),
        }];
    }
    let mut findings = Vec::new();
    for issuer in &auth.issuers {
        findings.push(match keys_of(issuer).await {
            Ok(0) => Bad(format!("{} publishes no keys", issuer.url)),
            Ok(keys) => Good(format!("{} publishes {keys} keys", issuer.url)),
            Err(reason) => Bad(format!("{}: {reason}", issuer.url)),
        });
    }
    findings
}

async fn keys_of(issuer: &Issuer) -> Result<usize, String> {
    let address = format!("{}/.well-known/jwks.json", issuer.url.trim_end_matches('/'));
    let client = network::client(|builder| builder.timeout(PATIENCE));
    let answer = client.get(address).send().await.map_err(|error| network::chain(&error.without_url()))?;
    if !answer.status().is_success() {
        return Err(format!("its keys are answered with status {}", answer.status().as_u16()));
    }
    let body = network::read(answer, LONGEST_DOCUMENT).await.map_err(|error| network::chain(&error))?;
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(document["keys"].as_array().map_or(0, Vec::len))
}

/// Whether the key is of the mode and the account that the database belongs to.
async fn key(config: &Config, stripe: &Stripe, db: Option<&Database>) -> Finding {
    let stored = match db {
        // Where no step was taken yet there is no such table, and nothing to contradict.
        Some(db) => stripe_account::Entity::find_by_id(true).one(&db.reader).await.unwrap_or_default(),
        None => None,
    };
    let mode = Mode::of_key(config.stripe.secret_key.as_ref());
    let held = stored.as_ref().and_then(|stored| stored.livemode);
    if let (Some(mode), Some(held)) = (mode, held)
        && (mode == Mode::Live) != held
    {
        let held = if held { "live" } else { "test" };
        return Bad(format!("STRIPE_SECRET_KEY is a {mode} key, and the database holds {held} data"));
    }
    let mode = mode.map(|mode| format!("of {mode} mode, ")).unwrap_or_default();
    match stripe.account_id().await {
        Ok(id) => match stored.and_then(|stored| stored.id).filter(|held| *held != id) {
            Some(held) => Bad(format!("STRIPE_SECRET_KEY is a key of {id}, and the database is {held}'s")),
            None => Good(format!("{mode}of {id}")),
        },
        Err(error) if is_forbidden(&error) => Good(format!("{mode}which may not tell its account")),
        Err(error) => Bad(Error::from(error).chain()),
    }
}

fn clock(of_stripe: i64) -> Finding {
    let off = Clock::system().unix().abs_diff(of_stripe);
    let text = format!("{off} s from Stripe's");
    if off > LARGEST_DIFFERENCE {
        Bad(format!("{text}: signatures of webhooks are refused from {LARGEST_DIFFERENCE} s on"))
    } else if off > NOTED_DIFFERENCE {
        Warning(text)
    } else {
        Good(text)
    }
}

/// What the gateway asks of Stripe: a method, a path, and the permission by which Stripe's dashboard knows it.
fn asked(mode: Option<Mode>) -> BTreeSet<(String, &'static str, String)> {
    let listed = listed_in(mode).filter_map(|mirror| {
        let (path, of) = match mirror.listing {
            Listing::Ranges(path) | Listing::Whole(path) => (path.to_owned(), mirror.object),
            Listing::Each { path, .. } => (path.replace("{id}", NOBODY), mirror.object),
            Listing::None | Listing::Made { .. } => return None,
        };
        Some((format!("read {of}"), "GET", path))
    });
    let lists = || MIRRORS.iter().flat_map(|mirror| mirror.children);
    let inside =
        lists().map(|list| (format!("read {}", list.object), "GET", list.path.replace("{id}", NOBODY)));
    // What is in no list is asked for by the ids by which others name it.
    let is_in_none = |mirror: &&Mirror| {
        mirror.listing == Listing::None && lists().all(|list| list.object != mirror.object)
    };
    let named = MIRRORS.iter().filter(is_in_none).filter_map(|mirror| {
        Some((format!("read {}", mirror.object), "GET", mirror.path_by_id()?.replace("{id}", NOBODY)))
    });
    let own = [
        ("read event", "GET", "/events".to_owned()),
        ("read webhook_endpoint", "GET", "/webhook_endpoints".to_owned()),
        ("write webhook_endpoint", "POST", format!("/webhook_endpoints/{NOBODY}")),
        ("write customer", "POST", format!("/customers/{NOBODY}")),
        ("write checkout.session", "POST", format!("/checkout/sessions/{NOBODY}/expire")),
    ];
    let own = own.map(|(name, method, path)| (name.to_owned(), method, path));
    listed.chain(inside).chain(named).chain(own).collect()
}

/// One line where nothing lacks, else one for each permission that does.
async fn permissions(stripe: &Stripe, mode: Option<Mode>) -> Vec<Finding> {
    let (mut findings, mut good) = (Vec::new(), 0);
    for (name, method, path) in asked(mode) {
        let answer = match method {
            "GET" if path.contains('?') => stripe.get(&format!("{path}&limit=1")).await,
            "GET" if path.ends_with(NOBODY) => stripe.get(&path).await,
            "GET" => stripe.get(&format!("{path}?limit=1")).await,
            _ => stripe.post(&path, &[]).await,
        };
        match answer {
            Err(error) if is_forbidden(&error) => {
                let permission =
                    named(&error).map(|permission| format!(", {permission}")).unwrap_or_default();
                findings.push(Bad(format!("the key may not {name}{permission} ({method} /v1{path})")));
            }
            // There is no such object: the key may ask.
            Ok(_) | Err(StripeError::Refused(_)) => good += 1,
            Err(error) => {
                findings.push(Bad(format!("{name}: {}", Error::from(error).chain())));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Good(format!("the key may do all {good} things that are asked of Stripe")));
    }
    findings
}

fn is_forbidden(error: &StripeError) -> bool {
    error.refusal().is_some_and(|refusal| matches!(refusal.status, 401 | 403))
}

/// The permission that Stripe names in its refusal.
fn named(error: &StripeError) -> Option<String> {
    let message = error.refusal()?.message.as_deref()?;
    let start = message.find("rak_")?;
    let name = message[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
    Some(name.collect())
}

async fn endpoint(stripe: &Stripe) -> Finding {
    match stripe.webhook_endpoints().await {
        Ok(endpoints) => match endpoints.iter().filter(|endpoint| endpoint.is_enabled).count() {
            0 => Warning("none is enabled at Stripe: `billgraph endpoint create` makes one".to_owned()),
            1 => Good("1 is enabled at Stripe".to_owned()),
            many => Good(format!("{many} are enabled at Stripe")),
        },
        Err(error) if is_forbidden(&error) => Warning("the key may not list them".to_owned()),
        Err(error) => Bad(Error::from(error).chain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::Refusal;

    #[test]
    fn the_permission_is_read_from_stripes_words() {
        let refused = |message: &str| {
            let message = Some(message.to_owned());
            named(&StripeError::Refused(Box::new(Refusal { status: 403, message, ..Refusal::default() })))
        };
        let told = "The provided key 'rk_live_*abc' does not have the required permissions for this endpoint on \
                    account 'acct_1'. Having the 'rak_customer_read' permission would allow this request to continue.";
        assert_eq!(refused(told).as_deref(), Some("rak_customer_read"));
        assert_eq!(refused("No."), None);
    }

    #[test]
    fn each_object_that_is_listed_is_asked_for() {
        let asked = asked(Some(Mode::Test));
        assert!(asked.len() > 40, "{asked:?}");
        assert!(asked.iter().all(|(_, _, path)| path.starts_with('/') && !path.contains('{')), "{asked:?}");
    }

    #[test]
    fn what_is_in_no_list_is_asked_for_by_its_id() {
        let asked = asked(Some(Mode::Test));
        let of = |what: &str| -> Vec<&str> {
            let own = asked.iter().filter(|(name, ..)| name == what);
            own.map(|(_, _, path)| path.as_str()).collect()
        };
        assert_eq!(of("read mandate"), ["/mandates/billgraph_doctor"]);
        assert_eq!(of("read subscription_item"), ["/subscription_items?subscription=billgraph_doctor"]);
    }

    #[test]
    fn a_live_key_is_not_asked_for_test_clocks() {
        let asks = |mode| asked(mode).iter().any(|(_, _, path)| path.contains("test_clocks"));
        assert_eq!([Some(Mode::Live), Some(Mode::Test), None].map(asks), [false, true, true]);
    }
}
