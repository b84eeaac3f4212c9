import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { Payload } from './event-text';

/** Why an endpoint gets nothing: its owner switched it off, it said 410, or nothing arrived for three days. */
export const DISABLED_REASONS = ['switched_off', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** What went wrong when a delivery was tried last: words of ours and a status, nothing that was received. */
export interface EndpointError {
  readonly code: string;
  readonly status: number | null;
  readonly at: string;
}

/** Where a tenant wants its events sent. */
@Entity('webhook_endpoints')
export class WebhookEndpoint {
  @PrimaryColumn('uuid', { name: 'tenant_id' })
  tenantId: string;
  @PrimaryColumn('uuid')
  id: string;
  @Column('text')
  url: string;
  @Column('text', { name: 'event_types', array: true })
  eventTypes: string[];
  @Column('text')
  payload: Payload;
  /** Sealed: see webhook-secrets.ts. */
  @Column('text')
  secret: string;
  /** The secret before the last rotation; it signs too until then. */
  @Column('text', { name: 'previous_secret', nullable: true })
  previousSecret: string | null;
  @Column('timestamptz', { name: 'previous_secret_until', nullable: true })
  previousSecretUntil: string | null;
  @Column('boolean')
  enabled: boolean;
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: DisabledReason | null;
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince: string | null;
  @Column('timestamptz', { name: 'last_delivery_at', nullable: true })
  lastDeliveryAt: string | null;
  @Column('jsonb', { name: 'last_error', nullable: true })
  lastError: EndpointError | null;
  /** How far the feed has been handed over to this endpoint. */
  @Column({ type: 'bigint', name: 'last_seq', update: false })
  lastSeq: number;
  @Column('timestamptz', { name: 'created_at' })
  createdAt: string;
  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: string;
  @VersionColumn()
  version: number;
}
