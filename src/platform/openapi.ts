import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { VENDORS } from '../vendors/registry';
import { schemaOf } from '../vendors/kit/config-schema';
import { PROBLEMS, type ProblemCode } from './http/problems';
import { ANSWER_HEADERS, describeAnswers, describeCalls } from './openapi-answers';
import { giveExamples } from './openapi-examples';
import { addHeaders, problemsOf } from './openapi-operations';
import { PROBLEM_SCHEMAS, problemResponse } from './openapi-problems';
import { VERSION } from './version';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const ABOUT = `One REST API over the appointment systems of ${[...VENDORS.values()].map(({ title }) => title).join(', ')}.

Records are read from a mirror that syncs keep fresh; \`Cache-Control: no-cache\` on a single record asks the vendor first.
Authorize with an API key; npm start prints the demo clinic's.
Every answer carries \`X-Request-Id\` (yours, if you sent one) and \`Server-Timing\`, and to a tenant's key \`RateLimit\` and \`RateLimit-Policy\`.
Every error is RFC 9457 \`application/problem+json\` with a stable \`code\`. Before any operation is known, a request can be answered
400 \`malformed_request\` (it cannot be read as HTTP), 408 \`request_timeout\` (headers within 10 s, the whole within 30 s) and
431 \`request_too_long\` (request line and headers past 16 KiB).`;

const HTTP_METHODS = ['get', 'post', 'patch', 'delete', 'put'] as const;
/** In the order in which a stranger needs them. */
const TAGS: readonly (readonly [string, string])[] = [
  ['Appointments', 'Bookings of all connections in one form'],
  ['Clients', 'The people who are booked for'],
  ['Practitioners', 'The people who are booked with'],
  ['Services', 'What can be booked'],
  ['Locations', 'Where it takes place'],
  ['Availability', 'What a vendor still offers'],
  ['Vendors and connections', "What there is to connect, a tenant's accounts, and their syncs"],
  ['Events and webhooks', 'What has changed, to be asked for or to be told of'],
  ['Mapping', "The vendors' ids and the gateway's"],
  ['Audit', "Who read or changed which client's data"],
  ['Operator', "Tenants and their keys, with the operator's key"],
  ['Service', 'Health and metrics, without a key'],
];

/** The OpenAPI document: from the controllers and their comments, with each operation's problems out of the one table. */
export function makeDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Scheduling gateway')
    .setDescription(ABOUT)
    .setVersion(VERSION)
    .setLicense('Proprietary', '/')
    .addServer('/', 'This gateway')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        // The generator would say that it is a JWT.
        bearerFormat: 'sgw_…',
        description: "A tenant's API key, or the operator's for /v1/tenants",
      },
      'apiKey',
    );
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (_controller, method) => method,
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(PROBLEM_SCHEMAS as object), ...configurations() },
    headers: ANSWER_HEADERS,
  };
  tidy(document.components);
  document.components.schemas = offerConfigurations(document.components.schemas ?? {});
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of HTTP_METHODS) {
      const operation = item[method];
      if (!operation) continue;
      complete(path, method, operation);
      giveExamples(path, method, operation);
    }
  }
  dropUnused(document);
  return document;
}

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** What a connection to each vendor needs, as schemas named like the vendor's classes. */
const configurations = (): Schemas =>
  Object.fromEntries(
    [...VENDORS.values()].flatMap(({ credentials, settings }) =>
      [credentials, settings].map((type) => [type.name, schemaOf(type)]),
    ),
  );

/** What stood for an answer that was corrected since is a schema of nothing. */
function dropUnused(document: OpenAPIObject): void {
  const written = JSON.stringify(document);
  const schemas = document.components?.schemas ?? {};
  for (const name of Object.keys(schemas))
    if (!written.includes(`"#/components/schemas/${name}"`)) Reflect.deleteProperty(schemas, name);
}

/** The bodies that take a configuration offer each vendor's. */
function offerConfigurations(schemas: Schemas): Schemas {
  const one = (part: 'credentials' | 'settings', description: string): object => ({
    description,
    anyOf: [...VENDORS.values()].map((vendor) => ({ $ref: `#/components/schemas/${vendor[part].name}` })),
  });
  const create = schemas['CreateConnectionDto'] as { properties: Record<string, { description: string }> };
  for (const part of ['credentials', 'settings'] as const)
    create.properties[part] = one(part, create.properties[part]?.description ?? '') as never;
  return schemas;
}

/** The one value of a type that a reference leaves out. Whatever its type, null is all that it may be. */
const NULL = { type: 'string', nullable: true, enum: [null] };

/**
 * A reference needs no wrapping, and what else may be null says so beside it: the generator leaves both undone. In
 * OpenAPI 3.0 `nullable` adds null to a `type` that stands with it, never to what is referred to.
 */
function tidy(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as {
    propertyNames?: unknown;
    allOf?: { $ref?: string }[];
    anyOf?: object[];
    nullable?: boolean;
    type?: string;
    $ref?: string;
  };
  // JSON Schema has the word, OpenAPI 3.0 has not.
  delete schema.propertyNames;
  const only = schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined;
  if (only !== undefined && schema.nullable) {
    schema.anyOf = [{ $ref: only }, NULL];
    delete schema.allOf;
    delete schema.type;
    delete schema.nullable;
  } else if (only !== undefined && Object.keys(schema).every((key) => key === 'allOf' || key === 'type')) {
    delete schema.allOf;
    delete schema.type;
    schema.$ref = only;
  }
  Object.values(node).forEach(tidy);
}

/** The generator adds the status that a method would have if it said nothing else. */
function keepOneSuccess(responses: Operation['responses']): void {
  if (responses['204']) delete responses['200'];
  if (responses['200'] ?? responses['202']) delete responses['201'];
}

function complete(path: string, method: string, operation: Operation): void {
  keepOneSuccess(operation.responses);
  const isPublic = !path.startsWith('/v1/');
  operation.security = isPublic ? [] : [{ apiKey: [] }];
  const codes = isPublic ? publicProblems(path) : problemsOf(path, method, operation);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes)
    byStatus.set(PROBLEMS[code].status, [...(byStatus.get(PROBLEMS[code].status) ?? []), code]);
  for (const [status, some] of byStatus) operation.responses[String(status)] = problemResponse(some);
  addHeaders(path, method, operation);
  describeAnswers(path, method, operation);
  describeCalls(operation);
  for (const parameter of operation.parameters ?? [])
    if ('name' in parameter && !parameter.required) showExample(parameter);
}

type Parameter = Extract<NonNullable<Operation['parameters']>[number], { name: string }>;

/** Swagger UI fills examples in, and an optional filter that nobody chose would hide records: they are told in words. */
function showExample(parameter: Parameter): void {
  const schema = parameter.schema as { example?: unknown } | undefined;
  const example = (parameter.example ?? schema?.example) as string | undefined;
  if (example === undefined) return;
  parameter.description = `${parameter.description ?? ''} For example \`${example}\`.`.trim();
  delete parameter.example;
  delete schema?.example;
}

const publicProblems = (path: string): ProblemCode[] =>
  path === '/readyz' ? ['unavailable'] : path.startsWith('/problems') ? ['not_found'] : ['internal_error'];

/** Swagger UI at /docs, the document at /openapi.json and /openapi.yaml. */
export function serveDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => makeDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Scheduling gateway',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
