import type { Keyring } from '../platform/crypto';

/** Where a connection's secrets lie: bound to tenant, connection and field, so that no row opens another's. */
export class Vault {
  constructor(private readonly keyring: Keyring) {}

  seal(owner: { tenantId: string; id: string }, field: 'credentials' | 'token', plain: unknown): string {
    return this.keyring.seal(JSON.stringify(plain), place(owner, field));
  }

  /** CannotOpen where the key is gone or the text is another connection's. */
  open(owner: { tenantId: string; id: string }, field: 'credentials' | 'token', sealed: string): unknown {
    return JSON.parse(this.keyring.open(sealed, place(owner, field))) as unknown;
  }
}

const place = ({ tenantId, id }: { tenantId: string; id: string }, field: string): string =>
  `vault ${tenantId} ${id} ${field}`;
