// What the scripts of GraphQL clients have in common: a shop, asked on behalf of somebody who has bought there before.
import assert from "node:assert/strict";

export const [url, token, successUrl, cursor] = process.argv.slice(2);
if (!URL.canParse(url) || !cursor) {
  console.error("usage: <script>.mjs URL TOKEN SUCCESS_URL CURSOR");
  process.exit(2);
}

export const socketUrl = url.replace("http", "ws");
export const authorization = { authorization: `Bearer ${token}` };

// A page of what was paid, and one of these again, by its id.
export const INVOICES = `query Invoices($first: Int!, $after: String) {
  viewer {
    id
    customer {
      id
      invoices(first: $first, after: $after) {
        edges { cursor node { id number total { decimal currency } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
}`;
export const INVOICE = `query Invoice($id: ID!) { invoice(id: $id) { id status created } }`;

// What is bought, and what is told of it. The cursor is of a change before all of this.
export const CHECKOUT = `mutation Checkout($input: CreateCheckoutSessionInput!) {
  createCheckoutSession(input: $input) { checkoutSession { id url status } userErrors { field code message } }
}`;
export const CHANGED = `subscription Changed($after: String) {
  subscriptionChanged(after: $after) { cursor kind subscription { id status } }
}`;

// What is for operators alone.
export const REFUSED = `query Refused { mirrorStatus { failedEvents } }`;

// Ends a client that waits in vain.
setTimeout(() => {
  console.error("FAILED: nothing came for a minute");
  process.exit(1);
}, 60_000).unref();

// The data of an answer, by no client: what the clients' answers are compared with.
export async function plain(query, variables) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

// The invoices, newest first: enough for several pages of two.
export const invoices = (await plain(INVOICES, { first: 100 })).viewer.customer.invoices.edges.map(({ node }) => node);
assert.ok(invoices.length > 2, `${invoices.length} invoices are too few for pages`);

// The subscriptions that are not new.
const { viewer } = await plain("{ viewer { customer { subscriptions(first: 100) { nodes { id } } } } }");
const known = viewer.customer.subscriptions.nodes.map(({ id }) => id);

// The input of a session for what is for sale.
export async function order() {
  const { products } = await plain("{ products { nodes { prices { nodes { id currency recurring { interval } } } } } }");
  const prices = products.nodes.flatMap(({ prices }) => prices.nodes);
  const { id } = prices.find(({ currency, recurring }) => currency === "usd" && recurring?.interval === "MONTH");
  return { lineItems: [{ priceId: id }], successUrl };
}

// Does what somebody does on the payment page.
export async function pay({ checkoutSession, userErrors }) {
  assert.deepEqual(userErrors, []);
  assert.equal(checkoutSession.status, "OPEN");
  const body = new URLSearchParams({ action: "pay" });
  const { status } = await fetch(checkoutSession.url, { method: "POST", body, redirect: "manual" });
  assert.equal(status, 303);
}

// Whether a change is of something that was bought since.
export function isBought({ subscriptionChanged: { subscription } }) {
  const isNew = subscription.status === "ACTIVE" && !known.includes(subscription.id);
  if (isNew) {
    known.push(subscription.id);
  }
  return isNew;
}
