import { targetConstructorToSchema } from 'class-validator-jsonschema';
import type { ResourceName } from '../canonical/index';
import type { ResourceCapabilities, Vendor } from '../vendors/contract';

/** A vendor as `GET /v1/vendors` shows it: derived from its definition, so that it cannot disagree with the code. */
export interface ShownVendor {
  readonly vendor: string;
  readonly title: string;
  readonly docs: string;
  readonly credentialsSchema: object;
  readonly settingsSchema: object;
  readonly capabilities: Partial<Record<ResourceName, ResourceCapabilities>> & { readonly availability: { readonly supported: boolean } };
}

/** JSON Schema of a validated class; nested classes are written out in place, and nothing unknown is taken. */
export function schemaOf(type: new () => object): object {
  return closed(targetConstructorToSchema(type, { refPointerPrefix: '#/' }), type);
}

function closed(schema: object, type: new () => object): object {
  const { properties = {}, ...rest } = schema as { properties?: Record<string, { $ref?: string }> };
  const written = Object.entries(properties).map(([name, property]) => {
    if (property.$ref === undefined) return [name, property] as const;
    const nested = Reflect.getMetadata('design:type', type.prototype as object, name) as new () => object;
    return [name, schemaOf(nested)] as const;
  });
  return { ...rest, properties: Object.fromEntries(written), additionalProperties: false };
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
