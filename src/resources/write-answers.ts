import { Injectable } from '@nestjs/common';
import { NO_ADDRESS } from '../canonical/client';
import type { Asked } from '../platform/http/asked';
import { Problem, wrongField } from '../platform/http/problems';
import { requireMatch, type Rendered } from '../platform/http/rendered';
import { validated } from '../platform/http/validation';
import { BatchService, type Operation } from '../writes/batch.service';
import { renderedAnswer } from '../writes/once.interceptor';
import type { Wish, WritableResource, WriteOperation } from '../writes/write';
import { WritesService } from '../writes/writes.service';

/** A body of a write: canonical fields, and what is said about the write itself. */
type Body = Readonly<Record<string, unknown>>;
/** Which record, if there is one yet, in which version. */
interface Target {
  readonly id?: string | undefined;
  readonly ifMatch?: string | undefined;
}
/** One operation of a batch as it came. */
interface BatchOperation extends Target {
  readonly op: WriteOperation;
  readonly data?: Record<string, unknown> | undefined;
  readonly reason?: unknown;
  readonly note?: unknown;
}
/** The bodies that a batch's operations take. */
interface Bodies {
  readonly create: new () => object;
  readonly update: new () => object;
}

/** Bodies become wishes, and what became of them becomes an answer. */
@Injectable()
export class WriteAnswers {
  constructor(
    private readonly writes: WritesService,
    private readonly batches: BatchService,
  ) {}

  async write(
    { asker, key }: Asked,
    resource: WritableResource,
    op: WriteOperation,
    { body = {}, ...target }: Target & { readonly body?: object },
  ): Promise<Rendered> {
    return renderedAnswer(
      await this.writes.execute(asker, wishOf(resource, op, { ...target, body: body as Body }), key),
    );
  }

  async batch(
    { asker, key }: Asked,
    resource: WritableResource,
    operations: readonly BatchOperation[],
    bodies: Bodies,
  ): Promise<Rendered> {
    const wishes = operations.map((operation, i) => operationOf(resource, operation, { bodies, place: i }));
    return renderedAnswer(await this.batches.execute(asker, wishes, key));
  }
}

/** One operation of a batch; a wrong one is refused by itself. */
function operationOf(
  resource: WritableResource,
  { op, id, data = {}, ifMatch, reason, note }: BatchOperation,
  { bodies, place }: { bodies: Bodies; place: number },
): Operation {
  const path = `/operations/${String(place)}`;
  try {
    if (op === 'create' && id !== undefined)
      throw wrongField(`${path}/id`, 'a record to be made has no id yet');
    if (op !== 'create' && id === undefined) throw wrongField(`${path}/id`, 'id says which record is meant');
    const isContent = op === 'create' || op === 'update';
    if (!isContent && Object.keys(data).length > 0) throw wrongField(`${path}/data`, `${op} takes no data`);
    const body = isContent ? validated(bodies[op], data, { path: `${path}/data` }) : { reason, note };
    return wishOf(resource, op, { id, ifMatch, body: body as Body });
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined))
    : value;

function fieldsOf(named: Body): Record<string, unknown> {
  const fields = Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)]])),
  );
  // An address is replaced whole: what it does not name is null.
  if (fields['address']) fields['address'] = { ...NO_ADDRESS, ...fields['address'] };
  return fields;
}

function wishOf(
  resource: WritableResource,
  op: WriteOperation,
  { id, ifMatch, body }: Target & { readonly body: Body },
): Wish {
  const { connectionId, externalId, notifyClient, conflictPolicy, reason, note, ...named } = body;
  return {
    op,
    resource,
    id: id ?? null,
    connectionId: (connectionId ?? null) as string | null,
    fields: fieldsOf(named),
    externalId: externalId as string | null | undefined,
    notifyClient: notifyClient === true,
    conflictPolicy: conflictPolicy === 'reject' ? 'reject' : 'vendor',
    why: { reason: (reason ?? null) as Wish['why']['reason'], note: (note ?? null) as string | null },
    requireVersion: requireMatch(ifMatch),
  };
}
