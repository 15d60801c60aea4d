// The official TypeScript SDK of the 1.x line, which most clients are built on.
//
//   node sdk.mjs stdio PROGRAM | http URL | sse URL
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { implementation, work } from './work.mjs';

const [way, target] = process.argv.slice(2);
const transports = {
  stdio: () => new StdioClientTransport({ command: target, args: ['--sandbox'] }),
  http: () => new StreamableHTTPClientTransport(new URL(target)),
  sse: () => new SSEClientTransport(new URL(target)),
};

const client = new Client(implementation);
await client.connect(transports[way]());
await work(client);
await client.close();
console.log('ok');
