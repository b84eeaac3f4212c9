import { join } from 'node:path';
import { ends, launch, ROOT } from './process';

const PROGRAM = join(ROOT, 'dist/cli/rotate-keys.js');

/** How a run of `npm run keys:rotate` went. */
export interface Rotation {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Runs the program that seals everything anew; with `killAt`, kills it as soon as it says such a line. */
export async function rotateKeys(env: NodeJS.ProcessEnv, killAt?: RegExp): Promise<Rotation> {
  const lines: string[] = [];
  const running = launch({
    script: PROGRAM,
    env,
    hears: (line) => {
      lines.push(line);
      if (killAt?.test(line)) running.kill('SIGKILL');
    },
  });
  const { code } = await ends(running);
  return { code, lines };
}
