import type { Statement } from '../platform/database/database';
import type { Connection } from './connection.entity';

/** A row as `connectionStatement` reads it: the entity, its times as text. */
export type ConnectionRow = Connection & Record<string, unknown>;

const SELECT = `select tenant_id as "tenantId", id, vendor, name, settings, credentials,
    credentials_updated_at as "credentialsUpdatedAt", disabled, status, last_sync_at as "lastSyncAt",
    last_error as "lastError", warnings, created_at as "createdAt", updated_at as "updatedAt", version
  from connections where tenant_id = $1 and id =`;

/** Reads a connection; one statement, since every call to a vendor begins with it. */
export const connectionStatement = (tenantId: string, id: string): Statement => ({
  name: 'connection',
  text: `${SELECT} $2`,
  values: [tenantId, id],
});

/** Reads the connection that one of our records is of. */
export const connectionOfStatement = (tenantId: string, recordId: string): Statement => ({
  name: 'connection_of',
  text: `${SELECT} (select connection_id from remote_ids where tenant_id = $1 and id = $2)`,
  values: [tenantId, recordId],
});
