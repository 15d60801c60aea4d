// Deletes accounts with a person in front of the client who answers the server's questions: with the official
// SDK of the 1.x line (sdk) or the client of the 2.x line in one of its modes.
//
//   node confirm.mjs sdk|legacy|auto|pin stdio PROGRAM | http URL
import assert from 'node:assert/strict';

import { implementation } from './work.mjs';

const [mode, way, target] = process.argv.slice(2);
const capabilities = { elicitation: { form: {} } };
const { client, transport } = await (mode === 'sdk' ? first : second)();

const asked = [];
let answer;
const answering = async (request) => {
  asked.push(request.params);
  return answer;
};
await onElicitation();
await client.connect(transport);

const remove = (account) => client.callTool({ name: 'delete_account', arguments: { account } });
const exists = async (account) => !(await client.callTool({ name: 'get_account', arguments: { account } })).isError;

for (answer of [{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { go_ahead: false } }]) {
  const { structuredContent, isError } = await remove('mistral-mobility');
  assert.equal(isError ?? false, false);
  assert.match(structuredContent.note, /Nothing has been done/);
  assert.equal(structuredContent.confirmation, undefined);
  assert.ok(await exists('mistral-mobility'));
}
answer = { action: 'accept', content: { go_ahead: true } };
assert.equal((await remove('mistral-mobility')).structuredContent.outcome, 'applied');
assert.equal(await exists('mistral-mobility'), false);

assert.equal(asked.length, 4);
assert.match(asked[0].message, /Delete the account "Mistral Mobility"/);
assert.equal(asked[0].requestedSchema.properties.go_ahead.type, 'boolean');
await client.close();
console.log('ok');

async function first() {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  return { client: new Client(implementation, { capabilities }), transport: new StdioClientTransport({ command: target, args: ['--sandbox'] }) };
}

async function second() {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  return {
    client: new Client(implementation, { capabilities, versionNegotiation: { mode: mode === 'pin' ? { pin: '2026-07-28' } : mode } }),
    transport: way === 'http' ? new StreamableHTTPClientTransport(new URL(target)) : new StdioClientTransport({ command: target, args: ['--sandbox'] }),
  };
}

// The first line names a request by its schema, the second by its method.
async function onElicitation() {
  if (mode !== 'sdk') {
    client.setRequestHandler('elicitation/create', answering);
    return;
  }
  const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  client.setRequestHandler(ElicitRequestSchema, answering);
}
