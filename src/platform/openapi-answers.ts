import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
interface Answer {
  headers?: Record<string, { readonly $ref: string }>;
}

const text = (description: string, example: string): object => ({
  description,
  schema: { type: 'string' },
  example,
});

/** The headers that answers carry for some operations alone; those of every answer are told of once, at the top. */
export const ANSWER_HEADERS = {
  ETag: text('Stands for what is shown: for `If-None-Match`, and for `If-Match` of a write', '"3"'),
  Location: text(
    'Where it is read from now on',
    '/v1/connections/019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21/syncs/019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51',
  ),
  Link: text('The next page, `rel="next"`; absent at the end', '</v1/clients?cursor=a.b>; rel="next"'),
  'Idempotent-Replayed': text('`true` where this is the first answer to the key, given again', 'true'),
  'Retry-After': text('Seconds until trying again may help, where they are known', '3'),
};
type HeaderName = keyof typeof ANSWER_HEADERS;

/** Where a record stands that callers change by its version. */
export const CONDITIONAL =
  /\/v1\/(?:tenants\/\{tenantId\}|connections\/\{connectionId\}|webhook-endpoints\/\{endpointId\}(?:\/rotate-secret)?|(?:appointments|clients)\/\{id\}(?:\/cancel)?)$/;
/** Where such a record is made, or one is read that nobody changes here. */
const SHOWN =
  /\/v1\/(?:tenants|connections|webhook-endpoints|appointments|clients|(?:practitioners|services|locations)\/\{id\})$/;

const takes = ({ parameters = [] }: Operation, name: string): boolean =>
  parameters.some((one) => 'name' in one && one.name === name);

/** Whether the operation answers with a record and its ETag. */
export const showsVersion = (path: string, operation: Operation): boolean =>
  (CONDITIONAL.test(path) || SHOWN.test(path)) && !takes(operation, 'cursor') && !operation.responses['204'];

/** The headers of an answer with this status. */
function headersOf(path: string, status: string, operation: Operation): HeaderName[] {
  if (status === '429' || status === '503') return ['Retry-After'];
  if (!/^(?:2|304)/.test(status)) return [];
  const isMade = status === '201' || (status === '202' && path.endsWith('/syncs'));
  const rules: readonly (readonly [boolean, HeaderName])[] = [
    [showsVersion(path, operation), 'ETag'],
    [isMade && !path.endsWith('/api-keys'), 'Location'],
    [takes(operation, 'cursor'), 'Link'],
    [takes(operation, 'Idempotency-Key'), 'Idempotent-Replayed'],
  ];
  return rules.flatMap(([holds, name]) => (holds ? [name] : []));
}

/** Tells of the answers what their schemas do not: their headers, and that there may be nothing new. */
export function describeAnswers(path: string, method: string, operation: Operation): void {
  if (method === 'get' && showsVersion(path, operation))
    operation.responses['304'] = { description: 'Still as it is known: `If-None-Match` names its ETag' };
  for (const [status, answer] of Object.entries(operation.responses)) {
    const names = headersOf(path, status, operation);
    if (names.length > 0)
      (answer as Answer).headers = Object.fromEntries(
        names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
      );
  }
}

/** What the gateway sends by itself, in words: the generator knows bodies alone. The signature takes the place of a key. */
const CALLS: Readonly<Record<string, string>> = {
  event: 'Tells of an event: the same body at each try.',
  test: "Is what an endpoint's test sends.",
};

/** Completes what an operation has sent to an address that its body names. */
export function describeCalls({ callbacks = {} }: Operation): void {
  for (const [name, callback] of Object.entries(callbacks))
    for (const item of Object.values(callback))
      for (const call of Object.values(item as Record<string, object>))
        Object.assign(call, { summary: CALLS[name], security: [] });
}
