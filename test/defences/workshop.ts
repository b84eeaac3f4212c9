import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { readConfigFile, sys, transpileModule, convertCompilerOptionsFromJson } from 'typescript';
import type { Edit } from './defence';

const ROOT = join(__dirname, '../..');
const COPIED = ['src', 'test', 'dist', 'openapi', 'docker', 'package.json', 'tsconfig.json', 'README.md'];

/** How the tests of that name ended. */
export interface TestResult {
  readonly name: string;
  readonly status: string;
  /** The first line of why. */
  readonly why: string;
}
interface JestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const options = convertCompilerOptionsFromJson(
  (
    readConfigFile(join(ROOT, 'tsconfig.json'), (path) => sys.readFile(path)).config as {
      compilerOptions: object;
    }
  ).compilerOptions,
  ROOT,
).options;

/** A copy of the project in which defences can be taken away. */
export class Workshop {
  private readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-defences-')));

  constructor() {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(this.folder, 'node_modules'));
  }

  /** Does something while these edits are made, in the sources and in what was built of them. */
  async with<T>(edits: readonly Edit[], work: () => Promise<T>): Promise<T> {
    const before = new Map<string, string>();
    try {
      for (const edit of edits) this.edit(edit, before);
      return await work();
    } finally {
      for (const [file, text] of before) writeFileSync(file, text);
    }
  }

  /** Runs tests by their names. */
  async run(specs: readonly string[], tests: readonly string[]): Promise<TestResult[]> {
    const report = join(this.folder, 'report.json');
    rmSync(report, { force: true });
    const names = tests.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const child = spawn(
      process.execPath,
      [
        join(this.folder, 'node_modules/jest/bin/jest.js'),
        '--json',
        `--outputFile=${report}`,
        '--runInBand',
        '--forceExit',
        '--testPathIgnorePatterns=/node_modules/',
        `--testNamePattern=(${names.join('|')})$`,
        '--runTestsByPath',
        ...specs,
      ],
      { cwd: this.folder, stdio: 'ignore' },
    );
    await once(child, 'close');
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
    return testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ title, status }) => tests.includes(title) && status !== 'pending')
      .map(({ title, status, failureMessages }) => ({
        name: title,
        status,
        why: plain(failureMessages[0] ?? ''),
      }));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private edit({ file, find, put }: Edit, before: Map<string, string>): void {
    const source = join(this.folder, file);
    const text = readFileSync(source, 'utf8');
    if (text.split(find).length !== 2)
      throw new Error(`${file} must hold this once, see test/defences/list.ts:\n${find}`);
    const changed = text.replace(find, () => put);
    const built = join(this.folder, 'dist', relative('src', file).replace(/\.ts$/, '.js'));
    for (const one of [source, built]) if (!before.has(one)) before.set(one, readFileSync(one, 'utf8'));
    writeFileSync(source, changed);
    const { outputText } = transpileModule(changed, { compilerOptions: options, fileName: file });
    writeFileSync(built, outputText);
  }
}

/** The first two lines that say something, without colours. */
const plain = (message: string): string =>
  message
    // eslint-disable-next-line no-control-regex -- colours are control characters
    .replace(/\u001b\[\d+m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 2)
    .join(' ')
    .slice(0, 110);
