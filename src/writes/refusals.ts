import { Problem } from '../platform/http/problems';
import type { Vendor } from '../vendors/contract';

/** The record's turn did not come in time. */
export const underWay = (): Problem =>
  new Problem('conflict', 'Another write of this record is under way; try again', { retryAfterSeconds: 1 });
/** The practitioner's time is taken. */
export const slotTaken = (): Problem =>
  new Problem('slot_conflict', 'The practitioner is booked already in that time');
/** The caller's id belongs to another record. */
export const externalIdTaken = (): Problem =>
  new Problem('conflict', 'Another record has this externalId already', {
    errors: [{ pointer: '/externalId', code: 'taken', message: 'is the externalId of another record' }],
  });

/** This process stood still for so long that it may send the write no more; nothing was sent. */
export const heldUp = (): Problem =>
  new Problem('unavailable', 'The gateway was held up before it could ask the vendor; nothing was sent');

/** Nobody knows whether it was done, though the gateway looked. */
export const unknownOutcome = ({ title }: Pick<Vendor, 'title'>): Problem =>
  new Problem(
    'vendor_timeout',
    `${title} gave no answer that tells whether it was done. The gateway goes on looking; ask again with the same Idempotency-Key`,
    { outcome: 'unknown' },
  );

/** Nobody knows whether it was done, and nobody can look. */
export const unheard = (): Problem =>
  new Problem(
    'vendor_timeout',
    'Nobody knows whether it was applied. Look at the vendor: to send it again takes another key',
    { outcome: 'unknown' },
  );

/** It was done, or a part of it, and the process ended before it could say what. */
export const doneUnheard = (): Problem =>
  new Problem(
    'conflict',
    'This was begun under its Idempotency-Key, and its answer is lost. Look what there is: to ask again takes another key',
  );

/** The gateway looked for as long as it does, and the vendor has not done it. */
export const neverApplied = ({ title }: Pick<Vendor, 'title'>): Problem =>
  new Problem('vendor_timeout', `${title} has not applied the write; it may be sent again`);

/** More than one record could be what was made. */
export const ambiguous = (resource: string): Problem =>
  new Problem(
    'conflict',
    `Two ${resource} at the vendor could both be what was made; look at them, nobody guesses`,
  );
