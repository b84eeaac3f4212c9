/** Why an adapter refuses a write before it has sent anything. */
export type RefusalCode = 'validation_failed' | 'capability_not_supported' | 'transition_not_allowed';

/**
 * A write that the vendor cannot hold, or would refuse by its own documentation: a text that is too long, a phone number of
 * another country, a status that cannot be reached. `field` is the canonical field by its path; the message says what would work.
 */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly field: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** Refuses a text that is longer than the vendor keeps. */
export function atMost(length: number, value: string | null | undefined, field: string): void {
  if (value !== null && value !== undefined && value.length > length)
    throw new Refusal('validation_failed', field, `may have ${String(length)} characters at most here`);
}
