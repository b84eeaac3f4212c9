import PgBoss from 'pg-boss';

export const QUEUE = 'syncs';
const LONGEST_RUN_SECONDS = 6 * 3600;

/** Makes the queue where there is none. Short: a sync that waits in it is not queued again. */
export const createQueue = (boss: PgBoss): Promise<void> =>
  boss.createQueue(QUEUE, {
    name: QUEUE,
    policy: 'short',
    expireInSeconds: LONGEST_RUN_SECONDS,
    retryLimit: 0,
  });

/** Makes or renews the queue's tables, and lets go. */
export async function installQueue(url: string): Promise<void> {
  const boss = new PgBoss({ connectionString: url, max: 1, supervise: false, schedule: false });
  let failure: Error | undefined;
  boss.on('error', (error) => (failure ??= error));
  try {
    await boss.start();
    await createQueue(boss);
  } finally {
    await boss.stop({ graceful: false });
  }
  if (failure) throw failure;
}
