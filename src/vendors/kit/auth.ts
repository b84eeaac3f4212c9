import type { Instant } from '../../canonical/values';

/** A token that a log-in gave, and when it ends. */
export interface IssuedToken {
  readonly token: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/** The request of a log-in: JSON or form, to a path below the base URL or to an absolute URL that `urls()` names. */
export interface LoginRequest {
  readonly url: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}
/** Sends a log-in request without credentials of its own and gives the parsed body; VendorError on refusal. */
export type SendLogin = (request: LoginRequest) => Promise<unknown>;

/** How a call proves who it is. `login` gets a token when there is none, before it expires, and once on a 401. */
export type Auth =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'query'; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'login';
      readonly login: (send: SendLogin) => Promise<IssuedToken>;
      /** What the log-in sends and no error may repeat. */
      readonly secrets: readonly string[];
    };

/** Where tokens are kept between calls and processes. */
export interface TokenStore {
  /** The newest token, whatever its age; null where nobody has logged in. */
  current(): Promise<IssuedToken | null>;
  /** Logs in, unless somebody else has replaced `stale` meanwhile; one log-in at a time over all processes. */
  renew(stale: IssuedToken | null, login: () => Promise<IssuedToken>): Promise<IssuedToken>;
  /** The vendor refuses a token that it has only just given: nobody logs in again until the credentials change. */
  refuse(token: IssuedToken): Promise<void>;
}

const RENEW_BEFORE_MS = 120_000;
const SHARE_IN_HAND = 0.1;

/** Whether a token still serves: a tenth of its life is kept in hand for the call itself, two minutes at most. */
export function serves({ issuedAt, expiresAt }: IssuedToken, now: number): boolean {
  const life = Date.parse(expiresAt) - Date.parse(issuedAt);
  return Date.parse(expiresAt) - now > Math.min(RENEW_BEFORE_MS, life * SHARE_IN_HAND);
}

/** A store for one process, for vendors without a database at hand (checks before a connection exists, tests). */
export function tokensInMemory(): TokenStore {
  let held: IssuedToken | null = null;
  let renewing: Promise<IssuedToken> | null = null;
  return {
    current: () => Promise.resolve(held),
    renew: (stale, login) => {
      if (held !== null && held.token !== stale?.token) return Promise.resolve(held);
      renewing ??= login()
        .then((token) => (held = token))
        .finally(() => (renewing = null));
      return renewing;
    },
    refuse: () => Promise.resolve(),
  };
}

/** A vendor's words without our credentials: some repeat in an error what they were sent. */
export function scrubbed(words: string | null, auth: Auth): string | null {
  return secretsOf(auth)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce<string | null>((rest, secret) => rest?.replaceAll(secret, '[removed]') ?? null, words);
}
/** What a call sends to prove who it is. */
export const secretsOf = (auth: Auth): readonly string[] => {
  switch (auth.kind) {
    case 'basic':
      return [auth.user, auth.password].filter((part) => part !== '');
    case 'query':
      return Object.values(auth.parameters);
    case 'bearer':
      return [auth.token];
    case 'login':
      return auth.secrets;
  }
};
