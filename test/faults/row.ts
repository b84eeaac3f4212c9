import type { Fault } from '../../src/vendors/kit/sandbox';
import type { Clinic } from '../support/clinics';
import type { Scene } from './scene';
import type { Strangers } from './strangers';

/** How often the vendor is called: with a key, or with a token that is renewed once on a 401. */
export type Tries = number | { readonly key: number; readonly token: number };

/** What a caller sees. */
export interface Seen {
  readonly status: number;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly outcome?: string;
  readonly retryAfterSeconds?: number;
}
/** What a sync of one resource leaves behind. */
export interface Listed {
  readonly sync: string;
  readonly errors: readonly string[];
  readonly setAside: number;
  readonly deleted: number;
  readonly connection: string;
  readonly lastError: { readonly code: string; readonly retryable: boolean } | null;
  /** Whether records that stood before do so no more. */
  readonly lost: boolean;
}
export const PLACES: readonly Place[] = ['read', 'list', 'write', 'login', 'story'];
export type Place = 'read' | 'list' | 'write' | 'login' | 'story';

/** One fault, and what must come of it: in a read of one record, a list, a write, a log-in; or a whole story. */
export interface Row {
  readonly name: string;
  readonly fault?: Fault | ((strangers: Strangers, clinic: Clinic) => Fault);
  /** The connection leads there instead of to the sandbox. */
  readonly address?: 'refusing' | 'silent' | 'deaf';
  /** What happens at the vendor that is no fault of its answers. It has a clinic and a connection of its own, and says what it saw. */
  readonly story?: (scene: Scene) => Promise<object>;
  /** How often; for good if left out. */
  readonly times?: number;
  /** In the everyday tests: everywhere, only where it costs little, or not. Lists and log-ins go through the same code as reads. */
  readonly effort?: 'all' | 'least' | 'none';
  /** Only lists of records are struck, in the place `list`. */
  readonly onLists?: boolean;
  /** Vendors that it applies to; all if left out. */
  readonly vendors?: readonly string[];
  readonly seen: {
    readonly read?: Seen & { readonly tries?: Tries; readonly connection?: string };
    readonly list?: Listed;
    /** `written`: how often the vendor applied it. */
    readonly write?: Seen & { readonly tries?: Tries; readonly written: number };
    readonly login?: Seen & { readonly tries?: Tries };
    /** Of each vendor, where they differ. */
    readonly story?: object | ((vendor: string) => object);
  };
}
