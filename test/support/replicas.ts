import { randomBytes } from 'node:crypto';
import { startGateway, type Account, type Gateway } from './gateway';

/** Processes of the service on one database, one for each environment. The first has the database, and is stopped last. */
export async function startReplicas(
  accounts: readonly Account[],
  environments: readonly NodeJS.ProcessEnv[],
): Promise<Gateway[]> {
  const keys = { ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}` };
  const replicas: Gateway[] = [];
  for (const environment of environments) {
    const shared = replicas[0] ? { DATABASE_URL: replicas[0].database.url } : {};
    replicas.push(await startGateway(accounts, { ...keys, ...shared, ...environment }));
  }
  return replicas;
}

export async function stopReplicas(replicas: readonly Gateway[]): Promise<void> {
  for (const replica of [...replicas].reverse()) await replica.stop();
}

/** The sum of a counter in a process's metrics, over all its labels that hold these words. */
export async function counted(gateway: Gateway, metric: string, ...labels: string[]): Promise<number> {
  const { text } = await gateway.as(null)('GET', '/metrics');
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => line.includes(label)));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
