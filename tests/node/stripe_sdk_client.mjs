// The official Stripe SDK against a running simulation.
//
//   node stripe_sdk_client.mjs BASE_URL KEY
import assert from "node:assert/strict";
import Stripe from "stripe";

import { check } from "./check.mjs";

const [base, key] = process.argv.slice(2);
if (!base || !key) {
  console.error("usage: stripe_sdk_client.mjs BASE_URL KEY");
  process.exit(2);
}

// Makes ids and keys of this run differ from those of another run against the same simulation.
const run = crypto.randomUUID();
const stripe = client(key);

function client(key) {
  const { hostname, port, protocol } = new URL(base);
  return new Stripe(key, {
    host: hostname,
    port: port || (protocol === "https:" ? 443 : 80),
    protocol: protocol.slice(0, -1),
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: 10_000,
  });
}

const product = await check("a product is created", async () => {
  const created = await stripe.products.create({ name: `Plan ${run}` });
  assert.match(created.id, /^prod_/);
  assert.equal(created.name, `Plan ${run}`);
  assert.equal(created.active, true);
  return created;
});

const price = await check("a price is created", async () => {
  const created = await stripe.prices.create({
    product: product.id,
    currency: "eur",
    unit_amount: 1900,
    recurring: { interval: "month" },
  });
  assert.match(created.id, /^price_/);
  assert.equal(created.product, product.id);
  assert.equal(created.unit_amount, 1900);
  assert.equal(created.recurring.interval, "month");
  return created;
});

const customers = await check("25 customers are created", async () => {
  const created = [];
  for (let index = 0; index < 25; index += 1) {
    const email = `customer-${index}-${run}@example.com`;
    const customer = await stripe.customers.create({ email, metadata: { run, index } });
    assert.equal(customer.email, email);
    assert.deepEqual({ ...customer.metadata }, { run, index: `${index}` });
    created.push(customer);
  }
  assert.equal(new Set(created.map(({ id }) => id)).size, 25);
  return created;
});

await check("auto-pagination gives every customer once, newest first", async () => {
  const listed = [];
  for await (const customer of stripe.customers.list({ limit: 10 })) {
    listed.push(customer);
  }
  const ids = listed.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "a customer is listed twice");
  const times = listed.map(({ created }) => created);
  assert.deepEqual(times, times.toSorted((a, b) => b - a), "not sorted by creation");
  const ours = listed.filter(({ metadata }) => metadata.run === run).map(({ id }) => id);
  assert.deepEqual(ours, customers.map(({ id }) => id).reverse());
});

await check("a repeated idempotency key gives the first answer", async () => {
  const options = { idempotencyKey: `repeated-${run}` };
  const params = { email: `once-${run}@example.com` };
  const first = await stripe.customers.create(params, options);
  const second = await stripe.customers.create(params, options);
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
});

await check("an idempotency key with other parameters is refused", async () => {
  const options = { idempotencyKey: `changed-${run}` };
  await stripe.customers.create({ name: "One" }, options);
  await assert.rejects(stripe.customers.create({ name: "Another" }, options), {
    type: "StripeIdempotencyError",
    statusCode: 400,
  });
});

await check("a missing object is a StripeInvalidRequestError", () =>
  assert.rejects(stripe.customers.retrieve("cus_missing"), {
    type: "StripeInvalidRequestError",
    code: "resource_missing",
    param: "id",
    statusCode: 404,
  }),
);

await check("a wrong key is a StripeAuthenticationError", () =>
  assert.rejects(client("sk_test_wrong").customers.list(), {
    type: "StripeAuthenticationError",
    statusCode: 401,
  }),
);

await check("a subscription starts with its trial", async () => {
  const subscription = await stripe.subscriptions.create({
    customer: customers[0].id,
    items: [{ price: price.id, quantity: 3 }],
    trial_period_days: 14,
  });
  assert.match(subscription.id, /^sub_/);
  assert.equal(subscription.customer, customers[0].id);
  assert.equal(subscription.status, "trialing");
  assert.equal(subscription.trial_end - subscription.trial_start, 14 * 24 * 60 * 60);
  const [item] = subscription.items.data;
  assert.equal(item.price.id, price.id);
  assert.equal(item.quantity, 3);
  assert.equal(item.current_period_end, subscription.trial_end);
});

await check("a Checkout session is created, retrieved and its line items are listed", async () => {
  const created = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: customers[1].id,
    line_items: [{ price: price.id, quantity: 2 }],
    success_url: "https://example.com/done",
    cancel_url: "https://example.com/back",
  });
  assert.match(created.id, /^cs_/);
  assert.equal(created.status, "open");
  assert.equal(created.payment_status, "unpaid");
  assert.equal(created.amount_total, 3800);
  assert.ok(URL.canParse(created.url), `not an address: ${created.url}`);

  const retrieved = await stripe.checkout.sessions.retrieve(created.id, { expand: ["customer"] });
  assert.equal(retrieved.id, created.id);
  assert.equal(retrieved.customer.email, customers[1].email);

  const items = await stripe.checkout.sessions.listLineItems(created.id);
  assert.equal(items.has_more, false);
  assert.deepEqual(
    items.data.map(({ price, quantity, amount_total }) => [price.id, quantity, amount_total]),
    [[price.id, 2, 3800]],
  );
});

await check("customers are found by search", async () => {
  const { email, id } = customers[7];
  const byEmail = await stripe.customers.search({ query: `email:"${email}"` });
  assert.equal(byEmail.object, "search_result");
  assert.deepEqual(byEmail.data.map((customer) => customer.id), [id]);

  const found = new Set();
  for await (const customer of stripe.customers.search({ query: `metadata["run"]:"${run}"`, limit: 10 })) {
    found.add(customer.id);
  }
  assert.deepEqual([...found].sort(), customers.map((customer) => customer.id).sort());
});
