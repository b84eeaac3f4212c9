import type { ResourceName, Resources } from '../../src/canonical/index';

/** A record as the API shows it. */
export type Shown<R extends ResourceName> = Resources<string>[R] & {
  readonly id: string;
  readonly connectionId: string;
  readonly vendor: string;
  readonly remoteId: string;
  readonly externalId: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly syncedAt: string | null;
  readonly changedAt: string;
  readonly deletedAt: string | null;
  readonly version: number;
  readonly remote?: Readonly<Record<string, unknown>>;
};
/** A page of a list. */
export interface ListOf<T> {
  readonly data: T[];
  readonly page: { readonly limit: number; readonly nextCursor: string | null };
}
/** A sync as the API shows it. */
export interface ShownSync {
  readonly id: string;
  readonly connectionId: string;
  readonly mode: string;
  readonly status: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly resources: Readonly<
    Partial<
      Record<ResourceName, Readonly<Record<'seen' | 'created' | 'updated' | 'deleted' | 'failed', number>>>
    >
  >;
  readonly errors: readonly {
    readonly resource: string | null;
    readonly remoteId: string | null;
    readonly code: string;
    readonly message: string;
  }[];
}
/** A connection as the API shows it. */
export interface ShownConnection {
  readonly id: string;
  readonly vendor: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: { readonly configured: boolean; readonly updatedAt: string };
  readonly enabled: boolean;
  readonly status: string;
  readonly lastSyncAt: string | null;
  readonly lastError: { readonly code: string; readonly retryable: boolean } | null;
  readonly warnings: readonly {
    readonly code: string;
    readonly resource: string | null;
    readonly field: string | null;
    readonly value: string | null;
    readonly firstSeenAt: string;
    readonly count: number;
  }[];
  readonly version: number;
}
/** A row of the mapping table as the API shows it. */
export interface ShownMapping {
  readonly resource: ResourceName;
  readonly canonicalId: string;
  readonly connectionId: string;
  readonly vendor: string;
  readonly remoteId: string;
  readonly remoteScope: string | null;
  readonly externalId: string | null;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string | null;
  readonly goneAt: string | null;
}
/** RFC 9457, with what this service adds. */
export interface ShownProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly requestId: string;
  readonly origin: string;
  readonly retryable: boolean;
  readonly staleAvailable?: boolean;
  readonly outcome?: string;
  readonly retryAfterSeconds?: number;
  readonly vendor?: { readonly name: string; readonly status: number | null };
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly code: string;
    readonly message: string;
  }[];
}

/** An answer of the service. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, null where there is none. */
  readonly body: T;
  /** The body of an answer with this status; any other fails the test with what was said. */
  need(status: number): T;
  /** The body as a problem. */
  readonly problem: ShownProblem;
}
export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Asks for a record as the vendor has it now, past the mirror. */
export const FRESH: CallOptions = { headers: { 'cache-control': 'no-cache' } };
/** Calls the service. */
export type Call = <T = unknown>(method: string, path: string, options?: CallOptions) => Promise<Answer<T>>;

/** Everything that the service ever answered in this file, for those who look for what must not be in it. */
export const answered: string[] = [];

/** Calls with a key, or with none. */
export function callAs(url: () => string, key: string | null): Call {
  return async <T>(method: string, path: string, { body, raw, headers = {} }: CallOptions = {}) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url() + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        // Without it, fetch adds `no-cache` of its own accord to every conditional request.
        'cache-control': 'max-age=60',
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    answered.push(JSON.stringify([...response.headers]), text);
    return answerOf<T>(response, text, `${method} ${path}`);
  };
}

function answerOf<T>({ status, headers }: Response, text: string, asked: string): Answer<T> {
  const isJson = /[/+]json/.test(headers.get('content-type') ?? '') && text !== '';
  const body = (isJson ? JSON.parse(text) : null) as T;
  return {
    status,
    headers,
    text,
    body,
    problem: body as unknown as ShownProblem,
    need: (wanted) => {
      if (status !== wanted)
        throw new Error(`${asked} answered ${String(status)} and not ${String(wanted)}: ${text}`);
      return body;
    },
  };
}
