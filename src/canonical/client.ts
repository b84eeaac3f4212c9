import type { CalendarDate } from './values';

export const GENDERS = ['female', 'male', 'other', 'unknown'] as const;
export type Gender = (typeof GENDERS)[number];

export const CLIENT_STATUSES = ['active', 'archived'] as const;
export type ClientStatus = (typeof CLIENT_STATUSES)[number];

/** A postal address; a vendor that keeps one string fills `formatted` alone. `country` is ISO 3166-1 alpha-2 where it can be told. */
export interface Address {
  readonly line1: string | null;
  readonly line2: string | null;
  readonly line3: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
  readonly country: string | null;
  readonly formatted: string | null;
}

/** An address of which nothing is known. */
export const NO_ADDRESS: Address = {
  line1: null,
  line2: null,
  line3: null,
  city: null,
  region: null,
  postalCode: null,
  country: null,
  formatted: null,
};

/** What the client agreed to receive; null where the vendor does not say. */
export interface Consents {
  readonly smsReminders: boolean | null;
  readonly emailReminders: boolean | null;
  readonly smsMarketing: boolean | null;
  readonly emailMarketing: boolean | null;
}

/** The vendor says nothing of consents. */
export const NO_CONSENTS: Consents = {
  smsReminders: null,
  emailReminders: null,
  smsMarketing: null,
  emailMarketing: null,
};

/** A person who comes to the clinic. */
export interface Client {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly fullName: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly phoneRaw: string | null;
  readonly birthDate: CalendarDate | null;
  readonly gender: Gender | null;
  readonly language: string | null;
  readonly address: Address | null;
  readonly notes: string | null;
  readonly consents: Consents;
  readonly status: ClientStatus;
}

/** The address, or null where every part of it is null. */
export function addressOrNull(address: Address): Address | null {
  return Object.values(address).some((part) => part !== null) ? address : null;
}
