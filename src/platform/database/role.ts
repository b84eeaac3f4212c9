import { ConfigError } from '../config';
import { withConfigured } from './client';

/** A role that row-level security does not bind, and why. */
export class UnboundRole extends ConfigError {}

/**
 * Throws UnboundRole where row-level security would not bind the service: nothing but its own filters would then keep
 * tenants apart.
 */
export async function requireBoundRole(url: string): Promise<void> {
  const { rows } = await withConfigured(url, (client) =>
    client.query<{ is_super: boolean; bypasses: boolean }>(
      'select rolsuper as is_super, rolbypassrls as bypasses from pg_roles where rolname = current_user',
    ),
  );
  const why = rows[0]?.is_super
    ? 'this one is a superuser'
    : rows[0]?.bypasses
      ? 'this one has BYPASSRLS'
      : null;
  if (why !== null)
    throw new UnboundRole(`DATABASE_URL must name a role that row-level security binds: ${why}`);
}
