// The official Stripe SDK as the other side of webhook signatures.
//
//   node stripe_sdk_signer.mjs WEBHOOK_URL SECRET [NOW]   signs events and posts them to the gateway
//   node stripe_sdk_signer.mjs verify SECRET [NOW]        checks {"body", "header"}, read as JSON from stdin
//
// NOW is the other side's clock in unix seconds, where that is not the real time.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import Stripe from "stripe";

import { check } from "./check.mjs";

const [target, secret, clock] = process.argv.slice(2);
const now = clock === undefined ? Math.floor(Date.now() / 1000) : Number(clock);
if (!target || !secret || !Number.isSafeInteger(now)) {
  console.error("usage: stripe_sdk_signer.mjs WEBHOOK_URL|verify SECRET [NOW]");
  process.exit(2);
}

const { webhooks } = new Stripe("sk_test_unused");

function construct(body, header) {
  const tolerance = undefined;
  const cryptoProvider = undefined;
  return webhooks.constructEvent(body, header, secret, tolerance, cryptoProvider, now * 1000);
}

async function verify() {
  await check("the SDK accepts the signature", async () => {
    const { body, header } = JSON.parse(await text(process.stdin));
    const event = construct(body, header);
    assert.deepEqual(event, JSON.parse(body));
  });
}

async function sign() {
  const payload = JSON.stringify(customerCreated(), null, 2);
  const header = (options) =>
    webhooks.generateTestHeaderString({ payload, secret, timestamp: now, ...options });

  await check("the SDK accepts its own signature", () => {
    assert.equal(construct(payload, header()).type, "customer.created");
  });
  await check("the gateway accepts the SDK's signature", async () => {
    assert.deepEqual(await post(payload, header()), { status: 200, body: { received: true } });
  });
  await check("the gateway refuses another secret", async () => {
    assertInvalid(await post(payload, header({ secret: `${secret}x` })));
  });
  await check("the gateway refuses a signature of 301 seconds ago", async () => {
    assertInvalid(await post(payload, header({ timestamp: now - 301 })));
  });
  await check("the gateway refuses a body that was changed after signing", async () => {
    assertInvalid(await post(payload.replace("Zoë", "Zoe"), header()));
  });
}

async function post(body, signature) {
  const response = await fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": signature },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.text();
  try {
    return { status: response.status, body: JSON.parse(answer) };
  } catch {
    throw new Error(`status ${response.status}, and the answer is not JSON: ${answer}`);
  }
}

function assertInvalid({ status, body }) {
  assert.equal(status, 400, `status ${status}: ${JSON.stringify(body)}`);
  assert.deepEqual(Object.keys(body).sort(), ["code", "message", "requestId"]);
  assert.equal(body.code, "INVALID");
  for (const [field, value] of Object.entries(body)) {
    assert.ok(typeof value === "string" && value, `${field} is ${JSON.stringify(value)}`);
  }
}

function customerCreated() {
  return {
    id: "evt_sdk_signer",
    object: "event",
    api_version: Stripe.API_VERSION,
    created: now,
    data: {
      object: {
        id: "cus_sdk_signer",
        object: "customer",
        address: null,
        balance: 0,
        created: now,
        currency: null,
        default_source: null,
        delinquent: false,
        description: "Größe · 価格 · 🧾",
        email: "zoe@example.com",
        invoice_prefix: "SDKSIGNR",
        invoice_settings: {
          custom_fields: null,
          default_payment_method: null,
          footer: null,
          rendering_options: null,
        },
        livemode: false,
        metadata: {},
        name: "Zoë Łukasiewicz",
        next_invoice_sequence: 1,
        phone: null,
        preferred_locales: [],
        shipping: null,
        tax_exempt: "none",
        test_clock: null,
      },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: "customer.created",
  };
}

await (target === "verify" ? verify() : sign());
