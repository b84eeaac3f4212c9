import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tenant's key: only its hash is kept. */
@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('uuid')
  id: string;
  @Column('uuid', { name: 'tenant_id' })
  tenantId: string;
  @Column('text')
  name: string;
  @Column('text', { array: true })
  scopes: string[];
  @Column('text')
  prefix: string;
  @Column('bytea')
  hash: Buffer;
  @Column('timestamptz', { name: 'created_at' })
  createdAt: string;
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: string | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: string | null;
}
