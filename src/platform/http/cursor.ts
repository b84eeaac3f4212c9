import { CannotOpen, type Keyring } from '../crypto';
import { wrongParameter } from './problems';

/**
 * Cursors: where a list stands, sealed. Nobody can read a name out of one, change one, or use it with another list, other
 * filters or another tenant's key.
 */
export class Cursors {
  constructor(private readonly keyring: Keyring) {}

  /** The cursor after `position` in the list that `list` describes (tenant, route, filters, order). */
  write(list: unknown, position: readonly string[]): string {
    return this.keyring.seal(JSON.stringify(position), placeOf(list));
  }

  /** The position that a cursor holds; null where none was given, cursor_invalid where it is not of this list. */
  read(list: unknown, cursor: string | undefined): readonly string[] | null {
    if (cursor === undefined) return null;
    try {
      return JSON.parse(this.keyring.open(cursor, placeOf(list))) as string[];
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      throw wrongParameter(
        'cursor',
        'The cursor was made for another list, or with other filters',
        'cursor_invalid',
      );
    }
  }
}

const placeOf = (list: unknown): string => `cursor ${JSON.stringify(list)}`;
