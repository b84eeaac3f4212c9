import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from './http/problems';

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

/** The form of every error, as the document shows it. */
export const PROBLEM_SCHEMAS = {
  FieldError: {
    type: 'object',
    required: ['code', 'message'],
    properties: {
      pointer: { type: 'string', description: 'JSON pointer into the body' },
      parameter: { type: 'string', description: 'Name of a query or path parameter' },
      code: { type: 'string' },
      message: { type: 'string' },
    },
  },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId', 'origin', 'retryable'],
    properties: {
      type: {
        type: 'string',
        description: 'Where this service explains the problem',
        example: '/problems/not_found',
      },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string' },
      code: { type: 'string', enum: Object.keys(PROBLEMS) },
      requestId: { type: 'string' },
      origin: { type: 'string', enum: ['gateway', 'vendor'] },
      retryable: { type: 'boolean' },
      retryAfterSeconds: { type: 'integer' },
      staleAvailable: {
        type: 'boolean',
        description: 'The mirror has the record, as it was at the last sync',
      },
      outcome: {
        type: 'string',
        enum: ['unknown'],
        description:
          'The vendor may have applied what was sent: nobody knows, so look before sending it again',
      },
      errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
      vendor: {
        type: 'object',
        required: ['name', 'status', 'code', 'message'],
        properties: {
          name: { type: 'string' },
          status: { type: 'integer', nullable: true },
          code: { type: 'string', nullable: true },
          message: { type: 'string' },
        },
      },
    },
  },
};

/** One status of an operation: the codes that come with it, and an example. */
export function problemResponse(codes: readonly ProblemCode[]): Responses[string] {
  const [first] = codes as [ProblemCode];
  const { status, title, retryable } = PROBLEMS[first];
  const example = {
    type: `/problems/${first}`,
    title,
    status,
    detail: title,
    instance: '/v1/appointments',
    code: first,
    requestId: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a99',
    origin: first.startsWith('vendor') ? 'vendor' : 'gateway',
    retryable,
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, example } },
  };
}
