import type { Gateway } from './gateway';

/** As much of an OpenAPI 3.0 schema as the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly example?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}
interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
type Content = Readonly<Record<string, Media>>;
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}
/** What is sent to an address that a body named. */
interface Callback {
  readonly post: { readonly requestBody: { readonly content: Content } };
}
/** One operation of the document. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly callbacks?: Readonly<Record<string, Readonly<Record<string, Callback>>>>;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The document as this process serves it. */
export const documentOf = async (gateway: Gateway): Promise<OpenApi> =>
  (await gateway.as(null)<OpenApi>('GET', '/openapi.json')).need(200);

/** Every operation of a document, its method in capitals. */
export const operationsOf = ({ paths }: OpenApi): Operation[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );

/** The codes that an operation documents for a status. */
export const codesOf = ({ responses }: Operation, status: number): string[] =>
  [...(responses[String(status)]?.description ?? '').matchAll(/`(\w+)`:/g)].map(([, code]) => code!);

/** The schema that a reference names. */
export function schemaAt({ components }: OpenApi, ref: string): Schema {
  const found = components.schemas[ref.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`the document has no ${ref}`);
  return found;
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
  email: /@/,
};
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** Where a value is not as a schema says, and how; a member that the schema does not name is wrong too. */
export function mismatches(document: OpenApi, schema: Schema, value: unknown, at = ''): string[] {
  if (schema.$ref !== undefined) return mismatches(document, schemaAt(document, schema.$ref), value, at);
  // As the specification says, and the strict validators: null is added to the type beside it, not to what is referred to.
  if (value === null && schema.nullable && schema.type !== undefined && !schema.allOf) return [];
  const { allOf = [], anyOf, oneOf = anyOf, type } = schema;
  const parts = allOf.flatMap((part) => mismatches(document, part, value, at));
  if (oneOf && !oneOf.some((part) => mismatches(document, part, value, at).length === 0))
    return [...parts, `${at}: none of the forms`];
  return type === undefined ? parts : [...parts, ...typeMismatches(document, { ...schema, type }, value, at)];
}

function typeMismatches(
  document: OpenApi,
  schema: Schema & { readonly type: string },
  value: unknown,
  at: string,
): string[] {
  if (!TYPES[schema.type]?.(value)) return [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  if (Array.isArray(value))
    return value.flatMap((one, i) => mismatches(document, schema.items ?? {}, one, `${at}/${String(i)}`));
  if (schema.type === 'object')
    return memberMismatches(document, schema, value as Record<string, unknown>, at);
  const wrong = typeof value === 'string' ? textFaults(schema, value) : numberFaults(schema, Number(value));
  const isWord = schema.enum?.includes(value) ?? true;
  return [...wrong, ...(isWord ? [] : ['is none of the words'])].map(
    (why) => `${at}: ${JSON.stringify(value)} ${why}`,
  );
}

const textFaults = (
  { format = '', pattern, minLength = 0, maxLength = Infinity }: Schema,
  text: string,
): string[] => [
  ...((FORMATS[format]?.test(text) ?? true) ? [] : [`is no ${format}`]),
  ...(pattern === undefined || new RegExp(pattern).test(text) ? [] : ['does not fit the pattern']),
  ...(text.length >= minLength && text.length <= maxLength ? [] : ['is too short or too long']),
];
const numberFaults = ({ minimum = -Infinity, maximum = Infinity }: Schema, number: number): string[] =>
  number >= minimum && number <= maximum ? [] : ['is too small or too large'];

function memberMismatches(
  document: OpenApi,
  { properties, required = [], additionalProperties }: Schema,
  value: Record<string, unknown>,
  at: string,
): string[] {
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => `${at}/${name}: is missing`),
    ...Object.entries(value).flatMap(([name, one]) => {
      const known = properties?.[name];
      if (known) return mismatches(document, known, one, `${at}/${name}`);
      if (typeof additionalProperties === 'object')
        return mismatches(document, additionalProperties, one, `${at}/${name}`);
      return properties && !additionalProperties ? [`${at}/${name}: is not documented`] : [];
    }),
  ];
}
