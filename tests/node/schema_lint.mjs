// Lints schema.graphql by the rules of @graphql-eslint for schemas and for Relay:
//   node schema_lint.mjs <schema.graphql>

import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';
import { dirname } from 'node:path';

const schema = process.argv[2];

// What has no id of its own is a part of what has one.
const parts = [
  'BillingMonth', 'BillingSummary', 'Card', 'MirrorStatus', 'MirroredObjects', 'Money', 'PageInfo', 'PaymentError',
  'Recurring', 'SubscriptionChange', 'SubscriptionStatusCount', 'SweepStatus', 'SyncRunObject', 'TransformQuantity',
  'UserError', 'VerificationStatus',
];

// What stays as it is, each as often as it is here.
const accepted = [
  // The subscription is what changed.
  'Field "subscriptionChanged" should not have "subscription" prefix',
  'Field "subscriptionChanged" starts with the name of the parent type "Subscription"',
  // Stripe's objects, of which these are lists, and Stripe's own names of fields.
  'Field "invoiceItems" starts with the name of the parent type "Invoice"',
  'Field "invoicePayments" starts with the name of the parent type "Invoice"',
  'Field "invoicePdf" starts with the name of the parent type "Invoice"',
  'Field "transferGroup" starts with the name of the parent type "Transfer"',
  // The identity provider's ids, and Stripe's of plans, beside the global ones.
  'Field "organizationId" starts with the name of the parent type "Organization"',
  'Field "planId" starts with the name of the parent type "Plan"',
  'Field "userId" starts with the name of the parent type "User"',
  // Loads and events, of operators, who have fields of their own for them.
  "Edge type's field `node` must implement `Node` interface.",
  "Edge type's field `node` must implement `Node` interface.",
  // The specification's own directive.
  'Directive `specifiedBy` is unreachable.',
];

const rules = {
  ...graphql.configs['flat/schema-recommended'].rules,
  ...graphql.configs['flat/schema-relay'].rules,
  // Connections have `nodes` beside `edges`, and short lists need no connection.
  '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
  '@graphql-eslint/strict-id-in-types':
    ['error', { exceptions: { suffixes: ['Connection', 'Edge', 'Payload'], types: parts } }],
};
const config = {
  files: ['**/*.graphql'],
  languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
  plugins: { '@graphql-eslint': graphql },
  rules,
};
const eslint = new ESLint({ cwd: dirname(schema), overrideConfigFile: true, overrideConfig: [config] });
const [{ messages }] = await eslint.lintFiles([schema]);
const wrong = [];
for (const { line, message, ruleId } of messages) {
  const place = accepted.indexOf(message);
  if (place >= 0) {
    accepted.splice(place, 1);
  } else {
    wrong.push(`line ${line}: ${message} (${ruleId})`);
  }
}
wrong.push(...accepted.map((message) => `this is accepted and does not occur: ${message}`));
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
console.log(`ok: ${Object.keys(rules).length} rules`);
