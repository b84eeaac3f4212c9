import type { Faker } from '@faker-js/faker';
import type { Fault, FaultRule } from '../../src/vendors/kit/sandbox';
import type { Errand } from './errands';

/** How a vendor fails a write: after doing it, and in place of it. */
const OF_WRITES: readonly { readonly value: Fault; readonly weight: number }[] = [
  { value: { kind: 'lost_answer' }, weight: 4 },
  { value: { kind: 'error_after', status: 500 }, weight: 4 },
  { value: { kind: 'truncated' }, weight: 2 },
  { value: { kind: 'slow', ms: 400 }, weight: 2 },
  { value: { kind: 'reset' }, weight: 4 },
  { value: { kind: 'status', status: 500 }, weight: 2 },
  { value: { kind: 'html' }, weight: 1 },
  { value: { kind: 'malformed' }, weight: 1 },
];
/** How it fails the reads between, among them those by which a lost write is looked for. */
const OF_READS: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'status', status: 503 },
  { kind: 'slow', ms: 300 },
  { kind: 'truncated' },
  { kind: 'empty' },
];
/** Vendors make records by POST; by what they change them differs, and a rule that fits nothing does no harm. */
const METHODS: Readonly<Record<Errand['deed'], readonly string[]>> = {
  book: ['POST'],
  move: ['POST', 'PUT', 'PATCH'],
  cancel: ['POST', 'PUT', 'PATCH'],
};
const FAULTS_AN_ERRAND = 0.7;
const OF_THEM_WRITES = 0.7;

function rule(random: Faker, deed: Errand['deed']): FaultRule {
  const when = { skip: random.number.int({ max: 1 }), times: random.number.int({ min: 1, max: 2 }) };
  if (random.datatype.boolean(OF_THEM_WRITES))
    return {
      ...when,
      fault: random.helpers.weightedArrayElement(OF_WRITES),
      method: random.helpers.arrayElement(METHODS[deed]),
    };
  return { ...when, fault: random.helpers.arrayElement(OF_READS), method: 'GET' };
}

/** What goes wrong at the vendor when an errand of this kind is sent; null: nothing. */
export const trouble = (random: Faker, deed: Errand['deed']): FaultRule | null =>
  random.datatype.boolean(FAULTS_AN_ERRAND) ? rule(random, deed) : null;
