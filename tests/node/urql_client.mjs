// urql: pages, its cache, errors, automatic persisted queries, and changes as server-sent events, as urql asks for them
// itself and by graphql-sse.
//
//   node urql_client.mjs URL TOKEN SUCCESS_URL CURSOR
import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient } from "graphql-sse";
import { check } from "./check.mjs";
import {
  CHANGED, CHECKOUT, INVOICE, INVOICES, REFUSED, authorization, cursor, invoices, isBought, order, pay, url,
} from "./shop.mjs";

// What was sent, as `GET` or `POST` and the request's members.
const sent = [];

function recorded(input, init) {
  const members = init.body ? Object.keys(JSON.parse(init.body)) : [...new URL(input).searchParams.keys()];
  sent.push([init.method, ...members.filter((name) => name === "query" || name === "extensions").sort()]);
  return fetch(input, init);
}

function clientWith(...exchanges) {
  const options = { url, fetch: recorded, fetchOptions: { headers: authorization }, fetchSubscriptions: true };
  return new Client({ ...options, exchanges: [cacheExchange, ...exchanges, fetchExchange] });
}

async function data(operation) {
  const { data, error } = await operation;
  assert.equal(error, undefined, `${error}`);
  return data;
}

const client = clientWith();

await check("a list is paged to its end", async () => {
  const ids = [];
  for (let page = { endCursor: null, hasNextPage: true }; page.hasNextPage; ) {
    const answer = await data(client.query(INVOICES, { first: 2, after: page.endCursor }));
    const { edges, pageInfo } = answer.viewer.customer.invoices;
    ids.push(...edges.map(({ node }) => node.id));
    page = pageInfo;
  }
  assert.deepEqual(ids, invoices.map(({ id }) => id));
});

await check("what was asked is in the cache", async () => {
  const [{ id }] = invoices;
  sent.length = 0;
  const { invoice } = await data(client.query(INVOICE, { id }));
  assert.deepEqual([invoice.id, invoice.status], [id, "PAID"]);
  assert.deepEqual(await data(client.query(INVOICE, { id })), { invoice });
  assert.deepEqual(sent, [["GET", "query"]]);
});

await check("a refusal has its code", async () => {
  const { error } = await client.query(REFUSED);
  assert.deepEqual(error?.graphQLErrors.map(({ extensions }) => extensions.code), ["FORBIDDEN"]);
});

await check("a subscription that is refused tells why", async () => {
  const { error } = await client.subscription(CHANGED, { after: "none" });
  assert.deepEqual(error?.graphQLErrors.map(({ extensions }) => extensions.code), ["INVALID"]);
});

const events = createClient({ url, headers: authorization });
const forward = (operation) => ({
  subscribe: (sink) => ({ unsubscribe: events.subscribe(operation, sink) }),
});
for (const [name, following] of [
  ["urql itself", client],
  ["graphql-sse", clientWith(subscriptionExchange({ forwardSubscription: forward }))],
]) {
  await check(`what is bought is pushed to ${name}`, async () => {
    let subscription;
    const pushed = new Promise((resolve, reject) => {
      const take = ({ data, error }) => (error ? reject(error) : isBought(data) && resolve(data.subscriptionChanged));
      subscription = following.subscription(CHANGED, { after: cursor }).subscribe(take);
    });
    const { createCheckoutSession } = await data(client.mutation(CHECKOUT, { input: await order() }));
    await pay(createCheckoutSession);
    assert.match((await pushed).subscription.id, /^sub_/);
    subscription.unsubscribe();
  });
}

await check("a query is sent by its hash, and whole where the hash is not known", async () => {
  const query = `query Run_${crypto.randomUUID().replaceAll("-", "")} { viewer { id } }`;
  const [unknown, whole] = [["GET", "extensions"], ["GET", "extensions", "query"]];
  for (const requests of [[unknown, whole], [unknown]]) {
    sent.length = 0;
    const { viewer } = await data(clientWith(persistedExchange({})).query(query));
    assert.match(viewer.id, /^user:/);
    assert.deepEqual(sent, requests);
  }
});
