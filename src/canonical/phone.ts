import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** The same telephone number twice: as E.164 where it can be told, and as the vendor wrote it. */
export interface Phone {
  readonly phone: string | null;
  readonly phoneRaw: string | null;
}

const cache = new Map<string, string | null>();
const CACHE_SIZE = 5000;

/** Reads a number, a national one as dialled in `region` (ISO 3166-1 alpha-2). What cannot be a number stays in `phoneRaw` alone. */
export function readPhone(raw: string | null, region: string | null): Phone {
  if (raw === null) return { phone: null, phoneRaw: null };
  const key = `${region ?? ''} ${raw}`;
  let e164 = cache.get(key);
  if (e164 === undefined) {
    const parsed = parsePhoneNumberFromString(raw, (region ?? undefined) as CountryCode | undefined);
    // Not only numbers of ranges that are given out today: those are added to faster than lists of them are.
    e164 = parsed?.isPossible() && /^[1-9]/.test(parsed.nationalNumber) ? parsed.number : null;
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(key, e164);
  }
  return { phone: e164, phoneRaw: raw };
}
