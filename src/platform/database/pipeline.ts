import type { Writable } from 'node:stream';
import { Query as PgQuery, type FieldDef, type PoolClient, type QueryResult } from 'pg';

/** A statement as PostgreSQL takes it. A `name` makes the server keep its plan: only for texts that come again and again. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A statement on its way, and who waits for its rows. */
interface Sent extends Statement {
  readonly done?: (rows: never[]) => void;
  readonly failed?: (error: Error) => void;
}
/** As much of pg's connection as a query writes to. */
interface Wire {
  readonly stream: Writable;
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  sync(): void;
}
/** What pg asks of a query: to send itself, and to take the server's answers. */
interface Answering {
  name: string | undefined;
  text: string | undefined;
  /** Otherwise what has no values is sent in a way that ends whatever came before it. */
  queryMode?: 'extended';
  readonly _result: { readonly fields: FieldDef[]; _types: unknown };
  submit(wire: Wire): Error | null;
  handleRowDescription(message: { readonly fields: readonly FieldDef[] }): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
  handleEmptyQuery(wire: Wire): void;
  handleError(error: Error, wire: Wire): void;
  handleReadyForQuery(wire: Wire): void;
}
type Callback = (error: Error | null, result: QueryResult) => void;
/** pg's own query, with the methods by which its client talks to it. */
const OneQuery = PgQuery as unknown as new (
  text: string,
  values: readonly unknown[],
  callback: Callback,
) => Answering;

/** The columns that a kept statement answers with: the server is asked for them once on each connection. */
const columnsOf = new WeakMap<Wire, Map<string, readonly FieldDef[]>>();
const nothing = (): void => undefined;

/**
 * Statements that travel together: one write, one answer, and one end of their transaction where none was begun. If one
 * fails, PostgreSQL passes over those behind it, and all that wait are told why.
 */
class Batch extends OneQuery {
  private readonly queries: readonly Answering[];
  /** How many of them are answered, and how many went out: one whose values cannot be written ends the batch. */
  private at = 0;
  private sent = 0;
  private hasLeft = false;
  private failure: Error | undefined;

  constructor(statements: readonly Sent[], client: PoolClient) {
    super('', [], nothing);
    this.queries = statements.map(({ name, text, values, done, failed }) => {
      const query = new OneQuery(text, values, (error, result) => {
        this.failure ??= error ?? undefined;
        if (error) failed?.(error);
        else done?.(result.rows as never[]);
      });
      query.name = name;
      query.queryMode = 'extended';
      query._result._types = client;
      return query;
    });
    this.show();
  }

  override submit(wire: Wire): Error | null {
    this.hasLeft = true;
    const known = columnsOf.get(wire) ?? new Map<string, readonly FieldDef[]>();
    columnsOf.set(wire, known);
    // Each of them is sent as pg does it, but for the end that comes after the last.
    const described = Object.create(wire, { sync: { value: nothing } }) as Wire;
    const bare = Object.create(described, { describe: { value: nothing } }) as Wire;
    for (const query of this.queries) {
      const columns = known.get(query.name ?? '');
      if (columns) query.handleRowDescription({ fields: columns });
      query.submit(columns ? bare : described);
      if (this.failure) break;
      this.sent += 1;
    }
    const { failure } = this;
    if (failure) for (const query of this.queries.slice(this.sent + 1)) query.handleError(failure, wire);
    wire.sync();
    return null;
  }

  override handleRowDescription(message: { readonly fields: readonly FieldDef[] }): void {
    this.queries[this.at]?.handleRowDescription(message);
  }

  override handleDataRow(message: unknown): void {
    this.queries[this.at]?.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    const query = this.queries[this.at];
    query?.handleCommandComplete(message, wire);
    if (query?.name !== undefined) columnsOf.get(wire)?.set(query.name, query._result.fields);
    this.at += 1;
    this.show();
  }

  override handleEmptyQuery(): void {
    this.at += 1;
    this.show();
  }

  override handleError(error: Error, wire: Wire): void {
    // The connection may be lost before any of them left: then all that wait are told.
    const sent = this.hasLeft ? this.queries.slice(0, this.sent) : this.queries;
    for (const query of sent.slice(0, this.at)) query.handleReadyForQuery(wire);
    for (const query of sent.slice(this.at)) query.handleError(error, wire);
    // Those behind it were not looked at: whoever sends them next tells their texts again.
    for (const { name } of this.queries.slice(this.at))
      if (name !== undefined) Reflect.deleteProperty(wire.submittedNamedStatements, name);
  }

  override handleReadyForQuery(wire: Wire): void {
    for (const query of this.queries.slice(0, this.sent)) query.handleReadyForQuery(wire);
    // pg has told the server to forget the statement whose values it could not write.
    const { name } = this.queries[this.sent] ?? {};
    if (name !== undefined) Reflect.deleteProperty(wire.parsedStatements, name);
  }

  /** pg's client notes by the name and text of whoever is answered which statements the server keeps. */
  private show(): void {
    const query = this.queries[this.at];
    this.name = query?.name;
    this.text = query?.text;
  }
}

/** The way to the server over one connection: what is sent in the same turn leaves as one, since a system call costs more than a query. */
export class Pipeline {
  private waiting: Sent[] = [];
  private isLeaving = false;
  private isClosed = false;
  /** Why nobody may use the connection any more. */
  broken: Error | undefined;

  constructor(
    private readonly client: PoolClient,
    private readonly options: { readonly isShared: boolean },
  ) {}

  /** Sends a statement at the end of this turn, with whatever else there is. */
  send<Row>(statement: Statement): Promise<Row[]> {
    const sent = new Promise<Row[]>((resolve, reject) => {
      if (this.isClosed) throw new Error('what travels as one is sent in one turn');
      this.waiting.push({ ...statement, done: resolve, failed: reject });
      if (this.isLeaving) return;
      this.isLeaving = true;
      process.nextTick(() => {
        this.leave();
      });
    });
    // Several fail at once, and whoever waits for the first of them hears of it.
    sent.catch(nothing);
    return sent;
  }

  /** Sends a statement along with the next one that somebody waits for; if it fails, that one does. */
  later(statement: Statement): void {
    this.waiting.push(statement);
  }

  /** Drops what has not left, and undoes what has; a connection that cannot do that is broken. */
  async undo(rollback: Statement): Promise<void> {
    this.isClosed = false;
    for (const { failed } of this.waiting.splice(0)) failed?.(new Error('rolled back before it was sent'));
    await this.send(rollback).catch((failure: unknown) => {
      this.broken = failure instanceof Error ? failure : new Error('rollback failed');
    });
  }

  /** Nothing more is sent after this turn. */
  close(): void {
    process.nextTick(() => {
      this.isClosed = true;
    });
  }

  /** Nothing more is sent: the connection is another's from now on. */
  end(): void {
    this.isClosed = true;
  }

  private leave(): void {
    const statements = this.waiting;
    this.waiting = [];
    this.isLeaving = false;
    if (statements.length === 0) return;
    const { stream } = (this.client as unknown as { connection: Wire }).connection;
    stream.cork();
    try {
      this.client.query(new Batch(statements, this.client) as unknown as PgQuery);
    } finally {
      // Others may be about to send over the same connection: one write for all of them.
      if (this.options.isShared)
        setImmediate(() => {
          stream.uncork();
        });
      else stream.uncork();
    }
  }
}
