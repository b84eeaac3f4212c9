import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProblemCode } from './http/problems';
import { CONDITIONAL, showsVersion } from './openapi-answers';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** Errors that any operation with a key can give. */
const ALWAYS: readonly ProblemCode[] = [
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'not_acceptable',
  'rate_limited',
  'internal_error',
  'unavailable',
];
/** What may carry a body, though none is taken. */
const WITH_BODY: readonly ProblemCode[] = ['malformed_json', 'payload_too_large', 'unsupported_media_type'];
const FROM_VENDOR: readonly ProblemCode[] = [
  'vendor_auth_failed',
  'vendor_forbidden',
  'vendor_error',
  'vendor_invalid_response',
  'vendor_unavailable',
  'vendor_rate_limited',
  'vendor_timeout',
  'vendor_rejected',
  'capability_not_supported',
  'connection_disabled',
];
const FROM_WRITES: readonly ProblemCode[] = ['slot_conflict', 'transition_not_allowed'];
/** Routes whose answer may come from a vendor. */
const ASKS_VENDOR =
  /\/v1\/(?:appointments|clients|practitioners|services|locations)\/\{id\}$|\/v1\/availability$|\/passthrough$/;
/** Operations that write at a vendor. */
const WRITES = /\/v1\/(?:appointments|clients)(?:\/\{id\}(?:\/cancel)?|\/batch)?$/;
const isWrite = (path: string, method: string): boolean => method !== 'get' && WRITES.test(path);

/** The problems that an operation can give, out of what it is. */
export function problemsOf(path: string, method: string, { parameters = [] }: Operation): ProblemCode[] {
  const isList = parameters.some((one) => 'name' in one && one.name === 'cursor');
  const writes = isWrite(path, method);
  const rules: readonly (readonly [boolean, readonly ProblemCode[]])[] = [
    [method !== 'get', WITH_BODY],
    [isList, ['cursor_invalid']],
    [path.includes('{') || writes || path === '/v1/availability', ['not_found']],
    [method === 'post' && path.endsWith('/syncs'), ['connection_disabled']],
    [ASKS_VENDOR.test(path) || writes, FROM_VENDOR],
    [/\{id\}$/.test(path), ['vendor_gone']],
    [CONDITIONAL.test(path) && method !== 'get', ['version_mismatch']],
    [method === 'post' || method === 'patch' || writes, ['conflict']],
    [method === 'post' || writes, ['idempotency_in_progress', 'idempotency_key_reused']],
    [writes, FROM_WRITES],
  ];
  return [...ALWAYS, ...rules.flatMap(([holds, codes]) => (holds ? codes : []))];
}

const header = (name: string, description: string): object => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});

/** The headers that an operation takes. */
export function addHeaders(path: string, method: string, operation: Operation): void {
  const more = [
    ...(method === 'post' || isWrite(path, method)
      ? [
          header(
            'Idempotency-Key',
            'Up to 255 characters: the same key and request within 24 hours get the first answer again, and nothing is done twice',
          ),
        ]
      : []),
    ...(CONDITIONAL.test(path) && method !== 'get'
      ? [header('If-Match', 'The ETag that was read; 412 when the record has changed since')]
      : []),
    ...(/\{id\}$/.test(path) && method === 'get'
      ? [header('Cache-Control', '`no-cache` asks the vendor first')]
      : []),
    ...(method === 'get' && showsVersion(path, operation)
      ? [header('If-None-Match', 'The ETag that is known; 304 when it still stands')]
      : []),
  ];
  if (more.length > 0) operation.parameters = [...(operation.parameters ?? []), ...(more as never[])];
}
