// GraphQL over HTTP: every audit of the specification's reference implementation, and what travels compressed.
//
//   node graphql_http_audit.mjs URL
import assert from "node:assert/strict";
import { get } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { getIntrospectionQuery } from "graphql";
import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);
if (!URL.canParse(url)) {
  console.error("usage: graphql_http_audit.mjs URL");
  process.exit(2);
}

const results = await auditServer({ url });
assert.equal(results.length, 61);
const failed = results.filter(({ status }) => status !== "ok");
assert.deepEqual(failed.map(({ id, name, reason }) => [id, name, reason]), []);
console.log(`ok: ${results.length} audits`);

const schema = new URL(url);
schema.searchParams.set("query", getIntrospectionQuery());

async function asked(encoding) {
  const response = await new Promise((resolve, reject) => {
    get(schema, { headers: { "accept-encoding": encoding } }, resolve).on("error", reject);
  });
  return [response.headers, await buffer(response)];
}

const [plainHeaders, plain] = await asked("identity");
assert.equal(plainHeaders["content-encoding"], undefined);
assert.ok(JSON.parse(plain).data.__schema.types.length > 100, "the schema is there");
for (const [encoding, decode] of [["gzip", gunzipSync], ["br", brotliDecompressSync]]) {
  const [headers, packed] = await asked(encoding);
  assert.equal(headers["content-encoding"], encoding);
  assert.match(headers.vary, /accept-encoding/);
  assert.ok(packed.length * 4 < plain.length, `${packed.length} of ${plain.length} bytes`);
  assert.deepEqual(JSON.parse(decode(packed)), JSON.parse(plain));
  console.log(`ok: ${encoding}`);
}
