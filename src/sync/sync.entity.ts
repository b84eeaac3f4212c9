import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ResourceName } from '../canonical/index';
import type { ConnectionWarning } from '../connections/connection-state';

export const SYNC_MODES = ['full', 'incremental'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];
export const SYNC_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'partial'] as const;
export type SyncStatus = (typeof SYNC_STATUSES)[number];

/**
 * What a sync is at with a resource. A full one first brings in what an incremental one would, so that whatever the whole
 * list then shows to be wrong is drift; last it looks after what the list no longer holds.
 */
export type Phase = 'catch_up' | 'list' | 'missing';
/** How far a sync is with one resource. `phase` and `cursor` are where a killed run goes on. */
export interface ResourceProgress {
  readonly state: 'running' | 'done' | 'failed';
  readonly phase: Phase;
  readonly cursor: string | null;
  readonly seen: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly failed: number;
  /** Records that were wrong although incremental syncs should have seen them change; null where nothing was compared. */
  readonly drift: number | null;
  readonly warnings: readonly Omit<ConnectionWarning, 'firstSeenAt'>[];
}
export type Progress = Partial<Record<ResourceName, ResourceProgress>>;

/** A record, or a whole resource, that a sync could not take over. */
export interface SyncError {
  readonly resource: ResourceName | null;
  readonly remoteId: string | null;
  readonly code: string;
  readonly message: string;
}

/** One run of reading a vendor into the mirror. */
@Entity('syncs')
export class Sync {
  @PrimaryColumn('uuid', { name: 'tenant_id' })
  tenantId: string;
  @PrimaryColumn('uuid')
  id: string;
  @Column('uuid', { name: 'connection_id' })
  connectionId: string;
  @Column('text')
  mode: SyncMode;
  @Column('text')
  status: SyncStatus;
  @Column('jsonb')
  requested: ResourceName[];
  @Column('jsonb')
  progress: Progress;
  @Column('jsonb')
  errors: SyncError[];
  @Column('timestamptz', { name: 'window_from', nullable: true })
  windowFrom: string | null;
  @Column('timestamptz', { name: 'window_to', nullable: true })
  windowTo: string | null;
  @Column('boolean')
  force: boolean;
  @Column('integer')
  fence: number;
  @Column('timestamptz', { name: 'created_at' })
  createdAt: string;
  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: string | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: string | null;
}
