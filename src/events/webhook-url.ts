import { isAllowlisted, isForbiddenHost, type HostAllowlist } from '../platform/outgoing';

const LONGEST = 2000;

/** Why nothing may be sent to this URL, in words for its owner; null where it may. The address is checked again at each connection. */
export function refusalOf(text: string, allowed: HostAllowlist): string | null {
  const url = text.length <= LONGEST && URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must hold no user name and no password';
  if (url.hash !== '') return 'must hold no fragment';
  if (isAllowlisted(url, allowed)) return null;
  if (isForbiddenHost(url.hostname))
    return 'must lead to a public address, unless the operator allows it (WEBHOOK_HOST_ALLOWLIST)';
  return url.protocol === 'https:' ? null : 'must be an https URL';
}
