import { SEALED_OF_CONNECTIONS } from '../connections/vault';
import { SEALED_OF_WEBHOOKS } from '../events/webhook-secrets';
import { readConfig } from '../platform/config';
import { Keyring } from '../platform/crypto';
import { KeyRotation, type KeyUse, type RotationWatch } from '../platform/database/key-rotation';
import { openDatabase } from '../platform/database/open';
import { provide } from '../platform/development';
import { makeLogger } from '../platform/log';
import { runProgram } from '../platform/program';
import { SEALED_ANSWERS } from '../writes/sealed-answers';

const COLUMNS = [...SEALED_OF_CONNECTIONS, ...SEALED_OF_WEBHOOKS, ...SEALED_ANSWERS];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Seals every column anew; how many texts nobody can open. */
async function rotateAll(rotation: KeyRotation, watch: RotationWatch): Promise<number> {
  let lost = 0;
  for (const column of COLUMNS) {
    const { resealed, unreadable } = await rotation.rotate(column, watch);
    lost += unreadable;
    const aside = unreadable === 0 ? '' : `, ${String(unreadable)} cannot be opened`;
    say(`${column.name}: done, ${String(resealed)} sealed anew${aside}`);
  }
  return lost;
}

/** Says of each key what it still seals, and whether it may go. */
function report(keyring: Keyring, uses: readonly KeyUse[]): void {
  const ids = new Set([...keyring.ids, ...uses.map(({ key }) => key)]);
  for (const id of ids) {
    const count = uses.filter(({ key }) => key === id).reduce((sum, use) => sum + use.count, 0);
    const fate =
      id === keyring.sealsWith
        ? 'it seals'
        : !keyring.ids.includes(id)
          ? 'it is not in ENCRYPTION_KEYS, and nothing else opens them'
          : count === 0
            ? 'it may be removed from ENCRYPTION_KEYS'
            : 'still in use: does every process seal with the first key? Run this again';
    say(`key ${id}: ${String(count)} rows; ${fate}`);
  }
}

/** Seals everything that is kept sealed anew with the first of ENCRYPTION_KEYS, while the service runs. */
runProgram(async (keep) => {
  const config = readConfig(process.env);
  const provisions = await provide(config, makeLogger('fatal'));
  keep(() => provisions.release());
  const database = await openDatabase(provisions.config.DATABASE_URL);
  keep(() => database.onApplicationShutdown());
  const keyring = new Keyring(provisions.config.ENCRYPTION_KEYS);
  const rotation = new KeyRotation(database, keyring);
  let isOver = false;
  const rotating = rotateAll(rotation, {
    told: ({ name }, resealed) => {
      say(`${name}: ${String(resealed)} sealed anew`);
    },
    isOver: () => isOver,
  });
  keep(() => {
    isOver = true;
    return rotating;
  });
  const lost = await rotating;
  // Told to stop: whoever did so lets go of the database.
  if (isOver as boolean) return;
  report(keyring, (await Promise.all(COLUMNS.map((column) => rotation.use(column)))).flat());
  if (lost > 0) process.exitCode = 1;
  await database.onApplicationShutdown();
  await provisions.release();
});
