import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'sgw_';
const RANDOM_LENGTH = 30;
const CHECK_LENGTH = 6;
const KEY = new RegExp(
  `^${PREFIX}([0-9A-Za-z]{${String(RANDOM_LENGTH)}})([0-9A-Za-z]{${String(CHECK_LENGTH)}})$`,
);

function checksum(text: string): string {
  let rest = crc32(text);
  let written = '';
  for (let i = 0; i < CHECK_LENGTH; i += 1) {
    written = (ALPHABET[rest % ALPHABET.length] ?? '') + written;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return written;
}

/** A new API key: `sgw_`, 30 random characters and a checksum. */
export function newKey(): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return PREFIX + random + checksum(random);
}

/** Whether a text can be a key at all: what was made up costs no query. */
export function looksLikeKey(text: string): boolean {
  const m = KEY.exec(text);
  return m?.[1] !== undefined && checksum(m[1]) === m[2];
}

/** The part of a key that may be shown again, to tell keys apart. */
export const shownPrefix = (key: string): string => key.slice(0, PREFIX.length + 6);
