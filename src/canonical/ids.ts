/** The id that the gateway gave to a record: a UUID version 7. Branded, so that a vendor's id cannot stand in for it. */
export type GatewayId = string & { readonly __brand: 'GatewayId' };

/**
 * How a vendor names one of its records. `scope` is what else its URL needs (the location below which it stands, say), `''`
 * where nothing; two records with the same `id` in different scopes are different records.
 */
export interface RemoteRef {
  readonly id: string;
  readonly scope: string;
}

/** A reference to a record that the vendor names by its id alone. */
export const ref = (id: string, scope = ''): RemoteRef => ({ id, scope });
