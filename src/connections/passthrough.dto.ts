import { ApiProperty } from '@nestjs/swagger';
import { FreeObject, MayBeAbsent, OneOf, Text } from '../platform/http/fields';
import { FORWARDED_METHODS } from '../vendors/kit/policy';

const ANY_JSON = [
  { type: 'object', additionalProperties: true, nullable: true },
  { type: 'array', items: {} },
  { type: 'string' },
  { type: 'number' },
  { type: 'boolean' },
];

export class PassthroughDto {
  /** @example "GET" */
  @OneOf(FORWARDED_METHODS, 'PassthroughMethod')
  method: (typeof FORWARDED_METHODS)[number];

  /**
   * Relative to the vendor's API root (to the account in it, where the connection's settings name one), percent-encoded,
   * without a query. It must be in its normal form: no `..`, `//`, `\`, `@`, no encoded dots or slashes.
   * @example "/settings/public"
   */
  @Text({ max: 2000 })
  path: string;

  /**
   * Parameters of the query; a list repeats its key. The ones that carry the connection's credentials are the gateway's.
   * @example { "page": 2 }
   */
  @MayBeAbsent()
  @FreeObject()
  query?: Record<string, unknown>;

  /**
   * `accept`, `accept-language`, `content-type`, `if-match` and `if-none-match`; no others.
   * @example { "accept-language": "nl" }
   */
  @MayBeAbsent()
  @FreeObject()
  headers?: Record<string, unknown>;

  /** Sent as JSON; a text is sent as it is where `content-type` names something else. None for GET and HEAD. */
  @MayBeAbsent()
  @ApiProperty({ required: false, anyOf: ANY_JSON })
  body?: unknown;
}

export class PassthroughAnswerDto {
  /**
   * The vendor's own status, refusals included.
   * @example 200
   */
  status: number;
  /** The vendor's headers, without those of the connection and those that carry credentials. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { 'content-type': 'application/json; charset=utf-8' },
  })
  headers: Readonly<Record<string, string>>;
  /**
   * JSON, without the fields in which this vendor hands out secrets; integers beyond 2^53 are strings, digit for digit.
   * Null where nothing came.
   */
  @ApiProperty({ anyOf: ANY_JSON, example: { account: { name: 'Harbour Health' } } })
  body: unknown;
  /** Where the body is no JSON: it is base64. */
  @ApiProperty({ required: false, enum: ['base64'] })
  encoding?: 'base64';
}
