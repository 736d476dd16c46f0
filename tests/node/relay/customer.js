import { graphql } from 'relay-runtime';

export const pages = graphql`
  fragment customer_invoices on Customer
  @refetchable(queryName: "customerInvoicesQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
    email
    invoices(first: $first, after: $after) @connection(key: "customer_invoices") {
      edges { node { id number total { decimal currency } ...customer_invoice } }
    }
  }
`;

export const invoice = graphql`
  fragment customer_invoice on Invoice { created customer { id } }
`;

export const query = graphql`
  query customerQuery { viewer { userId customer { id ...customer_invoices } } }
`;

export const node = graphql`
  query customerNodeQuery($id: ID!) { node(id: $id) { ... on Invoice { status } } }
`;

export const refused = graphql`
  query customerRefusedQuery { mirrorStatus { failedEvents } }
`;

export const mutation = graphql`
  mutation customerCheckoutMutation($input: CreateCheckoutSessionInput!) {
    createCheckoutSession(input: $input) { checkoutSession { id url status } userErrors { field message code } }
  }
`;

export const subscription = graphql`
  subscription customerSubscription($after: String) {
    subscriptionChanged(after: $after) { kind changedFields subscription { id status } }
  }
`;
