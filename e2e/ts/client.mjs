// The official TypeScript client of the 2.x line, which speaks both eras of the protocol. It prints the version
// it settled on.
//
//   node client.mjs legacy|auto|pin stdio PROGRAM | http URL | sse URL
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { implementation, work } from './work.mjs';

const [mode, way, target] = process.argv.slice(2);
const transports = {
  stdio: () => new StdioClientTransport({ command: target, args: ['--sandbox'] }),
  http: () => new StreamableHTTPClientTransport(new URL(target)),
  sse: () => new SSEClientTransport(new URL(target)),
};

const client = new Client(implementation, {
  versionNegotiation: { mode: mode === 'pin' ? { pin: '2026-07-28' } : mode },
});
await client.connect(transports[way]());
await work(client);
console.log(client.getNegotiatedProtocolVersion());
await client.close();
