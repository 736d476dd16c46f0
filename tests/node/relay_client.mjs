// Relay: pages by a refetchable fragment, objects by their global ids, errors, a mutation, and changes over a WebSocket;
// all of them by the names of compiled documents, whose texts the gateway knows.
//
//   node relay_client.mjs URL TOKEN SUCCESS_URL CURSOR FOLDER
//
// FOLDER is where relay_compiler.mjs has put its artifacts.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import WebSocket from "ws";
import { check } from "./check.mjs";
import { authorization, cursor, invoices, isBought, order, pay, socketUrl, url } from "./shop.mjs";

const {
  Environment, Network, Observable, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery,
  getSingularSelector, requestSubscription,
} = relay;

const artifacts = join(process.argv[6], "artifacts");
const load = createRequire(import.meta.url);
const artifact = (name) => load(join(artifacts, `customer${name}.graphql.js`));

async function ask({ id, text }, variables) {
  assert.equal(text, null, "its name is sent, not its text");
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization },
    body: JSON.stringify({ documentId: id, variables }),
  });
  return response.json();
}

const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: authorization });

function follow({ id }, variables) {
  const request = { query: "", variables, extensions: { documentId: id } };
  return Observable.create((sink) => socket.subscribe(request, sink));
}

const store = new Store(new RecordSource());
const environment = new Environment({ network: Network.create(ask, follow), store });

function read(query, variables) {
  const operation = createOperationDescriptor(query, variables);
  environment.retain(operation);
  return environment.lookup(operation.fragment).data;
}

await check("a list is paged to its end, in the store", async () => {
  const [query, nextPage, fragment] = [artifact("Query"), artifact("InvoicesQuery"), artifact("_invoices")];
  await fetchQuery(environment, query, {}).toPromise();
  const { customer } = read(query, {}).viewer;
  const connection = () => environment.lookup(getSingularSelector(fragment, customer)).data.invoices;
  assert.equal(connection().edges.length, 2);
  while (connection().pageInfo.hasNextPage) {
    const known = connection().edges.length;
    const variables = { id: customer.id, first: 2, after: connection().pageInfo.endCursor };
    await fetchQuery(environment, nextPage, variables).toPromise();
    assert.ok(connection().edges.length > known, "another page is merged");
  }
  assert.deepEqual(connection().edges.map(({ node }) => node.id), invoices.map(({ id }) => id));
});

await check("an object is found by its global id, and is one in the store", async () => {
  const [{ id, number }] = invoices;
  await fetchQuery(environment, artifact("NodeQuery"), { id }).toPromise();
  const stored = store.getSource().get(id);
  assert.deepEqual([stored.__typename, stored.number, stored.status], ["Invoice", number, "PAID"]);
});

await check("a refusal has its code", async () => {
  await assert.rejects(fetchQuery(environment, artifact("RefusedQuery"), {}).toPromise(), ({ source }) => {
    assert.deepEqual(source?.errors.map(({ extensions }) => extensions.code), ["FORBIDDEN"]);
    return true;
  });
});

await check("what is bought is pushed, into the store too", async () => {
  const pushed = new Promise((resolve, reject) => {
    requestSubscription(environment, {
      subscription: artifact("Subscription"),
      variables: { after: cursor },
      onNext: (data) => isBought(data) && resolve(data.subscriptionChanged.subscription),
      onError: reject,
      onCompleted: () => reject(new Error("the subscription ended")),
    });
  });
  const input = await order();
  const { createCheckoutSession } = await new Promise((resolve, reject) => {
    const mutation = artifact("CheckoutMutation");
    commitMutation(environment, { mutation, variables: { input }, onCompleted: resolve, onError: reject });
  });
  await pay(createCheckoutSession);
  const { id } = await pushed;
  assert.equal(store.getSource().get(id).status, "ACTIVE");
});

await socket.dispose();
