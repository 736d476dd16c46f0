//! `billgraph demo`: the whole product on this machine alone.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, extract::Query, response::Html, routing::get};
use serde::Deserialize;
use serde_json::{Value, json};
use stripe_sim::{ClockMode, Delivery, DeliveryMode, Endpoint, Options, Sim};
use tempfile::TempDir;

use super::{Failure, issuer::Issuer, print, serve::told_to_stop};
use crate::{
    app::Gateway,
    auth::{Role, service_token},
    clock::Clock,
    config::{Secret, Settings},
    network,
    stripe::Stripe,
};

/// How many events the simulated account has a history of.
const HISTORY: usize = 600;

/// A day's worth of a token, in seconds.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

const DAY: i64 = 24 * 60 * 60;
const WEBHOOK_SECRET: &str = "whsec_demo";
const SECRET_KEY: &str = "sk_test_demo";

/// What was started, and what is printed of it.
pub struct Demo {
    pub gateway: Gateway,
    pub sim: Sim,
    pub user_token: String,
    pub admin_token: Secret,
    /// A recurring price that is for sale.
    pub price: String,
    /// Where Checkout returns to.
    pub thanks: String,
    /// The database's folder, deleted in the end.
    _folder: TempDir,
}

/// Serves the demo until it is told to stop.
pub async fn run(settings: Settings) -> Result<(), Failure> {
    let demo = Demo::start(settings).await?;
    print(&demo.guide())?;
    told_to_stop().await?;
    demo.gateway.stop().await;
    Ok(())
}

impl Demo {
    /// Starts a simulated Stripe with a history, an issuer of tokens, and a gateway that knows both.
    pub async fn start(mut settings: Settings) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(format!("the demo cannot start: {error}"));
        let clock = Clock::system();
        let folder = TempDir::with_prefix("billgraph-demo-").map_err(failed)?;
        let sim = simulation(&clock);
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        sim.listen(anywhere).await.map_err(failed)?;
        let issuer = Issuer::new();
        let pages = tokio::net::TcpListener::bind(anywhere).await.map_err(failed)?;
        let pages_url = format!("http://{}", pages.local_addr().map_err(failed)?);
        let issuer = issuer.at(&pages_url);
        let router = issuer.router().merge(Router::new().route("/thanks", get(thanks)));
        tokio::spawn(async move { axum::serve(pages, router).await });

        settings.database_url = format!("sqlite://{}?mode=rwc", folder.path().join("demo.db").display());
        settings.stripe_secret_key = Some(SECRET_KEY.to_owned());
        settings.stripe_webhook_secret = Some(WEBHOOK_SECRET.to_owned());
        settings.stripe_api_base = sim.base_url();
        settings.billgraph_issuers = Some(issuer.url().to_owned());
        settings.graphql.billgraph_introspection = String::from("public");
        // The lines that it prints are documents that no manifest has.
        settings.graphql.billgraph_trusted_documents_for = String::new();
        settings.billgraph_redirect_origins = Some(pages_url.clone());
        let config = settings.check()?;
        let stripe = Stripe::new(&config.stripe);
        let gateway = Gateway::start(config, clock.clone(), stripe).await?;

        let hooks = gateway.internal_address.unwrap_or(gateway.address);
        sim.add_endpoint(Endpoint::new(format!("http://{hooks}/webhooks/stripe"), WEBHOOK_SECRET));
        fill(&sim, &clock).await?;
        let (user, email) = somebody(&sim)?;
        let user_token = issuer.user_token(&user, &email, TOKEN_LIFETIME, clock.now());
        link(&gateway, &user_token).await?;
        let db = &gateway.app.db.writer;
        let admin_token = service_token::create(db, &clock, "demo", Role::Admin, None).await?;
        let price = price_for_sale(&sim)?;
        let thanks = format!("{pages_url}/thanks?session={{CHECKOUT_SESSION_ID}}");
        Ok(Self { gateway, sim, user_token, admin_token, price, thanks, _folder: folder })
    }

    /// What to do with it: three commands to paste.
    pub fn guide(&self) -> String {
        let (url, user, admin) = (self.graphql_url(), &self.user_token, self.admin_token.expose());
        let [query, checkout, watch] = self.curl_lines();
        format!(
            "billgraph demo: GraphQL at {url}\n\
             Stripe is simulated at {stripe}; no money moves. The database is deleted in the end (Ctrl-C).\n\n\
             A user's token:\n{user}\n\nAn admin's token:\n{admin}\n\n\
             1. The user's customer, subscriptions and payments:\n\n{query}\n\n\
             2. Watch subscriptions change (leave it running in another terminal, then do 3):\n\n{watch}\n\n\
             3. Buy something: open the `url` of the answer in a browser and pay:\n\n{checkout}\n",
            stripe = self.sim.base_url(),
        )
    }

    /// A joined query, a checkout, and how to watch: each a command that works when pasted.
    pub fn curl_lines(&self) -> [String; 3] {
        let query = "{ viewer { userId status customer { name email \
                     subscriptions(first: 3) { nodes { id status currentPeriodEnd price { nickname \
                     unitAmount { decimal currency } product { name } } } } \
                     payments(first: 3) { nodes { id status amount { decimal currency } } } } } }";
        let checkout = "mutation($input: CreateCheckoutSessionInput!) { createCheckoutSession(input: $input) \
                        { checkoutSession { id url } userErrors { field message } } }";
        let watch = "subscription { subscriptionChanged { kind eventType subscription { id status \
                     price { product { name } } customer { email } } } }";
        let input = json!({ "lineItems": [{ "priceId": self.price }], "successUrl": self.thanks });
        [
            self.curl("", &json!({ "query": query })),
            self.curl("", &json!({ "query": checkout, "variables": { "input": input } })),
            self.curl("-N -H 'Accept: text/event-stream' ", &json!({ "query": watch })),
        ]
    }

    fn curl(&self, options: &str, body: &Value) -> String {
        let (url, token) = (self.graphql_url(), &self.user_token);
        format!(
            "curl -s {options}{url} -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' -d '{body}'"
        )
    }

    fn graphql_url(&self) -> String {
        format!("http://{}/graphql", self.gateway.address)
    }
}

/// An account with a history that ends today.
fn simulation(clock: &Clock) -> Sim {
    Sim::new(Options {
        seed: 7,
        secret_key: SECRET_KEY.to_owned(),
        now: clock.unix() - 60 * DAY,
        clock: ClockMode::Wall,
        ..Options::default()
    })
}

/// Makes the history happen and waits until the gateway has it; from then on events are delivered by themselves.
async fn fill(sim: &Sim, clock: &Clock) -> Result<(), Failure> {
    sim.generate(HISTORY);
    sim.advance((clock.unix() - sim.now()).max(0));
    let delivered = sim.deliver().await;
    if delivered.failed > 0 {
        return Err(Failure::Failed(format!("{} events of the demo were not taken in", delivered.failed)));
    }
    sim.set_delivery(Delivery { mode: DeliveryMode::Automatic, ..Delivery::default() });
    Ok(())
}

/// The user of a customer with an active subscription, and their e-mail address.
fn somebody(sim: &Sim) -> Result<(String, String), Failure> {
    let version = Options::default().api_version;
    let active: Vec<Value> = sim
        .objects("subscription", &version)
        .into_iter()
        .filter(|object| object["status"] == "active")
        .collect();
    let customers = sim.objects("customer", &version);
    let subscribed = |customer: &&Value| active.iter().any(|object| object["customer"] == customer["id"]);
    let named = customers.iter().filter(subscribed).find_map(|customer| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&customer["metadata"]["user_id"])?, text(&customer["email"])?))
    });
    named.ok_or_else(|| Failure::Failed("the demo's history has no subscribed user".to_owned()))
}

fn price_for_sale(sim: &Sim) -> Result<String, Failure> {
    let prices = sim.objects("price", &Options::default().api_version);
    let price = prices
        .iter()
        .find(|price| price["active"] == true && price["type"] == "recurring" && price["currency"] == "usd");
    let id = price.and_then(|price| price["id"].as_str()).map(str::to_owned);
    id.ok_or_else(|| Failure::Failed("the demo's history has no recurring price".to_owned()))
}

/// Links the user as a frontend does when somebody signs in; the gateway did so when the customer came.
async fn link(gateway: &Gateway, token: &str) -> Result<(), Failure> {
    let query = "mutation { linkCustomer(input: {}) { outcome userErrors { message } } }";
    let request = network::client(|builder| builder)
        .post(format!("http://{}/graphql", gateway.address))
        .bearer_auth(token)
        .json(&json!({ "query": query }));
    let answer: reqwest::Result<Value> = async { request.send().await?.json().await }.await;
    match answer {
        Ok(answer) if answer["data"]["linkCustomer"]["outcome"] == "ALREADY_LINKED" => Ok(()),
        Ok(answer) => Err(Failure::Failed(format!("the demo's user could not be linked: {answer}"))),
        Err(error) => Err(Failure::Failed(format!("the demo's gateway does not answer: {error}"))),
    }
}

#[derive(Deserialize)]
struct Thanks {
    session: String,
}

/// The page that Checkout returns to.
async fn thanks(Query(Thanks { session }): Query<Thanks>) -> Html<String> {
    let session: String = session.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Thank you</title>\
         <body style=\"font: 1.1rem/1.5 system-ui; max-width: 36rem; margin: 4rem auto; padding: 0 1rem\">\
         <h1>Thank you</h1><p>The simulated payment of <code>{session}</code> is done. The subscription was pushed \
         to whoever watches, and the first query of the demo shows it.</p></body></html>"
    ))
}
