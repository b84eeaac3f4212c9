import type { CommonSettings } from '../vendors/kit/config';
import type { Configured, Vendor } from '../vendors/contract';
import { validated } from '../platform/http/validation';
import { wrongField } from '../platform/http/problems';

type Plain = Readonly<Record<string, unknown>>;

/** Hosts beyond the vendors' own that connections may call: `host:port`, from the operator. */
export type HostAllowlist = ReadonlySet<string>;

/** Reads `VENDOR_HOST_ALLOWLIST`. */
export const hostAllowlist = (list: string): HostAllowlist =>
  new Set(
    list
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  );

/**
 * A connection's credentials and settings as the vendor's classes want them; validation_failed with pointers below
 * /credentials and /settings. No host but the vendor's own and the operator's is ever let in.
 */
export function configured(
  vendor: Vendor,
  given: { credentials: Plain; settings: Plain },
  allowed: HostAllowlist,
): Configured<object, CommonSettings> {
  const credentials = validated(vendor.credentials, given.credentials, { path: '/credentials' });
  const completed =
    vendor.complete?.({ credentials: { ...given.credentials }, settings: { ...given.settings } }) ??
    given.settings;
  const settings = validated(vendor.settings, completed, { path: '/settings' });
  if (/\\u(?:0000|d[89a-f][0-9a-f]{2})/.test(JSON.stringify(settings)))
    throw wrongField('/settings', 'must hold no NUL and no half of a surrogate pair');
  const connection = { credentials, settings };
  for (const url of vendor.urls(connection)) {
    if (!mayCall(vendor, url, allowed))
      throw wrongField(
        '/settings/baseUrl',
        "leads to a host that is neither the vendor's own nor allowed by the operator",
      );
  }
  return connection;
}

const PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** Plain http, and hosts that are not the vendor's, only where the operator names them. */
function mayCall(vendor: Vendor, url: string, allowed: HostAllowlist): boolean {
  const { protocol, hostname, port, host, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  if (allowed.has(`${hostname}:${port || (PORTS[protocol] ?? '')}`)) return true;
  return protocol === 'https:' && vendor.hosts.some((own) => own.test(host));
}

/** `settings` with `changes` merged key by key: null removes a key, an object replaces one whole. */
export function merged(settings: Plain, changes: Plain): Record<string, unknown> {
  const all = Object.entries({ ...settings, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== null && value !== undefined));
}
