import type { Defence } from './defence';
import { DEFENCES } from './list';
import { Workshop } from './workshop';

/**
 * Takes one defence after the other out of a copy of the project, and runs the tests that must notice. A defence that
 * nobody misses fails the run, and so does one whose text is no longer found.
 */
async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const defences = DEFENCES.filter(({ name }) => wanted.every((word) => name.includes(word)));
  const workshop = new Workshop();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const note = (ok: boolean, name: string, about: string): void => {
    if (!ok) process.exitCode = 1;
    say(`| ${ok ? 'yes' : 'NO'} | ${name} | ${about} |`);
  };
  try {
    say('| as it should be | defence | when it is taken away |\n| --- | --- | --- |');
    for (const defence of defences) {
      const [ok, about] = await workshop.with(defence.edits, () => tried(workshop, defence));
      note(ok, defence.name, about);
    }
    const tests = [...new Set(defences.flatMap((defence) => defence.tests))];
    const results = await workshop.run([...new Set(defences.map(({ spec }) => spec))], tests);
    const missing = tests.filter(
      (test) => !results.some(({ name, status }) => name === test && status === 'passed'),
    );
    note(missing.length === 0, 'all of them in place', missing.join('; ') || 'the same tests pass');
  } finally {
    workshop.close();
  }
}

/** Whether every test that must notice did; or, where the other defence must hold, that none had to. */
async function tried(workshop: Workshop, { spec, tests, stays }: Defence): Promise<[boolean, string]> {
  const results = await workshop.run([spec], tests);
  const wanted = stays ? 'passed' : 'failed';
  const isSo = tests.every((test) => results.some(({ name, status }) => name === test && status === wanted));
  const why = results.find(({ status }) => status === 'failed')?.why ?? 'no test failed';
  return [isSo, stays ? `${spec}: the other one holds (${wanted})` : `${spec}: ${why.replaceAll('|', '/')}`];
}

void main();
