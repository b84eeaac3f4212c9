/** What is booked: a kind of appointment. */
export interface Service<Ref> {
  readonly name: string | null;
  readonly description: string | null;
  readonly durationMinutes: number | null;
  readonly color: string | null;
  readonly active: boolean | null;
  readonly practitionerIds: readonly Ref[];
}
