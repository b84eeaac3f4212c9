import { targetConstructorToSchema } from 'class-validator-jsonschema';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, { readonly $ref?: string }>>;
  readonly required?: readonly string[];
}
type Configuration = new () => object;

/**
 * JSON Schema of a configuration class, from its validators: nested classes written out in place, what has a default not
 * required, nothing unknown taken.
 */
export function schemaOf(type: Configuration): object {
  const {
    properties = {},
    required = [],
    ...rest
  } = targetConstructorToSchema(type, { refPointerPrefix: '#/' }) as Schema;
  const defaults = new type() as Record<string, unknown>;
  const written = Object.entries(properties).map(([name, property]) => [
    name,
    withDefault(inPlace(type, name, property), defaults[name]),
  ]);
  // Each vendor fills in its own base URL, from a default or from the rest of the configuration.
  const needed = required.filter((name) => defaults[name] === undefined && name !== 'baseUrl');
  return {
    ...rest,
    properties: Object.fromEntries(written) as object,
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  };
}

function inPlace(type: Configuration, name: string, property: { readonly $ref?: string }): object {
  if (property.$ref === undefined) return property;
  return schemaOf(Reflect.getMetadata('design:type', type.prototype as object, name) as Configuration);
}

const withDefault = (schema: object, value: unknown): object =>
  value === undefined || typeof value === 'object' ? schema : { ...schema, default: value };
