import type { SealedColumn } from '../platform/database/sealed-column';

/** Where the answer to a key is sealed for. */
export const placeOfAnswer = (tenantId: string, key: string): string => `answer ${tenantId} ${key}`;

/** What of the answers kept under keys is sealed: those that may hold what is shown once. */
export const SEALED_ANSWERS: readonly SealedColumn[] = [
  {
    table: 'idempotency_keys',
    name: 'idempotency_keys.answer',
    key: { tenant_id: 'uuid', key: 'text', part: 'integer' },
    text: "(answer ->> 'body')",
    put: (text) =>
      `answer = json_build_object('status', answer -> 'status', 'body', ${text}, 'headers', answer -> 'headers')`,
    place: (tenantId = '', key = '') => placeOfAnswer(tenantId, key),
  },
];
