import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESOURCE_NAMES } from '../canonical/index';
import { VENDORS } from '../vendors/registry';

const README = join(__dirname, '..', '..', 'README.md');
const BLOCK = /(<!-- vendors: written by npm run docs -->\n)[^]*?(<!-- \/vendors -->)/;

/** What each vendor can do, as a table: the same facts as `GET /v1/vendors`. */
function table(): string {
  const rows = [...VENDORS.values()].map(({ name, title, docs, capabilities, availability }) => {
    const cells = RESOURCE_NAMES.map((resource) => capabilities[resource]?.operations.join(', ') ?? 'no');
    return `| [${title}](${docs}) ([quirks](src/vendors/${name}/README.md)) | ${cells.join(' | ')} | ${availability ? 'yes' : 'no'} |`;
  });
  const head = ['vendor', ...RESOURCE_NAMES, 'availability'];
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n');
}

/** Writes the vendors' table into the README; with `--check` fails where it is not up to date. */
function main(): void {
  const before = readFileSync(README, 'utf8');
  const after = before.replace(BLOCK, (_all, begin: string, end: string) => `${begin}\n${table()}\n\n${end}`);
  if (!process.argv.includes('--check')) writeFileSync(README, after);
  else if (before !== after) {
    process.stderr.write("The README's table of vendors is not up to date: run npm run docs\n");
    process.exitCode = 1;
  }
}

main();
