import { randomBytes } from 'node:crypto';
import { CannotOpen, type Keyring } from '../platform/crypto';
import type { SealedColumn } from '../platform/database/sealed-column';

const PREFIX = 'whsec_';
const [SHORTEST, LONGEST, OURS] = [24, 64, 32];

interface Owner {
  readonly tenantId: string;
  readonly id: string;
}
/** The secrets of an endpoint as they are kept. */
export interface SealedSecrets {
  readonly secret: string;
  readonly previousSecret: string | null;
}

/** A new secret, in the form that Standard Webhooks give it. */
export const newSecret = (): string => PREFIX + randomBytes(OURS).toString('base64');

/** Whether a text is a secret as Standard Webhooks want them: `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64');
  const isWhole = text === PREFIX + bytes.toString('base64');
  return isWhole && bytes.length >= SHORTEST && bytes.length <= LONGEST;
}

/** Where endpoints' secrets lie: bound to tenant, endpoint and field, so that no row opens another's. */
export class WebhookSecrets {
  constructor(private readonly keyring: Keyring) {}

  seal(owner: Owner, secret: string): string {
    return this.keyring.seal(secret, place(owner, 'secret'));
  }

  /** The kept secret, sealed anew for the place of the one before; null where the key that sealed it is gone. */
  sealPrevious(owner: Owner, sealed: string): string | null {
    const secrets = this.open(owner, { secret: sealed, previousSecret: null });
    return secrets?.[0] === undefined ? null : this.keyring.seal(secrets[0], place(owner, 'previous'));
  }

  /** What signs now, the newest first; null where the key that sealed it is gone. */
  open(owner: Owner, { secret, previousSecret }: SealedSecrets): readonly string[] | null {
    try {
      const newest = this.keyring.open(secret, place(owner, 'secret'));
      return previousSecret === null
        ? [newest]
        : [newest, this.keyring.open(previousSecret, place(owner, 'previous'))];
    } catch (error) {
      if (error instanceof CannotOpen) return null;
      throw error;
    }
  }
}

const place = ({ tenantId, id }: Owner, field: string): string => `webhook ${tenantId} ${id} ${field}`;

const column = (name: string, field: string): SealedColumn => ({
  table: 'webhook_endpoints',
  name: `webhook_endpoints.${name}`,
  key: { tenant_id: 'uuid', id: 'uuid' },
  text: name,
  put: (text) => `${name} = ${text}`,
  place: (tenantId = '', id = '') => place({ tenantId, id }, field),
});

/** What of webhook endpoints is sealed. */
export const SEALED_OF_WEBHOOKS: readonly SealedColumn[] = [
  column('secret', 'secret'),
  column('previous_secret', 'previous'),
];
