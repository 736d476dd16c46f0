// Composes what `billgraph schema --federation` prints with another team's subgraph, as a router's supergraph:
//   node composition.mjs < subgraph.graphql

import { composeServices } from '@apollo/composition';
import { readFileSync } from 'node:fs';
import { parse } from 'graphql';

// It adds what it knows to customers, and leads to them from its own objects.
const workspaces = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])

  type Query { workspace(id: ID!): Workspace, workspaces(first: Int): WorkspaceConnection! }
  type Workspace @key(fields: "id") { id: ID!, name: String!, customer: Customer, subscription: BillingSubscription }
  type WorkspaceConnection { nodes: [Workspace!]!, pageInfo: PageInfo! }
  type PageInfo @shareable { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
  type Customer @key(fields: "id") { id: ID!, workspaces: [Workspace!]! }
  type BillingSubscription @key(fields: "id", resolvable: false) { id: ID! }
`;

const billing = readFileSync(0, 'utf8');
const { errors, hints, supergraphSdl } = composeServices([
  { name: 'billing', url: 'http://billing/graphql', typeDefs: parse(billing) },
  { name: 'workspaces', url: 'http://workspaces/graphql', typeDefs: parse(workspaces) },
]);
const wrong = (errors ?? []).concat(hints ?? []).map(({ message }) => message);

const types = new Map(parse(supergraphSdl ?? 'scalar None').definitions.map((type) => [type.name?.value, type]));
const arguments_ = (node, directive) => (node?.directives ?? [])
  .filter((used) => used.name.value === directive)
  .map((used) => Object.fromEntries(used.arguments.map(({ name, value }) => [name.value, value.value])));
const keys = (name) => arguments_(types.get(name), 'join__type')
  .map(({ graph, key, resolvable }) => `${graph} ${key}${resolvable === false ? ' elsewhere' : ''}`).join(', ');
const expected = {
  Customer: 'BILLING id, WORKSPACES id', BillingSubscription: 'BILLING id, WORKSPACES id elsewhere',
  Invoice: 'BILLING id', User: 'BILLING id', Workspace: 'WORKSPACES id',
};
for (const [name, joined] of Object.entries(expected)) {
  if (keys(name) !== joined) wrong.push(`${name}: ${keys(name)}, not ${joined}`);
}
const nodes = [...types.values()].filter((type) => type.interfaces?.some(({ name }) => name.value === 'Node'));
for (const { name: { value } } of nodes) {
  if (!keys(value).startsWith('BILLING id')) wrong.push(`${value} has no key`);
}
if (!types.get('Subscription')?.fields.some(({ name }) => name.value === 'subscriptionChanged')) {
  wrong.push('the subscriptions are lost');
}
if (wrong.length > 0 || nodes.length < 40) {
  console.error(wrong.join('\n') || `${nodes.length} nodes`);
  process.exit(1);
}
console.log(`ok: ${nodes.length} nodes are entities`);
