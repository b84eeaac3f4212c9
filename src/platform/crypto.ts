import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES_AT_ONCE = 256;
const KEY_BYTES = 32;

/** What was sealed cannot be opened: the key is gone, the text was changed, or it belongs to another place. */
export class CannotOpen extends Error {}

/**
 * Seals secrets with AES-256-GCM. A sealed text is `keyId.base64url(nonce, tag, ciphertext)`; `place` (tenant, connection
 * and field, say) is bound in, so that a sealed value copied to another row cannot be opened there.
 */
export class Keyring {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly newest: string;
  private readonly derived = new Map<string, Buffer>();

  /** Takes `ENCRYPTION_KEYS`: the first key seals, all open. */
  constructor(encryptionKeys: string) {
    const pairs = encryptionKeys.split(',').map((pair) => {
      const at = pair.indexOf(':');
      return [pair.slice(0, at).trim(), Buffer.from(pair.slice(at + 1).trim(), 'base64')] as const;
    });
    this.keys = new Map(pairs);
    this.newest = pairs[0]?.[0] ?? '';
  }

  /** The id of the key that seals. */
  get sealsWith(): string {
    return this.newest;
  }

  /** The ids of all keys that open. */
  get ids(): readonly string[] {
    return [...this.keys.keys()];
  }

  /** The same secret, sealed anew by the key that seals now. */
  reseal(sealed: string, place: string): string {
    return this.seal(this.open(sealed, place), place);
  }

  seal(plain: string, place: string): string {
    const nonce = newNonce();
    const cipher = createCipheriv('aes-256-gcm', this.keyFor(this.newest, place), nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(Buffer.from(place));
    const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return `${this.newest}.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`;
  }

  open(sealed: string, place: string): string {
    const dot = sealed.indexOf('.');
    const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url');
    if (dot < 1 || bytes.length < NONCE_BYTES + TAG_BYTES) throw new CannotOpen('not a sealed text');
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.keyFor(sealed.slice(0, dot), place), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return (
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch {
      throw new CannotOpen('sealed with another key, for another place, or changed since');
    }
  }

  /** The key of one purpose (`place` up to its first blank), so that no two purposes share one. */
  private keyFor(id: string, place: string): Buffer {
    const purpose = place.split(' ', 1)[0] ?? '';
    const name = `${id} ${purpose}`;
    const known = this.derived.get(name);
    if (known) return known;
    const key = this.keys.get(id);
    if (!key) throw new CannotOpen(`the encryption key ${id} is not configured`);
    const made = Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES));
    this.derived.set(name, made);
    return made;
  }
}

const nonces = Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE);
let used = nonces.length;

/** Twelve random bytes for one use at once; many are drawn at a time, since each draw is a call to the system. */
function newNonce(): Buffer {
  if (used === nonces.length) {
    randomFillSync(nonces);
    used = 0;
  }
  used += NONCE_BYTES;
  return nonces.subarray(used - NONCE_BYTES, used);
}

/** SHA-256. */
export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));
