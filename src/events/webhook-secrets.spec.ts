import { randomBytes } from 'node:crypto';
import { Keyring } from '../platform/crypto';
import { isSecret, newSecret, WebhookSecrets } from './webhook-secrets';

const KEYS = `one:${randomBytes(32).toString('base64')}`;
const OWNER = { tenantId: 'tenant-1', id: 'endpoint-1' };
const of = (bytes: number): string => `whsec_${randomBytes(bytes).toString('base64')}`;

it.each([newSecret(), of(24), of(32), of(63), of(64)])('%s is a secret', (text) => {
  expect(isSecret(text)).toBe(true);
});

it.each([
  ['', 'nothing'],
  ['whsec_', 'no key'],
  [of(23), 'too short a key'],
  [of(65), 'too long a key'],
  [newSecret().replace('whsec_', ''), 'no prefix'],
  [newSecret().replace('whsec_', 'whsk_'), 'another prefix'],
  [`${newSecret()}=`, 'too much padding'],
  [`whsec_${'!'.repeat(44)}`, 'no base64'],
  [`whsec_${randomBytes(25).toString('base64').replace(/=+$/, '')}`, 'too little padding'],
  [` ${newSecret()}`, 'a blank'],
])('%s is none (%s)', (text) => {
  expect(isSecret(text)).toBe(false);
});

it('what was sealed opens, the newest first', () => {
  const secrets = new WebhookSecrets(new Keyring(KEYS));
  const old = secrets.seal(OWNER, 'whsec_old');
  const rotated = {
    secret: secrets.seal(OWNER, 'whsec_new'),
    previousSecret: secrets.sealPrevious(OWNER, old),
  };
  expect(secrets.open(OWNER, { secret: old, previousSecret: null })).toEqual(['whsec_old']);
  expect(secrets.open(OWNER, rotated)).toEqual(['whsec_new', 'whsec_old']);
});

it.each([
  ["another tenant's", { ...OWNER, tenantId: 'tenant-2' }],
  ["another endpoint's", { ...OWNER, id: 'endpoint-2' }],
])('does not open as %s', (_whose, other) => {
  const secrets = new WebhookSecrets(new Keyring(KEYS));
  const secret = secrets.seal(OWNER, 'whsec_mine');
  expect(secrets.open(other, { secret, previousSecret: null })).toBeNull();
});

it('does not open in another field, or when its key is gone', () => {
  const secrets = new WebhookSecrets(new Keyring(KEYS));
  const secret = secrets.seal(OWNER, 'whsec_mine');
  expect(secrets.open(OWNER, { secret, previousSecret: secret })).toBeNull();
  const others = new WebhookSecrets(new Keyring(`two:${randomBytes(32).toString('base64')}`));
  expect(others.open(OWNER, { secret, previousSecret: null })).toBeNull();
});
