// The official graphql-ws client: subscribes, and prints each result as a line of JSON.
//
//   node graphql_ws_client.mjs WS_URL TOKEN QUERY [RESULTS]
//
// The first line is {"ready":true}, once the connection is acknowledged and the subscription is sent. Ends with 0 after
// RESULTS results (1 unless told), and with 1 and the reason on stderr where the server ends it earlier.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, query, count = "1"] = process.argv.slice(2);
const wanted = Number(count);
if (!url || token === undefined || !query || !(Number.isSafeInteger(wanted) && wanted > 0)) {
  console.error("usage: graphql_ws_client.mjs WS_URL TOKEN QUERY [RESULTS]");
  process.exit(2);
}

// The client has no event for a message that it has sent.
class Socket extends WebSocket {
  send(data, ...rest) {
    super.send(data, ...rest);
    if (JSON.parse(data).type === "subscribe") {
      print({ ready: true });
    }
  }
}

const client = createClient({
  url,
  webSocketImpl: Socket,
  connectionParams: token ? { authorization: `Bearer ${token}` } : undefined,
  retryAttempts: 0,
});

let received = 0;
try {
  for await (const result of client.iterate({ query })) {
    print(result);
    received += 1;
    if (received === wanted) {
      break;
    }
  }
} catch (error) {
  fail(describe(error));
}
if (received < wanted) {
  fail({ message: `completed after ${received} of ${wanted} results` });
}
await client.dispose();

function print(value) {
  console.log(JSON.stringify(value));
}

function fail(reason) {
  console.error(JSON.stringify(reason));
  process.exit(1);
}

// A failure is the close of the connection, a refused operation's GraphQL errors, or an error on the way.
function describe(error) {
  if (Array.isArray(error)) {
    return { errors: error };
  }
  if (typeof error?.code === "number") {
    return { code: error.code, reason: error.reason };
  }
  return { code: error?.code, message: error?.message || String(error) };
}
