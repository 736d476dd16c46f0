import { graphql } from 'react-relay';

export const pages = graphql`
  fragment customer_payments on Customer
  @refetchable(queryName: "customerPaymentsQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
    email
    payments(first: $first, after: $after) @connection(key: "customer_payments") {
      edges { node { id status amount { decimal currency } ...customer_payment } }
    }
  }
`;

export const payment = graphql`
  fragment customer_payment on PaymentIntent { created customer { id } }
`;

export const query = graphql`
  query customerQuery { viewer { userId customer { ...customer_payments } } }
`;

export const mutation = graphql`
  mutation customerCheckoutMutation($input: CreateCheckoutSessionInput!) {
    createCheckoutSession(input: $input) { checkoutSession { id url } userErrors { field message code } }
  }
`;

export const subscription = graphql`
  subscription customerSubscription { subscriptionChanged { kind changedFields subscription { id status } } }
`;
