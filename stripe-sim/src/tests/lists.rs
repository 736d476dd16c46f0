//! Lists, searches and expansions.

use serde_json::Value;

use super::caller::Caller;
use crate::Fault;

async fn customers(caller: &Caller, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=count {
        let body = format!("email=customer-{number}@example.com&metadata[user_id]=user-{number}");
        ids.push(caller.create("/v1/customers", &body).await);
        caller.sim.advance(10);
    }
    ids.reverse();
    ids
}

fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().into_iter().flatten();
    data.filter_map(|value| value["id"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn cursors_lead_through_all_objects_newest_first() {
    let caller = Caller::new().await;
    let all = customers(&caller, 7).await;
    let first = caller.get("/v1/customers?limit=3").await.json();
    assert_eq!((ids(&first), &first["has_more"]), (all[..3].to_vec(), &true.into()));
    let next = caller.get(&format!("/v1/customers?limit=100&starting_after={}", all[2])).await.json();
    assert_eq!((ids(&next), &next["has_more"]), (all[3..].to_vec(), &false.into()));
    let before = caller.get(&format!("/v1/customers?limit=2&ending_before={}", all[3])).await.json();
    assert_eq!((ids(&before), &before["has_more"]), (all[1..3].to_vec(), &true.into()));
    let lost = caller.get("/v1/customers?starting_after=cus_none").await;
    assert_eq!(lost.error(), (400, "resource_missing".to_owned(), "starting_after".to_owned()));
    assert_eq!(caller.get("/v1/customers?limit=101").await.status, 400);
}

#[tokio::test]
async fn filters_narrow_a_list() {
    let caller = Caller::new().await;
    let all = customers(&caller, 5).await;
    let now = caller.sim.now();
    let since = caller.get(&format!("/v1/customers?created[gte]={}", now - 20)).await.json();
    assert_eq!(ids(&since), all[..2]);
    let until = caller.get(&format!("/v1/customers?created[lt]={}", now - 40)).await.json();
    assert_eq!(ids(&until), all[4..]);
    let exact = caller.get(&format!("/v1/customers?created={}", now - 30)).await.json();
    assert_eq!(ids(&exact), all[2..3]);
    let named = caller.get("/v1/customers?email=customer-4@example.com").await.json();
    assert_eq!(ids(&named), all[1..2]);
}

#[tokio::test]
async fn a_customers_list_has_what_is_the_customers_now() {
    let caller = Caller::new().await;
    let all = customers(&caller, 2).await;
    let mut cards = Vec::new();
    for customer in [&all[0], &all[1], &all[0], &all[0]] {
        let attach = format!("customer={customer}");
        cards.push(caller.create("/v1/payment_methods/pm_card_visa/attach", &attach).await);
        caller.sim.advance(10);
    }
    let path = format!("/v1/payment_methods?customer={}", all[0]);
    let own = [cards[3].clone(), cards[2].clone(), cards[0].clone()];
    let first = caller.get(&format!("{path}&limit=2")).await.json();
    assert_eq!((ids(&first), &first["has_more"]), (own[..2].to_vec(), &true.into()));
    let next = caller.get(&format!("{path}&limit=2&starting_after={}", own[1])).await.json();
    assert_eq!((ids(&next), &next["has_more"]), (own[2..].to_vec(), &false.into()));
    let before = caller.get(&format!("{path}&limit=1&ending_before={}", own[2])).await.json();
    assert_eq!((ids(&before), &before["has_more"]), (own[1..2].to_vec(), &true.into()));
    caller.post(&format!("/v1/payment_methods/{}/detach", own[1]), "").await;
    assert_eq!(ids(&caller.get(&path).await.json()), [own[0].clone(), own[2].clone()]);
    let nested = caller.get(&format!("/v1/customers/{}/payment_methods", all[1])).await.json();
    assert_eq!(ids(&nested), cards[1..2]);
    let lost = caller.get(&format!("{path}&starting_after=pm_none")).await;
    assert_eq!(lost.error(), (400, "resource_missing".to_owned(), "starting_after".to_owned()));
}

#[tokio::test]
async fn search_may_lag_behind() {
    let caller = Caller::new().await;
    let all = customers(&caller, 2).await;
    let path = "/v1/customers/search?query=metadata%5B'user_id'%5D%3A'user-3'%20OR%20email%3A'customer-1@example.com'";
    caller.sim.faults().next(1, Fault::SearchLag(true));
    caller.create("/v1/customers", "metadata[user_id]=user-3").await;
    let found = caller.get(path).await.json();
    assert_eq!((&found["object"], ids(&found)), (&"search_result".into(), all[1..].to_vec()));
    caller.sim.faults().next(1, Fault::SearchLag(false));
    assert_eq!(ids(&caller.get(path).await.json()).len(), 2);
}

#[tokio::test]
async fn ids_expand_into_objects() {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    let body = format!(
        "customer={customer}&items[0][price]={price}&expand[]=latest_invoice.payments&expand[]=customer"
    );
    let subscription = caller.post("/v1/subscriptions", &body).await.json();
    assert_eq!(subscription["customer"]["email"], "customer-1@example.com");
    let payment = &subscription["latest_invoice"]["payments"]["data"][0];
    assert_eq!((&payment["object"], &payment["status"]), (&"invoice_payment".into(), &"paid".into()));
    let listed = caller.get("/v1/invoices?expand[]=data.customer").await.json();
    assert_eq!(listed["data"][0]["customer"]["id"], customer);
    assert!(listed["data"][0].get("payments").is_none());
    assert_eq!(caller.get("/v1/invoices?expand[]=data.nothing").await.status, 400);
}

#[tokio::test]
async fn embedded_lists_show_ten_and_their_own_endpoint_all() {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    let product = caller.get(&format!("/v1/prices/{price}")).await.json()["product"].clone();
    let product = product.as_str().expect("a price names its product");
    let mut body = format!("customer={customer}");
    for item in 0..12 {
        let new = format!("product={product}&currency=usd&unit_amount={item}00&recurring[interval]=month");
        let price = caller.create("/v1/prices", &new).await;
        body = format!("{body}&items[{item}][price]={price}");
    }
    let subscription = caller.post("/v1/subscriptions", &body).await.json();
    assert_eq!(ids(&subscription["items"]).len(), 10);
    assert_eq!(subscription["items"]["has_more"], true);
    let id = subscription["id"].as_str().expect("a subscription has an id");
    let items = caller.get(&format!("/v1/subscription_items?subscription={id}&limit=100")).await.json();
    assert_eq!(ids(&items).len(), 12);
    let invoice = subscription["latest_invoice"].as_str().expect("it has an invoice");
    let lines = caller.get(&format!("/v1/invoices/{invoice}/lines?limit=11")).await.json();
    assert_eq!((ids(&lines).len(), &lines["has_more"]), (11, &true.into()));
}

#[tokio::test]
async fn events_are_listed_newest_first_and_by_type() {
    let caller = Caller::new().await;
    customers(&caller, 3).await;
    let list = caller.get("/v1/events?types[]=customer.created&limit=2").await.json();
    assert_eq!((ids(&list).len(), &list["has_more"]), (2, &true.into()));
    let mut events = caller.sim.events("2026-09-30.endive");
    let newest = events.pop().expect("there are three");
    assert_eq!(list["data"][0]["id"], newest["id"]);
    let one =
        caller.get(&format!("/v1/events/{}", newest["id"].as_str().expect("events have ids"))).await.json();
    assert_eq!(one["data"], newest["data"]);
}

#[tokio::test]
async fn of_a_forgotten_past_only_the_objects_are_left() {
    let caller = Caller::new().await;
    caller.sim.generate_past(200);
    let (happened, kept) = caller.sim.events_from(0, "2026-09-30.endive");
    assert!(happened >= 200 && kept.is_empty());
    assert!(!caller.sim.objects("customer", "2026-09-30.endive").is_empty());
    assert_eq!(ids(&caller.get("/v1/events").await.json()), Vec::<String>::new());

    let id = caller.create("/v1/customers", "").await;
    let (after, news) = caller.sim.events_from(happened, "2026-09-30.endive");
    assert_eq!((after, &news[0]["data"]["object"]["id"]), (happened + 1, &id.into()));
    let listed = caller.get("/v1/events").await.json();
    assert_eq!(ids(&listed), [news[0]["id"].as_str().expect("an id")]);
}
