// A client of the gateway: typed documents in, typed data out.
import { createClient } from "graphql-sse";
import type { TypedDocumentString } from "./generated/graphql.js";

export interface Gateway {
  url: string;
  token: string;
  /** Name documents instead of sending them, where the gateway was given their manifest. */
  trusted: boolean;
}

/** Left out where a document has none. */
type Given<Variables> = Variables extends Record<string, never> ? [] : [Variables];

/** A GraphQL error of the gateway's. */
interface Refusal {
  message: string;
  extensions?: { code?: string; requestId?: string };
}

/** What the gateway refused, and why. */
export class Refused extends Error {
  constructor(readonly errors: readonly Refusal[]) {
    super(errors.map(({ message, extensions }) => `${extensions?.code}: ${message}`).join("\n"));
  }
}

/** Asks a query, or has a mutation done. */
export async function ask<Data, Variables extends Record<string, unknown>>(
  gateway: Gateway,
  document: TypedDocumentString<Data, Variables>,
  ...[variables = {}]: Given<Variables>
): Promise<Data> {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization(gateway) },
    body: JSON.stringify(request(gateway, document, variables)),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: Refusal[] };
  if (errors || !data) {
    throw new Refused(errors ?? []);
  }
  return data;
}

/** Follows a subscription, from now on. */
export function follow<Data, Variables extends Record<string, unknown>>(
  gateway: Gateway,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): AsyncIterable<Data> {
  const client = createClient({ url: gateway.url, headers: authorization(gateway) });
  const results = client.iterate<Data>(request(gateway, document, variables));
  return (async function* () {
    for await (const { data, errors } of results) {
      if (errors) {
        throw new Refused(errors);
      }
      if (data) {
        yield data;
      }
    }
  })();
}

/** Waits until the gateway's mirror holds what a mutation made. */
export async function wait(gateway: Gateway, waitToken: string): Promise<void> {
  const url = new URL("/wait", gateway.url);
  url.searchParams.set("token", waitToken);
  const response = await fetch(url, { headers: authorization(gateway) });
  if (!response.ok) {
    throw new Error(`the mirror does not hold it: ${response.status} ${await response.text()}`);
  }
}

function authorization({ token }: Gateway) {
  return { authorization: `Bearer ${token}` };
}

function request<Data, Variables>(
  { trusted }: Gateway,
  document: TypedDocumentString<Data, Variables>,
  variables: Record<string, unknown>,
) {
  const named = trusted ? { query: "", documentId: document.__meta__?.["hash"] } : { query: document.toString() };
  return { ...named, variables };
}
