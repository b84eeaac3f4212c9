import { Problem } from '../platform/http/problems';
import { hostAllowlist } from '../platform/outgoing';
import { VENDORS } from '../vendors/registry';
import type { Vendor } from '../vendors/contract';
import { configured } from './configuration';

const ALLOWED = hostAllowlist('127.0.0.1:8080,[::1]:8080');
const CASES = [...VENDORS].map(([name, vendor]) => ({ name, vendor }));

/** Where the vendor's own example leads. */
function rootOf(vendor: Vendor): string {
  const { credentials, settings } = vendor.example as Record<
    'credentials' | 'settings',
    Record<string, unknown>
  >;
  return configured(vendor, { credentials, settings }, ALLOWED).settings.baseUrl;
}
/** The pointers that a base URL is refused with; none where it is taken. */
function refusalOf(vendor: Vendor, baseUrl: unknown): (string | undefined)[] {
  const { credentials, settings } = vendor.example as Record<
    'credentials' | 'settings',
    Record<string, unknown>
  >;
  try {
    configured(vendor, { credentials, settings: { ...settings, baseUrl } }, ALLOWED);
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return (error.extras.errors ?? []).map(({ pointer }) => pointer);
  }
}

describe.each(CASES)("$name's base URL", ({ vendor }) => {
  const root = rootOf(vendor);
  const { host } = new URL(root);

  it('is taken as the vendor documents it, with or without a slash at its end, or where the operator allows it', () => {
    for (const good of [root, `${root}/`, 'http://127.0.0.1:8080/api', 'https://127.0.0.1:8080'])
      expect([good, refusalOf(vendor, good)]).toEqual([good, []]);
  });

  it.each([
    ['another host', (own: string) => own.replace(host, 'evil.example')],
    ["a host that ends with the vendor's", (own: string) => own.replace(host, `evil${host}`)],
    ["a host that begins with the vendor's", (own: string) => own.replace(host, `${host}.evil.example`)],
    ['a user', (own: string) => own.replace('://', '://user@')],
    ['a user and a password', (own: string) => own.replace('://', '://user:secret@')],
    ["the vendor's host as a user", (own: string) => own.replace(host, `${host}@evil.example`)],
    ["the vendor's host as a user, encoded", (own: string) => own.replace(host, `${host}%40evil.example`)],
    ['a backslash', (own: string) => own.replace(host, `evil.example\\@${host}`)],
    ['a fragment', (own: string) => `${own}#x`],
    ['an empty fragment', (own: string) => `${own}#`],
    ['a query', (own: string) => `${own}?a=b`],
    ['an empty query', (own: string) => `${own}?`],
    ['another port', (own: string) => own.replace(host, `${host}:8443`)],
    ['plain http', (own: string) => own.replace('https:', 'http:')],
    ['another scheme', (own: string) => own.replace('https:', 'ftp:')],
    ['a file', () => 'file:///etc/passwd'],
    ['encoded dots', (own: string) => `${own}/%2e%2e/x`],
    ['dots', (own: string) => `${own}/../x`],
    ['an encoded slash', (own: string) => `${own}/a%2fb`],
    ['letters that only look like the host', (own: string) => own.replace(host, host.replace('.', '。'))],
    ['a line break', (own: string) => own.replace(host, `${host}\n.evil.example`)],
    ['a tab', (own: string) => `${own}/\t`],
    ['a space before it', (own: string) => ` ${own}`],
    ['a private address', () => 'https://10.0.0.1/'],
    ['a private address as a number', () => 'https://2130706433/'],
    ['the address where clouds keep their secrets', () => 'http://169.254.169.254/latest'],
    ['an allowed host at another port', () => 'http://127.0.0.1:8081/'],
    ['an allowed host as IPv6', () => 'http://[::ffff:127.0.0.1]:8080/'],
    ['no text', () => 7],
  ] as const)('is refused with %s', (_what, of) => {
    const pointers = refusalOf(vendor, of(root));
    expect(pointers.length).toBeGreaterThan(0);
    expect(pointers.every((pointer) => pointer === '/settings/baseUrl')).toBe(true);
  });
});

describe('a shard that a key names', () => {
  const cliniko = CASES.find(({ vendor }) => 'apiKey' in vendor.example.credentials)!;
  const hostFor = (apiKey: string): string => {
    const { settings } = cliniko.vendor.example as { settings: Record<string, unknown> };
    try {
      const { settings: whole } = configured(cliniko.vendor, { credentials: { apiKey }, settings }, ALLOWED);
      return new URL(whole.baseUrl).host;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return 'refused';
    }
  };

  it.each([
    'key-au1.evil.com',
    'key-au1@evil',
    'key-AU1',
    'key-aμ1',
    'key-au1\n',
    'key-\nau1',
    'key-au1/',
    'key-au1#',
    'key-au123',
    'key-au1.cliniko.com/v1?',
  ])('is never %p: the key goes to the vendor or nowhere', (apiKey) => {
    expect(['api.au1.cliniko.com', 'refused']).toContain(hostFor(apiKey));
  });

  it('is where the key goes', () => {
    expect(hostFor('key-uk2')).toBe('api.uk2.cliniko.com');
  });
});
