// What a frontend asks on behalf of the user who is signed in.
//
//   node dist/main.js [--trusted] [--after CURSOR] URL TOKEN SUCCESS_URL
import { parseArgs } from "node:util";
import { ask, follow, wait, type Gateway } from "./client.js";
import { changed, checkout, invoices, pricing, session } from "./documents.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { trusted: { type: "boolean", default: false }, after: { type: "string" } },
});
const [url, token, successUrl] = positionals;
if (!url || !token || !successUrl) {
  console.error("usage: main.js [--trusted] [--after CURSOR] URL TOKEN SUCCESS_URL");
  process.exit(2);
}
const gateway: Gateway = { url, token, trusted: values.trusted };

await showSession();
const priceId = await showPricing();
await showInvoices();
await buy(priceId, successUrl);

/** Who am I, and what may I use? */
async function showSession() {
  const { viewer } = await ask(gateway, session);
  const features = viewer?.entitlements.map(({ lookupKey }) => lookupKey).join(", ");
  console.log(`${viewer?.userId} is ${viewer?.status} and may use ${features || "nothing yet"}.`);
}

/** What can I buy? Returns a price in dollars. */
async function showPricing() {
  const { products } = await ask(gateway, pricing);
  const prices = products.nodes.flatMap(({ name, prices }) => prices.nodes.map((price) => ({ name, ...price })));
  for (const { name, unitAmount, currency, recurring } of prices) {
    console.log(`${name}: ${unitAmount?.decimal} ${currency} a ${recurring?.interval.toLowerCase()}`);
  }
  const price = prices.find(({ currency }) => currency === "usd");
  if (!price) {
    throw new Error("nothing is for sale in dollars");
  }
  return price.id;
}

/** What did I pay? All of it, page by page. */
async function showInvoices(after: string | null = null): Promise<void> {
  const { viewer } = await ask(gateway, invoices, { after });
  const page = viewer?.customer?.invoices;
  for (const { number, status, created, total } of page?.nodes ?? []) {
    console.log(`Invoice ${number} of ${created}: ${total?.decimal} ${total?.currency}, ${status}`);
  }
  if (page?.pageInfo.hasNextPage) {
    await showInvoices(page.pageInfo.endCursor);
  }
}

/** Opens a Checkout session, and follows what comes of it until a subscription is active. */
async function buy(priceId: string, successUrl: string) {
  const changes = follow(gateway, changed, { after: values.after });
  const input = { lineItems: [{ priceId }], successUrl };
  const { checkoutSession, userErrors } = (await ask(gateway, checkout, { input })).createCheckoutSession;
  if (!checkoutSession?.waitToken) {
    throw new Error(userErrors.map(({ field, message }) => `${field?.join(".")}: ${message}`).join("\n"));
  }
  await wait(gateway, checkoutSession.waitToken);
  console.log(`Pay at ${checkoutSession.url}`);
  for await (const { subscriptionChanged: { cursor, kind, subscription } } of changes) {
    const name = subscription.price?.product?.name;
    console.log(`${kind}: ${subscription.id} of ${name} is ${subscription.status} (cursor ${cursor})`);
    if (subscription.status === "ACTIVE") {
      break;
    }
  }
}
