//! `billgraph endpoint create|list`.

use clap::Subcommand;
use url::{Host, Url};

use super::{Failure, asking_stripe, print};
use crate::{
    config::Config,
    error::Error,
    stripe::{Stripe, WebhookEndpoint},
};

/// What to do with webhook endpoints at Stripe.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Makes the endpoint that sends this gateway its events, or repairs the one with this URL.
    Create {
        /// Where Stripe reaches the gateway, such as `https://billing.example.com/webhooks/stripe`.
        #[arg(long)]
        url: String,
    },
    /// Lists the endpoints of the account.
    List,
}

/// Makes, repairs or lists webhook endpoints.
pub async fn run(config: &Config, action: Action) -> Result<(), Failure> {
    let url = match &action {
        Action::Create { url } => Some(reachable(url)?),
        Action::List => None,
    };
    let stripe = asking_stripe(config)?;
    match url {
        Some(url) => create(&stripe, &url).await,
        None => list(&stripe).await,
    }
}

/// Calling it again changes nothing, and makes no second endpoint.
async fn create(stripe: &Stripe, url: &str) -> Result<(), Failure> {
    let endpoints = stripe.webhook_endpoints().await.map_err(Error::from)?;
    let mut known = endpoints.into_iter().filter(|endpoint| endpoint.url == url).collect::<Vec<_>>();
    // Of several, one that works.
    known.sort_by_key(|endpoint| !endpoint.is_enabled);
    let Some(known) = known.into_iter().next() else {
        let made = stripe.create_webhook_endpoint(url).await.map_err(Error::from)?;
        print(&line("created", &made))?;
        let secret = made.secret.as_deref();
        let secret = secret.ok_or_else(|| Failure::Failed("Stripe told no signing secret.".to_owned()))?;
        return print(&format!("STRIPE_WEBHOOK_SECRET={secret}"));
    };
    if known.is_complete() {
        print(&line("unchanged", &known))?;
    } else {
        let repaired = stripe.repair_webhook_endpoint(&known.id).await.map_err(Error::from)?;
        print(&line("repaired", &repaired))?;
    }
    if known.api_version.as_deref() != Some(Stripe::version()) {
        tracing::warn!(
            endpoint.id = known.id,
            "an endpoint keeps its API version; delete it and create it again for {}",
            Stripe::version()
        );
    }
    Ok(())
}

async fn list(stripe: &Stripe) -> Result<(), Failure> {
    for endpoint in stripe.webhook_endpoints().await.map_err(Error::from)? {
        print(&line(if endpoint.is_enabled { "enabled" } else { "disabled" }, &endpoint))?;
    }
    Ok(())
}

fn line(state: &str, endpoint: &WebhookEndpoint) -> String {
    let WebhookEndpoint { id, url, enabled_events, api_version, .. } = endpoint;
    let version = api_version.as_deref().unwrap_or("the account's API version");
    let events = match enabled_events.as_slice() {
        [all] if all == "*" => "all events".to_owned(),
        events => format!("{} event types", events.len()),
    };
    // What an endpoint is called at Stripe may have been written by anybody.
    let url: String = url.chars().filter(|c| !c.is_control()).collect();
    format!("{id}\t{state}\t{url}\t{events}\t{version}")
}

/// A URL that Stripe can send events to; plain http is for a simulation on this machine.
fn reachable(text: &str) -> Result<String, Failure> {
    let is_usable = |url: &Url| {
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => match url.host() {
                Some(Host::Domain(name)) => name == "localhost",
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            },
            _ => false,
        };
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        is_safe && is_plain && url.path() != "/"
    };
    let url = Url::parse(text).ok().filter(is_usable);
    url.map(|url| url.to_string()).ok_or_else(|| {
        Failure::Usage(
            "--url should be where Stripe reaches the gateway, such as `https://billing.example.com/webhooks/stripe`."
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_stripe_can_reach_is_taken() {
        for text in [
            "",
            "billing.example.com/webhooks/stripe",
            "http://billing.example.com/webhooks/stripe",
            "ftp://billing.example.com/webhooks/stripe",
            "https://billing.example.com",
            "https://billing.example.com/",
            "https://user:hunter2@billing.example.com/webhooks/stripe",
            "https://billing.example.com/webhooks/stripe#x",
            "javascript:alert(1)",
        ] {
            let Err(Failure::Usage(told)) = reachable(text) else { panic!("{text} is taken") };
            assert!(!told.contains("hunter2"));
        }
        for text in ["https://billing.example.com/webhooks/stripe", "http://127.0.0.1:8080/webhooks/stripe"] {
            assert_eq!(reachable(text).ok().as_deref(), Some(text));
        }
    }
}
