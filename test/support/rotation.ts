import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(__dirname, '../../dist/cli/rotate-keys.js');

/** How a run of `npm run keys:rotate` went. */
export interface Rotation {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Runs the program that seals everything anew; with `killAt`, kills it as soon as it says such a line. */
export async function rotateKeys(env: NodeJS.ProcessEnv, killAt?: RegExp): Promise<Rotation> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (killAt?.test(said)) child.kill('SIGKILL');
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: said.trimEnd().split('\n') };
}
