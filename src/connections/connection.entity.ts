import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { ConnectionError, ConnectionStatus, ConnectionWarning } from './connection-state';

/** A tenant's account at a vendor. */
@Entity('connections')
export class Connection {
  @PrimaryColumn('uuid', { name: 'tenant_id' })
  tenantId: string;
  @PrimaryColumn('uuid')
  id: string;
  @Column('text')
  vendor: string;
  @Column('text')
  name: string;
  @Column('jsonb')
  settings: Record<string, unknown>;
  /** Sealed: see the vault. */
  @Column('text')
  credentials: string;
  @Column('timestamptz', { name: 'credentials_updated_at' })
  credentialsUpdatedAt: string;
  @Column('boolean')
  disabled: boolean;
  @Column('text')
  status: ConnectionStatus;
  @Column('timestamptz', { name: 'last_sync_at', nullable: true })
  lastSyncAt: string | null;
  @Column('jsonb', { name: 'last_error', nullable: true })
  lastError: ConnectionError | null;
  @Column('jsonb')
  warnings: ConnectionWarning[];
  @Column('timestamptz', { name: 'created_at' })
  createdAt: string;
  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: string;
  @VersionColumn()
  version: number;
}
