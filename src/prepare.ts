import type { CompleteConfig } from './platform/config';
import { grant, inTurn, rolesOf } from './platform/database/grants';
import { migrate } from './platform/database/migrate';
import { installQueue } from './sync/sync-queue';

/** Brings the database up to date. Where another role owns the tables, it makes the queue's too, and lets the service use them. */
export async function prepareDatabase({
  DATABASE_URL: serviceUrl,
  MIGRATION_DATABASE_URL: ownerUrl = serviceUrl,
}: Pick<CompleteConfig, 'DATABASE_URL' | 'MIGRATION_DATABASE_URL'>): Promise<void> {
  await migrate(ownerUrl);
  if (ownerUrl === serviceUrl) return;
  await inTurn(ownerUrl, async () => {
    const roles = await rolesOf(ownerUrl, serviceUrl);
    if (roles === null) return;
    if (roles.ownerMakesQueue) await installQueue(ownerUrl);
    await grant(ownerUrl, roles);
  });
}
