//! `billgraph project`: typed columns are filled again from what the rows hold.

use billgraph::mirror::{BORROWED, MIRRORS, column::Kind};
use futures_util::future::join;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, customer, event},
    process::{billgraph, run, text},
    with,
};

impl TestApp {
    async fn project(&self, arguments: &[&str]) -> Vec<String> {
        let ended = run(billgraph(&self.database, &[&["project"], arguments].concat(), &[]), "").await;
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        text(&ended.stdout).lines().map(str::to_owned).collect()
    }

    async fn mirrored(&self) -> Vec<(&'static str, Vec<Value>)> {
        let mut tables = Vec::new();
        for mirror in MIRRORS.iter() {
            tables.push((
                mirror.table,
                self.rows(&format!("SELECT * FROM {} ORDER BY id", mirror.table)).await,
            ));
        }
        tables
    }

    /// Whether the database took it.
    async fn try_execute(&self, sql: &str) -> bool {
        self.app().db.writer.execute_unprepared(sql).await.is_ok()
    }
}

#[tokio::test]
async fn an_unknown_object_ends_it_with_2_and_the_known_ones() {
    let test = TestApp::start().await;
    let ended = run(billgraph(&test.database, &["project", "--object", "customer,custmer"], &[]), "").await;
    assert_eq!((ended.status.code(), text(&ended.stdout)), (Some(2), ""));
    let told = text(&ended.stderr);
    assert!(told.contains("`custmer`") && told.contains("checkout.session"), "{told}");
}

#[tokio::test]
async fn damaged_columns_are_restored() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.sim.generate(300);
    test.deliver().await;
    let before = test.mirrored().await;
    assert!(before.iter().filter(|(_, rows)| !rows.is_empty()).count() > 10, "there is something of most");
    for line in test.project(&[]).await {
        assert!(line.contains("\t0 changed\t0 moved"), "what is right stays: {line}");
    }
    assert!(test.mirrored().await == before, "what is right stays");
    let mut damaged = 0;
    for mirror in MIRRORS.iter() {
        let mut lists = MIRRORS.iter().flat_map(|parent| parent.children);
        let list = lists.find(|list| list.object == mirror.object);
        for column in &mirror.columns[1..] {
            let (table, name) = (mirror.table, column.name);
            // Inside its parent a row need not say whose it is.
            if list.is_some_and(|list| list.parent == name) {
                continue;
            }
            let is_borrowed = BORROWED.iter().any(|link| (link.table, link.column) == (table, name));
            let wrong = match column.kind {
                // What another row told is not taken away, since that row need not be there any more.
                _ if is_borrowed || list.is_some() => "NULL",
                Kind::Text => "'damaged'",
                Kind::Integer | Kind::BigInteger => "-77",
                _ => "NULL",
            };
            damaged += u32::from(test.try_execute(&format!("UPDATE {table} SET \"{name}\" = {wrong}")).await);
        }
    }
    assert!(damaged > 150, "{damaged}");
    assert!(test.mirrored().await != before, "something is damaged");
    test.project(&[]).await;
    for ((table, before), (_, after)) in before.iter().zip(test.mirrored().await) {
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(after, before, "{table}");
        }
    }
}

#[tokio::test]
async fn only_the_objects_that_are_named_are_projected() {
    let test = TestApp::start().await;
    test.receive(&event("customer.created", MADE, &with(customer("a", "k"), &json!({ "name": "Ann" }))))
        .await;
    let product = json!({ "id": "prod_1", "object": "product", "name": "Gold", "created": MADE });
    test.receive(&event("product.created", MADE, &product)).await;
    for table in ["customers", "products"] {
        assert!(test.try_execute(&format!("UPDATE {table} SET name = 'damaged'")).await);
    }
    let lines = test.project(&["--object", "customer,price"]).await;
    assert_eq!(
        lines,
        ["prices\t0 rows\t0 changed\t0 moved here", "customers\t1 rows\t1 changed\t0 moved here"]
    );
    assert_eq!(test.rows("SELECT name FROM customers").await, [json!({ "name": "Ann" })]);
    assert_eq!(test.rows("SELECT name FROM products").await, [json!({ "name": "damaged" })]);
}

#[tokio::test]
async fn objects_move_to_the_table_that_they_have_by_now() {
    let test = TestApp::start().await;
    let order = |id: &str| json!({ "id": id, "object": "climate.order", "created": MADE });
    for (id, created) in [("cus_new", 10), ("cus_known", 10)] {
        test.receive(&event("climate.order.created", created, &order(id))).await;
        let raw = json!({ "id": id, "object": "customer", "name": "from other_objects", "created": MADE, "metadata": {} });
        let sql = format!("UPDATE other_objects SET object = 'customer', raw = '{raw}' WHERE id = '{id}'");
        assert!(test.try_execute(&sql).await);
    }
    let known = json!({ "id": "cus_known", "object": "customer", "name": "newer", "created": MADE });
    test.receive(&event("customer.updated", 20, &known)).await;
    test.receive(&event("climate.order.created", 10, &order("climorder_1"))).await;
    let lines = test.project(&["--object", "customer"]).await;
    assert_eq!(lines, ["customers\t1 rows\t0 changed\t2 moved here"]);
    let rows = test.rows("SELECT id, name, stamp FROM customers ORDER BY id").await;
    let expected = [
        json!({ "id": "cus_known", "name": "newer", "stamp": 20 }),
        json!({ "id": "cus_new", "name": "from other_objects", "stamp": 10 }),
    ];
    assert_eq!(rows, expected);
    assert_eq!(test.rows("SELECT id FROM other_objects").await, [json!({ "id": "climorder_1" })]);
}

#[tokio::test]
async fn what_arrives_meanwhile_wins() {
    let test = TestApp::start().await;
    let named = |number: i64| {
        let name = json!({ "name": format!("{number}") });
        event("customer.updated", MADE + number, &with(customer("a", "k"), &name))
    };
    test.receive(&named(0)).await;
    let updates = async {
        for number in 1..=60 {
            test.receive(&named(number)).await;
        }
    };
    let projects = async {
        for _ in 0..3 {
            test.project(&["--object", "customer"]).await;
        }
    };
    join(updates, projects).await;
    let rows = test.rows("SELECT name, stamp FROM customers").await;
    assert_eq!(rows, [json!({ "name": "60", "stamp": MADE + 60 })]);
}
