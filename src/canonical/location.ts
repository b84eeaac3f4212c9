import type { Address } from './client';

/** Where appointments take place. */
export interface Location {
  readonly name: string | null;
  readonly description: string | null;
  readonly address: Address | null;
  readonly timeZone: string | null;
  readonly phone: string | null;
}
