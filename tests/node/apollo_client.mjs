// Apollo Client: pages, a normalised cache, errors, automatic persisted queries, and changes over a WebSocket.
//
//   node apollo_client.mjs URL TOKEN SUCCESS_URL CURSOR
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import { filter, firstValueFrom } from "rxjs";
import WebSocket from "ws";
import { check } from "./check.mjs";
import {
  CHANGED, CHECKOUT, INVOICE, INVOICES, REFUSED, authorization, cursor, invoices, isBought, order, pay, socketUrl,
  url,
} from "./shop.mjs";

// What was sent over HTTP.
const sent = [];

const http = new HttpLink({
  uri: url,
  headers: authorization,
  fetch: (input, init) => {
    sent.push(JSON.parse(init.body));
    return fetch(input, init);
  },
});
const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: authorization });
const client = clientOver(
  ApolloLink.split(({ operationType }) => operationType === "subscription", new GraphQLWsLink(socket), http),
);

function clientOver(link) {
  const typePolicies = { Customer: { fields: { invoices: relayStylePagination() } } };
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies }) });
}

await check("a list is paged to its end", async () => {
  const query = { query: gql(INVOICES), variables: { first: 2 } };
  const pages = client.watchQuery(query);
  const watching = pages.subscribe(() => {});
  const { data } = await firstValueFrom(pages.pipe(filter(({ dataState }) => dataState === "complete")));
  let connection = data.viewer.customer.invoices;
  assert.equal(connection.edges.length, 2);
  while (connection.pageInfo.hasNextPage) {
    await pages.fetchMore({ variables: { after: connection.pageInfo.endCursor } });
    const merged = client.readQuery(query).viewer.customer.invoices;
    assert.ok(merged.edges.length > connection.edges.length, "another page is merged");
    connection = merged;
  }
  assert.deepEqual(connection.edges.map(({ node }) => node.id), invoices.map(({ id }) => id));
  assert.equal(sent.length, Math.ceil(invoices.length / 2));
  watching.unsubscribe();
});

await check("an object is one in the cache, whatever query it came by", async () => {
  const [{ id, number }] = invoices;
  const { data } = await client.query({ query: gql(INVOICE), variables: { id } });
  assert.equal(data.invoice.status, "PAID");
  const cached = client.cache.extract()[`Invoice:${id}`];
  assert.deepEqual([cached.number, cached.status], [number, "PAID"]);
});

await check("a refusal has its code", async () => {
  await assert.rejects(client.query({ query: gql(REFUSED) }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
    assert.deepEqual(error.errors.map(({ extensions }) => extensions.code), ["FORBIDDEN"]);
    return true;
  });
});

await check("what is bought is pushed", async () => {
  const changes = client.subscribe({ query: gql(CHANGED), variables: { after: cursor } });
  const pushed = new Promise((resolve, reject) => {
    changes.subscribe({
      next: ({ data, error }) => (error ? reject(error) : isBought(data) && resolve(data)),
      error: reject,
    });
  });
  const { data } = await client.mutate({ mutation: gql(CHECKOUT), variables: { input: await order() } });
  await pay(data.createCheckoutSession);
  const { subscription } = (await pushed).subscriptionChanged;
  const { id, status } = client.cache.extract()[`BillingSubscription:${subscription.id}`];
  assert.deepEqual({ id, status }, { id: subscription.id, status: "ACTIVE" });
});

await check("a query is sent by its hash, and whole where the hash is not known", async () => {
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const query = gql(`query Run_${crypto.randomUUID().replaceAll("-", "")} { viewer { id } }`);
  const form = (request) => Object.keys(request).filter((name) => name === "query" || name === "extensions").sort();
  for (const forms of [[["extensions"], ["extensions", "query"]], [["extensions"]]]) {
    sent.length = 0;
    const { data } = await clientOver(new PersistedQueryLink({ sha256 }).concat(http)).query({ query });
    assert.match(data.viewer.id, /^user:/);
    assert.deepEqual(sent.map(form), forms);
  }
});

await socket.dispose();
