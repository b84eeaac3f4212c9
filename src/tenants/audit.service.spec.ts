import { setTimeout as pause } from 'node:timers/promises';
import { newContext, withContext } from '../platform/context';
import type { Query } from '../platform/database/database';
import type { Logger } from '../platform/log';
import type { AuditEntry, AuditRows } from './audit-entry';
import type { AuditRepository } from './audit.repository';
import { AuditService } from './audit.service';

const entry = (action: string, resourceIds: readonly string[] = []): AuditEntry => ({
  tenantId: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a11',
  actor: { kind: 'api_key', id: null },
  action,
  resource: 'clients',
  resourceIds,
  connectionId: null,
  outcome: 'done',
  status: 200,
});
const actionsOf = ({ events }: AuditRows): string[] =>
  events.map((event) => (JSON.parse(event) as { action: string }).action);
const failure = (code: string): Error => Object.assign(new Error('refused'), { code });

/** A service whose database does what it is told. */
function make(refuse: (rows: AuditRows) => Error | null = () => null) {
  const stored: string[] = [];
  const subjects: string[] = [];
  const logged: string[] = [];
  const batches: number[] = [];
  const insert = (rows: AuditRows): Promise<void> => {
    batches.push(rows.events.length);
    const refusal = refuse(rows);
    if (refusal) return Promise.reject(refusal);
    stored.push(...actionsOf(rows));
    subjects.push(...rows.subjects);
    return Promise.resolve();
  };
  const repository = {
    insertAll: insert,
    insert: (_query: Query, rows: AuditRows) => insert(rows),
  } as unknown as AuditRepository;
  const log = (level: string) => (_fields: object, words: string) => logged.push(`${level}: ${words}`);
  const logger = { warn: log('warn'), error: log('error') } as unknown as Logger;
  return { service: new AuditService(repository, logger), stored, subjects, logged, batches };
}

it('stores what waits a moment later, in order, many at once', async () => {
  const { service, stored, batches } = make();
  const actions = Array.from({ length: 1200 }, (_, i) => `read ${String(i)}`);
  for (const action of actions) service.later(entry(action));
  expect(stored).toEqual([]);
  await pause(400);
  expect(stored).toEqual(actions);
  expect(batches).toEqual([500, 500, 200]);
});

it('keeps what the database does not take, and goes on when it does', async () => {
  let down = true;
  const { service, stored, logged } = make(() => (down ? failure('57P01') : null));
  service.later(entry('first'));
  await service.flush();
  service.later(entry('second'));
  expect(logged).toEqual(['warn: audit events wait for the database']);
  down = false;
  await service.flush();
  expect(stored).toEqual(['first', 'second']);
  await service.flush();
  expect(stored).toEqual(['first', 'second']);
});

it('one row that cannot be stored holds up no other, and is told of', async () => {
  const { service, stored, logged } = make((rows) =>
    actionsOf(rows).includes('bad') ? failure('22P02') : null,
  );
  const good = Array.from({ length: 700 }, (_, i) => `read ${String(i)}`);
  for (const action of [...good.slice(0, 333), 'bad', ...good.slice(333)]) service.later(entry(action));
  await service.flush();
  expect(stored).toEqual(good);
  expect(logged).toEqual(['error: an audit event cannot be stored']);
});

it('refuses to go on where too much waits', async () => {
  let down = true;
  const { service } = make(() => (down ? failure('57P01') : null));
  for (let i = 0; i < 19_999; i += 1) service.later(entry('read'));
  service.requireRoom();
  service.later(entry('read'));
  expect(() => {
    service.requireRoom();
  }).toThrow('Nothing can be recorded in the audit now');
  down = false;
  await service.flush();
  service.requireRoom();
});

it('notes a record once an hour, however often it is read, and every record of a write', async () => {
  const { service, subjects } = make();
  const [a, b] = ['019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51', '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a52'] as const;
  service.later(entry('read', [a, b]));
  service.later(entry('read', [a]));
  service.later({ ...entry('read', [b]), tenantId: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a12' });
  await service.flush();
  const noted = subjects.map(
    (row) => JSON.parse(row) as { tenant_id: string; subject_id: string; hour: number },
  );
  const hour = Math.floor(Date.now() / 3_600_000);
  expect(noted.map((row) => [row.tenant_id.slice(-2), row.subject_id])).toEqual([
    ['11', a],
    ['11', b],
    ['12', b],
  ]);
  expect(noted.every((row) => Math.abs(row.hour - hour) <= 1)).toBe(true);
  await service.record(null as never, entry('write', [a, a]));
  expect(subjects).toHaveLength(4);
});

it('knows of a request what it shows and what was recorded of it', async () => {
  const { service } = make();
  const context = newContext('request-1');
  const shown = { resource: 'clients', records: [], connectionId: null, asked: {} };
  await withContext(context, async () => {
    service.shows(shown);
    await service.record(null as never, entry('client.updated'));
  });
  expect(service.noted(context)).toEqual({ shown, recorded: new Set(['done']) });
  expect(service.noted(newContext('request-2'))).toBeUndefined();
  service.shows(shown);
});
