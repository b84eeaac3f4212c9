import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';

/** A clinic's software house, or a clinic: who owns connections, keys and records. */
@Entity('tenants')
export class Tenant {
  @PrimaryColumn('uuid')
  id: string;
  @Column('text')
  name: string;
  @Column('text')
  slug: string;
  @Column('timestamptz', { name: 'created_at' })
  createdAt: string;
  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: string;
  @VersionColumn()
  version: number;
}
