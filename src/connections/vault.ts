import { CannotOpen, type Keyring } from '../platform/crypto';
import type { SealedColumn } from '../platform/database/sealed-column';
import { Problem } from '../platform/http/problems';

type Field = 'credentials' | 'token';
interface Owner {
  readonly tenantId: string;
  readonly id: string;
}

/** Where a connection's secrets lie: bound to tenant, connection and field, so that no row opens another's. */
export class Vault {
  constructor(private readonly keyring: Keyring) {}

  seal(owner: Owner, field: Field, plain: unknown): string {
    return this.keyring.seal(JSON.stringify(plain), placeOf(owner, field));
  }

  /** CannotOpen where the key is gone or the text is another connection's. */
  open(owner: Owner, field: Field, sealed: string): unknown {
    return JSON.parse(this.keyring.open(sealed, placeOf(owner, field))) as unknown;
  }

  /** A connection's credentials; unavailable where the key that sealed them is gone. */
  credentialsOf(connection: Owner & { readonly credentials: string }): Record<string, unknown> {
    try {
      return this.open(connection, 'credentials', connection.credentials) as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      throw new Problem(
        'unavailable',
        'The credentials cannot be unsealed: the encryption key that sealed them is not configured',
      );
    }
  }
}

const placeOf = ({ tenantId, id }: Owner, field: Field): string => `vault ${tenantId} ${id} ${field}`;

const sealed = (table: string, id: string, field: Field): SealedColumn => ({
  table,
  name: `${table}.${field}`,
  key: { tenant_id: 'uuid', [id]: 'uuid' },
  text: field,
  put: (text) => `${field} = ${text}`,
  place: (tenantId = '', connectionId = '') => placeOf({ tenantId, id: connectionId }, field),
});

/** What of connections is sealed. */
export const SEALED_OF_CONNECTIONS: readonly SealedColumn[] = [
  sealed('connections', 'id', 'credentials'),
  sealed('connection_tokens', 'connection_id', 'token'),
];
