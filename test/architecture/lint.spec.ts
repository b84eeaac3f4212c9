import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ESLint } from 'eslint';

const ROOT = resolve(__dirname, '../..');

const statements = (count: number): string => 'void 0;\n'.repeat(count);
const controller = (body: string): string => `export class A { list(): void { ${body} } }`;

/** A file for each rule of ours that is no preset: what it holds, and the rule that must report it. */
const SINS: readonly (readonly [file: string, text: string, rule: string])[] = [
  ['src/a/two.controller.ts', controller('void 1; void 2;'), 'no-restricted-syntax'],
  ['src/a/if.controller.ts', controller('if (Date.now() > 0) void 1;'), 'no-restricted-syntax'],
  ['src/a/try.controller.ts', controller('try { void 1; } finally { void 2; }'), 'no-restricted-syntax'],
  ['src/a/long.controller.ts', statements(151), 'max-lines'],
  [
    'src/a/await.mapper.ts',
    'export const a = async (b: Promise<1>): Promise<1> => await b;',
    'no-restricted-syntax',
  ],
  ['src/a/this.mapper.ts', 'export function a(this: { b: 1 }): 1 { return this.b; }', 'no-restricted-syntax'],
  ['src/a/now.mapper.ts', 'export const a = (): number => Date.now();', 'no-restricted-syntax'],
  ['src/a/date.mapper.ts', 'export const a = (): Date => new Date();', 'no-restricted-syntax'],
  ['src/a/dice.mapper.ts', 'export const a = (): number => Math.random();', 'no-restricted-syntax'],
  [
    'src/vendors/abc/api.ts',
    "export const a = (): Promise<Response> => fetch('/');",
    'no-restricted-globals',
  ],
  ['src/vendors/abc/index.ts', statements(81), 'max-lines'],
  ['src/main.ts', statements(81), 'max-lines'],
  ['src/a/long.ts', statements(251), 'max-lines'],
  ['src/a/long-function.ts', `export function a(): void {\n${statements(51)}}`, 'max-lines-per-function'],
  ['src/a/long.spec.ts', statements(401), 'max-lines'],
  ['src/a/console.ts', "console.log('a');", 'no-console'],
  ['src/a/floating.ts', 'Promise.resolve();', '@typescript-eslint/no-floating-promises'],
  [
    'src/a/params.ts',
    'export const a = (...b: [1, 2]): unknown => b;\nexport function c(d: 1, e: 1, f: 1, g: 1, h: 1): unknown { return [d, e, f, g, h]; }',
    '@typescript-eslint/max-params',
  ],
  [
    'src/a/switch.ts',
    "export function a(b: 'x' | 'y'): void { switch (b) { case 'x': } }",
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  [
    'src/a/import.ts',
    "import { Stats } from 'node:fs';\nexport const a: Stats | null = null;",
    '@typescript-eslint/consistent-type-imports',
  ],
];

/** What looks like a sin and is none. */
const VIRTUES: readonly (readonly [file: string, text: string])[] = [
  [
    'src/a/good.controller.ts',
    'export class A { constructor(readonly b: 1) { b.toFixed(); b.toFixed(); }\nlist(): 1 { return this.b; } }',
  ],
  ['src/a/good.mapper.ts', 'export const a = (b: number): string => new Date(b).toISOString();'],
  [
    'src/a/good.service.ts',
    'export class A { constructor(readonly a: 1, readonly b: 1, readonly c: 1, readonly d: 1, readonly e: 1) {} }',
  ],
  ['src/cli/good.ts', "console.log('a');"],
  ['src/a/good.spec.ts', statements(399)],
];

function lint(tree: string): Promise<ESLint.LintResult[]> {
  const args = [join(ROOT, 'node_modules/eslint/bin/eslint.js'), 'src', '--format', 'json'];
  return new Promise((found, failed) => {
    execFile(process.execPath, args, { cwd: tree, maxBuffer: 64 * 1024 * 1024 }, (_exit, out, problem) => {
      if (out.startsWith('[')) found(JSON.parse(out) as ESLint.LintResult[]);
      else failed(new Error(problem));
    });
  });
}

describe('the rules of eslint.config.mjs', () => {
  const tree = mkdtempSync(join(tmpdir(), 'gateway-lint-'));
  let rulesOf: (file: string) => (string | null)[];

  beforeAll(async () => {
    for (const file of ['eslint.config.mjs', 'tsconfig.json'])
      copyFileSync(join(ROOT, file), join(tree, file));
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    for (const [file, text] of [...SINS, ...VIRTUES]) {
      mkdirSync(join(tree, dirname(file)), { recursive: true });
      writeFileSync(join(tree, file), `${text}\n`);
    }
    const results = await lint(tree);
    rulesOf = (file) =>
      (results.find(({ filePath }) => filePath === join(tree, file))?.messages ?? []).map(
        ({ ruleId }) => ruleId,
      );
  });
  afterAll(() => {
    rmSync(tree, { recursive: true });
  });

  it.each(SINS)('see that %s sins', (file, _text, rule) => {
    expect(rulesOf(file)).toContain(rule);
  });

  it.each(VIRTUES)('let %s pass', (file) => {
    expect(rulesOf(file)).toEqual([]);
  });
});
