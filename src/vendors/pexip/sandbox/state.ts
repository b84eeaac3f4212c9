import { createHash } from 'node:crypto';
import type { Table } from './table';

export const LANGUAGES = ['da', 'de', 'el', 'en', 'es', 'fr', 'ja', 'nl', 'no', 'pl'] as const;
export const MEETING_TYPES = ['OFFICE', 'ON_LOCATION', 'PHONE', 'VIDEO'] as const;
export const STATUSES = [
  'ACCEPTED',
  'ALTERNATIVE_DATE_REQUESTED',
  'CANCELLED',
  'COMPLETED',
  'INCOMING_REQUEST',
  'NO_SHOW',
  'OUTGOING_INVITE',
] as const;
export const ROLES = ['PRIMARY', 'SECONDARY'] as const;
export const PARTICIPANT_TYPES = ['CUSTOMER', 'EMPLOYEE'] as const;
export const EMPLOYEE_STATUSES = ['ACTIVE', 'PENDING', 'SUSPENDED'] as const;
export const EMPLOYEE_ROLES = ['ADMIN', 'AGENT', 'CENTRAL_PLANNER', 'OFFICE_MANAGER'] as const;
export const UNAVAILABILITY_TYPES = [
  'APPOINTMENT',
  'EXTERNAL_CALENDAR',
  'LISTING_EXCLUSIVITY',
  'USER_DEFINED',
] as const;

export interface Link {
  readonly id: string;
}
export interface Text {
  readonly language: string;
  readonly value: string;
}
export interface Location {
  readonly city: Text | null;
  readonly state: Text | null;
  readonly street1: Text | null;
  readonly street2: Text | null;
  readonly postalCode: string | null;
  readonly countryCode: string;
  readonly formattedAddress: string;
  readonly geolocation: { readonly latitude: number; readonly longitude: number };
}
export interface Participant {
  readonly role: string;
  readonly participant: Link;
  readonly type: string;
  readonly videoUrl: string | null;
  readonly videoTestUrl: string | null;
}
export interface Answer {
  readonly id: string;
  readonly value: string | null;
  readonly selectedAnswerOptions: readonly Link[] | null;
  readonly files: readonly Link[] | null;
  readonly form: Link;
  readonly question: Link;
  readonly answerType: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}
/** As GET /appointments documents it, every field there. */
export interface Appointment {
  readonly id: string;
  readonly externalId: string | null;
  readonly start: string | null;
  readonly end: string | null;
  readonly subject: Link;
  readonly office: Link;
  readonly appointmentParticipants: readonly Participant[];
  readonly answers: readonly Answer[];
  readonly callbackRequest: Link | null;
  readonly listing: Link | null;
  readonly leadSegment: Link | null;
  readonly meetingRoom: Link | null;
  readonly meetingType: string;
  readonly status: string;
  readonly hybrid: boolean;
  readonly trailingBufferTime: number;
  readonly internalNotes: string | null;
  readonly messageForCustomer: string | null;
  readonly createdAt: string;
  readonly createdBy: Link | null;
  readonly createdByType: string;
  readonly createdFrom: string;
  readonly updatedAt: string;
  readonly updatedBy: Link | null;
  readonly updatedByType: string;
  readonly updatedFrom: string;
  readonly location: Location | null;
}
interface Kept {
  readonly id: string;
  readonly externalId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
interface Deletable extends Kept {
  readonly deletedAt: string | null;
}
export interface Customer extends Deletable {
  readonly customerNumber: string | null;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly company: string | null;
  readonly language: string | null;
  readonly notes: string | null;
  readonly phoneNumber: string | null;
  readonly existing: boolean;
  readonly timeZone: string;
  readonly location: Location | null;
}
/** Texts in every language there is; an answer has the one that was asked for beside them. */
export type Translations = Readonly<Record<string, readonly Text[]>>;
export interface Employee extends Deletable {
  readonly communicationEmail: string | null;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly staticVideoUrl: string | null;
  readonly phoneNumber: string | null;
  readonly profilePictureUrl: string | null;
  readonly email: string;
  readonly language: string | null;
  readonly timeZone: string;
  readonly availableRoles: readonly string[];
  readonly status: string;
  readonly onlinePlanning: boolean;
  readonly officeRelations: readonly { readonly role: string; readonly office: Link }[];
  readonly translations: Translations;
}
export interface Subject extends Deletable {
  readonly enabledForInternalUse: boolean;
  readonly enabledForCustomerUse: boolean;
  readonly order: number;
  readonly subjectGroup: Link | null;
  readonly cancellationByAgentForm: Link | null;
  readonly cancellationByCustomerForm: Link | null;
  readonly completionByAgentForm: Link | null;
  readonly questionnaireForm: Link | null;
  readonly translations: Translations;
}
export interface SubjectGroup extends Kept {
  readonly color: string | null;
  readonly order: number;
  readonly image: string | null;
  readonly translations: Translations;
}
export interface Office extends Kept {
  readonly timeZone: string;
  readonly phoneNumber: string | null;
  readonly location: Location | null;
  readonly translations: Translations;
}
export interface AvailabilitySetting {
  readonly meetingType: string;
  readonly subject: Link;
  readonly autoAccept: boolean;
  readonly estimatedDuration: number;
  readonly timeSlotGranularity: number;
  readonly trailingBufferTime: number;
  readonly timeSlotEarliestPossible: number;
  readonly timeSlotLatestPossible: number;
  readonly maxConcurrentAppointments: number;
}
export interface Unavailability {
  readonly id: string;
  readonly employee: Link;
  readonly start: string | null;
  readonly startDate: string | null;
  readonly end: string | null;
  readonly endDate: string | null;
  readonly type: string;
  readonly externalId: string | null;
}

/** What a token opens, until when (epoch milliseconds). */
export interface Token {
  readonly end: number;
  readonly scopes: ReadonlySet<string>;
}

/** The enterprise, and how the sandbox plays Pexip Engage. */
export interface State {
  readonly enterprise: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly now: () => Date;
  /** Tokens that were given out. */
  readonly tokens: Map<string, Token>;
  /** What the log-in's `expires_in` says. */
  tokenSeconds: number;
  /** Null: no limit, for benchmarks. */
  requestsPerMinute: number | null;
  maxInFlight: number;
  /** How long every answer takes. */
  latencyMs: number;
  maxLimit: number;
  /** Whether cancel, complete, no-show, and making and deleting customers are there: no public page documents them. */
  undocumentedActions: boolean;
  /** Resources for which the client has no scope: `customers`, say. */
  readonly closed: Set<string>;
  appointments: Table<Appointment>;
  customers: Table<Customer>;
  employees: Table<Employee>;
  subjects: Table<Subject>;
  subjectGroups: Table<SubjectGroup>;
  offices: Table<Office>;
  unavailability: Table<Unavailability>;
  /** By office. */
  readonly availabilitySettings: Map<string, readonly AvailabilitySetting[]>;
  lastId: number;
}

/** An opaque id: the nth of its kind, in no order that can be told. */
export function opaqueId(kind: string, nth: number): string {
  const hex = createHash('sha1').update(`${kind} ${nth}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
/** The id of a record that is made now. */
export function nextId(state: State): string {
  state.lastId += 1;
  return opaqueId('made', state.lastId);
}
const AREAS = ['appointments', 'availability', 'customers', 'employees', 'offices', 'subjects'];
/** The scopes that the client was given. */
export const SCOPES = AREAS.flatMap((area) => [`engage:${area}:readOnly`, `engage:${area}:readWrite`]);

/** A token, as if somebody had logged in. */
export function issueToken(state: State, scopes: readonly string[] = SCOPES): string {
  const token = `sandbox-${nextId(state)}`;
  const end = state.now().getTime() + state.tokenSeconds * 1000;
  state.tokens.set(token, { end, scopes: new Set(scopes) });
  return token;
}
export const stamp = (state: State): string => state.now().toISOString();
