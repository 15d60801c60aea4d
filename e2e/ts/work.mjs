// What a client does with the server, whichever client it is: both generations of the official SDK offer
// these methods under the same names. Every expectation here is about the sandbox's seeded portfolio.
import assert from 'node:assert/strict';

export const implementation = { name: 'e2e', version: '1' };

// work lists and uses everything once. It throws at the first surprise.
export async function work(client) {
  const { tools } = await client.listTools();
  assert.equal(tools.length, 31);
  for (const tool of tools) {
    assert.ok(tool.description && tool.title && tool.outputSchema, tool.name);
    assert.equal(typeof tool.annotations.readOnlyHint, 'boolean', tool.name);
  }
  await callTools(client);
  await browse(client);
  await prompt(client);
}

async function callTools(client) {
  const listed = await client.callTool({ name: 'list_accounts', arguments: { csm: 'grace@example.com', limit: 2 } });
  assert.equal(listed.isError ?? false, false);
  assert.equal(listed.structuredContent.total, 38);
  assert.deepEqual(JSON.parse(listed.content[0].text), listed.structuredContent);

  const bad = await client.callTool({ name: 'list_accounts', arguments: { limit: -1, serach: 'x' } });
  assert.equal(bad.isError, true);
  assert.match(bad.content[0].text, /limit/);
  assert.match(bad.content[0].text, /search/);
  await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /no_such_tool/);

  // A write, and twenty reads at once.
  const made = await client.callTool({ name: 'create_account', arguments: { name: 'Umbrella', external_id: 'umbrella-1' } });
  assert.equal(made.structuredContent.outcome, 'applied');
  const limits = Array.from({ length: 20 }, (_, i) => i + 1);
  const pages = await Promise.all(limits.map((limit) => client.callTool({ name: 'list_persons', arguments: { limit } })));
  assert.deepEqual(pages.map((page) => page.structuredContent.shown), limits);
}

async function browse(client) {
  const { resources } = await client.listResources();
  const account = resources.find((resource) => /\/accounts\/[^/]+$/.test(resource.uri));
  assert.ok(account.title);
  const { contents } = await client.readResource({ uri: account.uri });
  assert.equal(JSON.parse(contents[0].text).account.name, account.title);
  await assert.rejects(client.readResource({ uri: 'posthog://projects/1/accounts/00000000-0000-4000-8000-000000000000' }));

  const { resourceTemplates } = await client.listResourceTemplates();
  const template = resourceTemplates.find((candidate) => candidate.uriTemplate.endsWith('/accounts/{account_id}'));
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: template.uriTemplate },
    argument: { name: 'account_id', value: account.title },
    context: { arguments: { project_id: '1' } },
  });
  assert.ok(completion.values.includes(account.uri.split('/').at(-1)));
}

async function prompt(client) {
  const { prompts } = await client.listPrompts();
  assert.ok(prompts.some((candidate) => candidate.name === 'review_unassigned_accounts'));
  const { messages } = await client.getPrompt({ name: 'prepare_account_call', arguments: { account: 'Mistral Mobility' } });
  assert.match(messages[0].content.text, /Mistral Mobility/);
  const { completion } = await client.complete({
    ref: { type: 'ref/prompt', name: 'prepare_account_call' },
    argument: { name: 'account', value: 'Mistral M' },
  });
  assert.deepEqual(completion.values, ['Mistral Mobility']);
}
