import { PROBLEMS } from '../../src/platform/http/problems';
import type { ShownProblem } from './calls';
import type { Hit } from './fuzz-fire';
import { codesOf, mismatches, type OpenApi, type Operation } from './openapi';

/** Told by whoever reads the request, before it is known what it asks for. */
const BEFORE_ROUTING = new Set(['malformed_request', 'request_too_long', 'request_timeout']);
/** The body of an answer as a problem. */
export const problemOf = ({ text }: Hit): ShownProblem => JSON.parse(text) as ShownProblem;

/** The complaints whose condition does not hold. */
const unless = (...rules: readonly (readonly [holds: boolean, complaint: string])[]): string[] =>
  rules.flatMap(([holds, complaint]) => (holds ? [] : [complaint]));

function successFaults(
  document: OpenApi,
  { responses }: Operation,
  { status, headers, text }: Hit,
): string[] {
  const answer = responses[String(status)];
  if (!answer) return unless([status === 304, `${String(status)} is not documented`]);
  const schema = answer.content?.['application/json']?.schema;
  if (schema) return mismatches(document, schema, JSON.parse(text));
  const isJson = String(headers['content-type']).includes('json');
  return unless([text === '' || !isJson, 'a body that is not documented']);
}

function problemFaults(document: OpenApi, operation: Operation, hit: Hit): string[] {
  const { status, headers, text } = hit;
  const type = String(headers['content-type']);
  if (!type.startsWith('application/problem+json')) return [`${String(status)} is ${type}`];
  const problem = problemOf(hit);
  const { code } = problem;
  const isDocumented = BEFORE_ROUTING.has(code) || codesOf(operation, status).includes(code);
  return [
    ...mismatches(document, document.components.schemas['Problem']!, problem),
    ...unless(
      [
        problem.status === status && PROBLEMS[code as keyof typeof PROBLEMS].status === status,
        'another status',
      ],
      [problem.requestId === headers['x-request-id'], 'another request id'],
      [isDocumented, `${code} is not documented`],
      [!/node_modules|\.ts:\d|\bselect \w|SQLSTATE|violates|\bat \//i.test(text), 'tells of its inside'],
    ),
  ];
}

/** What is wrong with an answer, whatever was asked. */
export function faultsOf(document: OpenApi, operation: Operation, hit: Hit): string[] {
  const { status, headers } = hit;
  return [
    ...unless(
      [headers['x-content-type-options'] === 'nosniff', 'no nosniff'],
      [headers['cache-control'] === 'no-store', 'may be stored'],
    ),
    ...(status < 400 ? successFaults(document, operation, hit) : problemFaults(document, operation, hit)),
  ];
}
