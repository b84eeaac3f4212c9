/** Who is booked: a person, or what the vendor plans like one. */
export interface Practitioner<Ref> {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly fullName: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly phoneRaw: string | null;
  readonly title: string | null;
  readonly specialties: readonly string[];
  readonly active: boolean | null;
  readonly locationIds: readonly Ref[];
}
