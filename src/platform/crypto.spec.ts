import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CannotOpen, Keyring } from './crypto';

const KEY = randomBytes(32);
const pair = (id: string, key = randomBytes(32)): string => `${id}:${key.toString('base64')}`;
const ring = new Keyring(pair('one', KEY));
const PLACE = 'vault tenant connection credentials';

const bytesOf = (sealed: string): Buffer => Buffer.from(sealed.slice(sealed.indexOf('.') + 1), 'base64url');
const withBytes = (bytes: Buffer): string => `one.${bytes.toString('base64url')}`;

it('opens what it sealed, and never seals twice alike', () => {
  const [once, again] = [ring.seal('secret', PLACE), ring.seal('secret', PLACE)];
  expect([ring.open(once, PLACE), ring.open(again, PLACE)]).toEqual(['secret', 'secret']);
  expect(once).not.toBe(again);
});

it.each([
  ['another tenant', 'vault other connection credentials'],
  ['another connection', 'vault tenant other credentials'],
  ['another field', 'vault tenant connection token'],
  ['another purpose', 'webhook tenant connection credentials'],
])('opens nothing for %s', (_what, place) => {
  const sealed = ring.seal('secret', PLACE);
  expect(() => ring.open(sealed, place)).toThrow(CannotOpen);
});

it('opens nothing of which a bit was changed, wherever', () => {
  const bytes = bytesOf(ring.seal('secret', PLACE));
  for (let i = 0; i < bytes.length; i += 1) {
    const spoilt = Buffer.from(bytes);
    spoilt[i] = (spoilt[i] ?? 0) ^ 1;
    expect(() => ring.open(withBytes(spoilt), PLACE)).toThrow(CannotOpen);
  }
});

it.each([4, 8, 12, 13, 14, 15])('takes no tag of %d bytes, which Node would', (length) => {
  const nonce = randomBytes(12);
  const key = Buffer.from(hkdfSync('sha256', KEY, '', 'vault', 32));
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: length });
  cipher.setAAD(Buffer.from(PLACE));
  const text = Buffer.concat([cipher.update('a secret that is long enough for any tag'), cipher.final()]);
  const short = withBytes(Buffer.concat([nonce, cipher.getAuthTag(), text]));
  expect(() => ring.open(short, PLACE)).toThrow(CannotOpen);
});

it.each(['', 'one', 'one.', '.abc', 'one.AAAA', 'none.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
  'finds nothing to open in "%s"',
  (text) => {
    expect(() => ring.open(text, PLACE)).toThrow(CannotOpen);
  },
);

it('seals with the first key, opens with all, and seals anew what an older one sealed', () => {
  const both = new Keyring(`${pair('two')}, ${pair('one', KEY)}`);
  const old = ring.seal('secret', PLACE);
  expect(both.open(old, PLACE)).toBe('secret');
  const anew = both.reseal(old, PLACE);
  expect([anew.split('.')[0], both.open(anew, PLACE)]).toEqual(['two', 'secret']);
  expect(() => ring.open(anew, PLACE)).toThrow(/two is not configured/);
});
