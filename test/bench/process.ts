import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process that is measured, and the lines that it prints. */
export interface Measured {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The first line for which `pick` gives something. */
  line<T>(pick: (line: string) => T | undefined): Promise<T>;
  /** Processor time so far, in milliseconds. */
  cpuMs(): number;
  /** The most memory that it ever held, in MiB. */
  peakMiB(): number;
  stop(): Promise<void>;
}

const TICK_MS = 10;

/** With BENCH_PROFILE=folder each process leaves a CPU profile there. */
const profiling = (): string[] =>
  process.env['BENCH_PROFILE'] ? ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_PROFILE']}`] : [];

/** Starts a process; its errors go to ours. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Measured {
  const child = spawn(process.execPath, [...profiling(), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line);
    waiting.forEach((look) => {
      look(line);
    });
  });
  return {
    pid,
    child,
    line: <T>(pick: (line: string) => T | undefined) =>
      new Promise<T>((resolve, reject) => {
        child.once('exit', (code) => {
          reject(new Error(`${args.join(' ')} ended with ${String(code)}`));
        });
        const look = (line: string): void => {
          const found = pick(line);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        lines.forEach(look);
        waiting.add(look);
      }),
    cpuMs: () => {
      const fields =
        readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    peakMiB: () =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          resolve();
        });
        child.kill('SIGTERM');
      }),
  };
}
