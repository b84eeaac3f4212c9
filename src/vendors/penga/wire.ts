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

/** The postal address inside a client. */
export interface WireAddress {
  readonly house_num_name?: Text;
  readonly address_1?: Text;
  readonly address_2?: Text;
  readonly address_3?: Text;
  readonly town?: Text;
  readonly county?: Text;
  readonly postcode?: Text;
}

/** What a client may be sent: allowed by the practice, and opted out of by the client. */
export interface WireMarketingOptions {
  readonly notification_sms_allow?: Flag;
  readonly notification_email_allow?: Flag;
  readonly marketing_sms_allow?: Flag;
  readonly marketing_email_allow?: Flag;
  readonly manual_notification_sms_optout?: Flag;
  readonly manual_notification_email_optout?: Flag;
  readonly manual_marketing_sms_optout?: Flag;
  readonly manual_marketing_email_optout?: Flag;
}

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
