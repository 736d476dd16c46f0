// What is asked of the gateway. `npm run generate` writes the types of these documents, and their manifest.
import { graphql } from "./generated/index.js";

export const session = graphql(`
  query Session {
    viewer {
      userId
      status
      entitlements { lookupKey }
      customer { id }
    }
  }
`);

export const pricing = graphql(`
  query Pricing {
    products(orderBy: { field: NAME }) {
      nodes {
        name
        prices(filter: { type: { eq: RECURRING } }) {
          nodes { id currency unitAmount { decimal } recurring { interval } }
        }
      }
    }
  }
`);

export const invoices = graphql(`
  query Invoices($after: String) {
    viewer {
      customer {
        invoices(first: 2, after: $after) {
          nodes { number status created total { decimal currency } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export const checkout = graphql(`
  mutation Checkout($input: CreateCheckoutSessionInput!) {
    createCheckoutSession(input: $input) {
      checkoutSession { id url waitToken }
      userErrors { field code message }
    }
  }
`);

export const changed = graphql(`
  subscription Changed($after: String) {
    subscriptionChanged(after: $after) {
      cursor
      kind
      changedFields
      subscription { id status price { product { name } } }
    }
  }
`);
