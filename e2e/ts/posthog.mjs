// PostHog's own SDK sends what applications send: it makes persons, changes them and merges them.
//
//   node posthog.mjs HOST
import { PostHog } from 'posthog-node';

const posthog = new PostHog('phc_sandbox', { host: process.argv[2], flushAt: 1, flushInterval: 0 });
const failures = [];
posthog.on('error', (error) => failures.push(error));

// Ada appears, signs up, and uses a second device before she signs in on it.
posthog.identify({ distinctId: 'ada', properties: { email: 'ada@customer.example', plan: 'trial', seats: 3 } });
await posthog.flush();
posthog.capture({ distinctId: 'ada', event: 'upgraded', properties: { $set: { plan: 'pro' }, $set_once: { plan: 'never', source: 'web' } } });
await posthog.flush();
posthog.alias({ distinctId: 'ada', alias: 'adas-phone' });
await posthog.flush();

// Two persons who turn out to be one.
posthog.identify({ distinctId: 'grace-old', properties: { email: 'grace@customer.example', nickname: 'Amazing' } });
posthog.identify({ distinctId: 'grace-new', properties: { email: 'grace@customer.example' } });
await posthog.flush();
posthog.capture({ distinctId: 'grace-new', event: '$merge_dangerously', properties: { alias: 'grace-old' } });
await posthog.shutdown();

if (failures.length > 0) {
  throw new AggregateError(failures, 'the SDK could not send');
}
console.log('ok');
