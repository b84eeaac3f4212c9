/** Unix seconds: an integer in answers, digits in the samples of requests, null on some records. */
export type Seconds = number | string | null;
/** Yes or no: 0 and 1 in answers, "0" and "1" in requests. */
export type Flag = 0 | 1 | '0' | '1' | boolean | null;
/** Text that may be null, blank or left out. */
export type Text = string | null | undefined;

/** What every record carries. `external_id` is Penga's own public id, never a caller's. */
export interface WireRecord {
  readonly external_id: string;
  readonly created_at?: Seconds;
  readonly updated_at?: Seconds;
  /** Shown on deleted users; on the other records nobody knows (they may just be gone). */
  readonly deleted_at?: Seconds;
}

/** What a record says of another that it points at: all of it on a single record, id and names in a list. */
export interface WirePointer {
  readonly external_id?: string | null;
}

/** A name with a colour: a status, a type or a department inside an appointment. */
export interface WireLabel extends WirePointer {
  readonly name?: Text;
  readonly color?: Text;
}

/** https://docs.penga.uk (appointments): one client, one user; `departments` follow the user. */
export interface WireAppointment extends WireRecord {
  readonly start_time?: Seconds;
  readonly end_time?: Seconds;
  readonly description?: Text;
  readonly appointmentstatus?: WireLabel | null;
  readonly appointmenttype?: WireLabel | null;
  readonly client?: WirePointer | null;
  readonly user?: WirePointer | null;
  readonly departments?: readonly WirePointer[] | null;
}

/** The postal address inside a client: a record of its own, which several clients may point at. */
export interface WireAddress {
  readonly external_id?: string | null;
  readonly house_num_name?: Text;
  readonly address_1?: Text;
  readonly address_2?: Text;
  readonly address_3?: Text;
  readonly town?: Text;
  readonly county?: Text;
  readonly postcode?: Text;
}

/** The eight flags of what a client may be sent, in the order of the reference. */
export const MARKETING_FLAGS = [
  'notification_sms_allow',
  'notification_email_allow',
  'marketing_sms_allow',
  'marketing_email_allow',
  'manual_notification_sms_optout',
  'manual_notification_email_optout',
  'manual_marketing_sms_optout',
  'manual_marketing_email_optout',
] as const;
export type MarketingFlag = (typeof MARKETING_FLAGS)[number];

/** What a client may be sent: allowed by the practice, and opted out of by the client. */
export type WireMarketingOptions = { readonly external_id?: string | null } & {
  readonly [F in MarketingFlag]?: Flag;
};

/** https://docs.penga.uk (clients): no birth date, no gender, no language. */
export interface WireClient extends WireRecord {
  readonly first_name?: Text;
  readonly last_name?: Text;
  readonly description?: Text;
  readonly email?: Text;
  readonly mobile?: Text;
  readonly address?: WireAddress | null;
  readonly marketing_options?: WireMarketingOptions | null;
}

/** https://docs.penga.uk (users): `name` is the user name, which need not be a name of a person (`nightmanager`). */
export interface WireUser extends WireRecord {
  readonly name?: Text;
  readonly first_name?: Text;
  readonly last_name?: Text;
  readonly email?: Text;
  readonly mobile?: Text;
  readonly departments?: readonly WirePointer[] | null;
}

/** https://docs.penga.uk (appointment types, departments): the two have one shape. */
export interface WireEntry extends WireRecord {
  readonly name?: Text;
  readonly description?: Text;
  readonly color?: Text;
}

/** All that is read of `GET user`, which also holds tokens and card digits. */
export interface WireAccount {
  readonly name?: Text;
  readonly organisation?: { readonly name?: Text } | null;
}

/** The envelope of a page (Laravel's paginator). Its URLs are not read: some of them lose the query, some the host. */
export interface WireEnvelope {
  readonly data: readonly unknown[];
  readonly last_page: number | string;
  readonly total: number | string;
}

/** The body of `POST appointments` and `PUT appointments/{id}`: times are digits, all but the two texts is required. */
export interface AppointmentBody {
  readonly start_time?: string;
  readonly end_time?: string;
  readonly user_id?: string;
  readonly client_id?: string;
  readonly appointmenttype_id?: string;
  readonly appointmentstatus_id?: string;
  readonly description?: string | null;
  /** Becomes a note of its own with each request that has it. */
  readonly note?: string;
  readonly send_alerts?: boolean;
}

/** The body of `POST clients` and `PUT clients/{id}`: the names are required. */
export interface ClientBody {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly description?: string | null;
  readonly email?: string | null;
  readonly mobile?: string | null;
  readonly address_id?: string | null;
}

/** The body of `POST postaladdress`. */
export interface AddressBody {
  readonly house_num_name: string;
  readonly address_1: string | null;
  readonly address_2: string | null;
  readonly address_3: string | null;
  readonly town: string | null;
  readonly county: string | null;
  readonly postcode: string | null;
}

/** The body of `PUT marketing-options-client/{id}`, where every flag is required. */
export type MarketingBody = { readonly [F in MarketingFlag]: '0' | '1' };
/** What one client may be sent from now on: a record of its own, by its id. */
export interface MarketingChange {
  readonly id: string;
  readonly json: MarketingBody;
}
