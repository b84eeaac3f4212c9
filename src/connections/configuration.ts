import type { CommonSettings } from '../vendors/kit/config';
import type { Configured, Vendor } from '../vendors/contract';
import { validated } from '../platform/http/validation';
import { wrongField } from '../platform/http/problems';
import { isAllowlisted, type HostAllowlist } from '../platform/outgoing';

type Plain = Readonly<Record<string, unknown>>;

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

/**
 * A URL that every reader takes apart alike: what is checked is where the calls go. Nothing in it needs decoding or could
 * be read as another host.
 */
const NORMAL = /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*\/*$/;

/** Plain http, and hosts that are not the vendor's, only where the operator names them. */
function mayCall(vendor: Vendor, text: string, allowed: HostAllowlist): boolean {
  if (!NORMAL.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (![text, `${text}/`].includes(url.href)) return false;
  if (isAllowlisted(url, allowed)) return true;
  return url.protocol === 'https:' && vendor.hosts.some((own) => own.test(url.host));
}

/** `settings` with `changes` merged key by key: null removes a key, an object replaces one whole. */
export function merged(settings: Plain, changes: Plain): Record<string, unknown> {
  const all = Object.entries({ ...settings, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== null && value !== undefined));
}
