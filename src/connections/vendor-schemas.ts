import type { ResourceName } from '../canonical/index';
import type { ResourceCapabilities, Vendor } from '../vendors/contract';
import { schemaOf } from '../vendors/kit/config-schema';

/** A vendor as `GET /v1/vendors` shows it: derived from its definition, so that it cannot disagree with the code. */
export interface ShownVendor {
  readonly vendor: string;
  readonly title: string;
  readonly docs: string;
  readonly credentialsSchema: object;
  readonly settingsSchema: object;
  readonly capabilities: Partial<Record<ResourceName, ResourceCapabilities>> & {
    readonly availability: { readonly supported: boolean };
  };
}

/** What is told of a vendor to those who want to connect to it. */
export const shownVendor = (vendor: Vendor): ShownVendor => ({
  vendor: vendor.name,
  title: vendor.title,
  docs: vendor.docs,
  credentialsSchema: schemaOf(vendor.credentials),
  settingsSchema: schemaOf(vendor.settings),
  capabilities: { ...vendor.capabilities, availability: { supported: vendor.availability !== undefined } },
});
