import fc from 'fast-check';
import { MIB } from './fuzz-fire';
import { schemaAt, type OpenApi, type Schema } from './openapi';

/** Ids by the name of what takes them: `clientId` and the like. */
export type Ids = ReadonlyMap<string, readonly string[]>;

const NOBODY = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const odd = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

export const ODD_TEXT = odd(
  ...[
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    'x\udc00y',
    '\u202eabc',
    '\ufeff',
    '🦷👩‍👩‍👧‍👦',
    'ﷺ',
    '\u0301\u0301',
    '\r\n',
    '\t',
  ],
  ...["' or 1=1 --", '"; drop table clients; --', '%', '_', '\\', '$1', '{}', '${7*7}', '{{7*7}}'],
  ...[
    '<script>alert(1)</script>',
    '../../etc/passwd',
    '..\\..\\x',
    'file:///etc/passwd',
    'http://127.0.0.1/',
    '//x',
  ],
  ...[
    '2026-02-30',
    'tomorrow',
    'infinity',
    '99999-01-01T00:00:00Z',
    '2026-02-30T10:00:00Z',
    '0000-01-01',
    '24:00',
  ],
  ...[
    'NaN',
    '1e999',
    '-0',
    '0x10',
    'null',
    'undefined',
    'true',
    '__proto__',
    'constructor',
    'toString',
    NOBODY,
  ],
);
const ODD_NUMBER = odd(-1, 0, -0, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53 + 2, -(2 ** 63), 1e-320);
const nested = (levels: number): unknown => (levels === 0 ? {} : { a: nested(levels - 1) });

/** Whatever somebody may send where something else belongs. */
export const ODD_VALUE: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: ODD_TEXT },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 3, arbitrary: ODD_NUMBER },
  {
    weight: 6,
    arbitrary: odd<unknown>(
      null,
      true,
      false,
      [],
      {},
      [[]],
      [null],
      [{}],
      { $ne: 1 },
      { toString: 1 },
      nested(40),
    ),
  },
  { weight: 1, arbitrary: odd<unknown>('x'.repeat(30_000), 'x'.repeat(MIB), Array(5_000).fill('x')) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** Makes values out of the document's schemas: most as they should be, some not. */
export class Values {
  private readonly bodies: fc.Arbitrary<unknown>[] = [];

  constructor(
    private readonly document: OpenApi,
    private readonly ids: Ids,
  ) {
    // What may hold anything is given what other operations take: a batch's records, say.
    this.bodies = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      /^(?:Create|Update)/.test(name) ? [fc.constant(null).chain(() => this.of(schema))] : [],
    );
  }

  /** A value for a schema; one in `oddity` parts is something else. */
  of(schema: Schema, name = '', oddity = 14): fc.Arbitrary<unknown> {
    return fc.oneof(
      { weight: oddity, arbitrary: this.fitting(schema, name) },
      { weight: 1, arbitrary: ODD_VALUE },
    );
  }

  /** An id that something of this name takes: the tenant's own, another's, or nobody's. */
  idOf(name: string): fc.Arbitrary<string> {
    const fitting = this.ids.get(name) ?? [];
    const foreign = this.ids.get('foreign') ?? [];
    return fc.oneof(
      { weight: 12, arbitrary: fc.constant(fitting[0] ?? NOBODY) },
      { weight: 8, arbitrary: odd(...(fitting.length > 0 ? fitting : [NOBODY])) },
      { weight: 1, arbitrary: odd(...[...this.ids.values()].flat(), NOBODY) },
      { weight: 1, arbitrary: odd(...foreign, NOBODY) },
      {
        weight: 1,
        arbitrary: odd(NOBODY.toUpperCase(), `${NOBODY}0`, NOBODY.replaceAll('-', ''), '1', '-1'),
      },
    );
  }

  private fitting(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return this.fitting(schemaAt(this.document, schema.$ref), name);
    const { allOf, anyOf, oneOf = anyOf, enum: words, example, nullable = false } = schema;
    const more = [
      ...(nullable ? [fc.constant(null)] : []),
      ...(example === undefined ? [] : [fc.constant(example)]),
    ];
    const one = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 4, arbitrary }, ...more);
    if (allOf?.[0]) return one(this.fitting(allOf[0], name));
    if (oneOf) return one(fc.oneof(...oneOf.map((part) => this.fitting(part, name))));
    if (words) return one(odd(...words));
    return one(this.plain(schema, name));
  }

  private plain(schema: Schema, name: string): fc.Arbitrary<unknown> {
    const { type, items = {}, minItems = 0, minimum = -10, maximum = 1_000 } = schema;
    switch (type) {
      case 'string':
        return this.text(schema, name);
      case 'integer':
      case 'number':
        return fc.integer({ min: minimum, max: maximum });
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(this.of(items, name), { minLength: minItems, maxLength: minItems + 2 });
      case 'object':
        return this.object(schema);
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  }

  private text(
    { format, pattern, minLength = 0, maxLength = 30 }: Schema,
    name: string,
  ): fc.Arbitrary<string> {
    if (format === 'uuid') return this.idOf(name);
    if (format === 'date-time')
      return odd(
        ...[
          '2026-12-01T09:00:00Z',
          '2026-12-01T09:30:00Z',
          '2026-12-08T10:00:00+01:00',
          '2026-12-09T00:00:00.5Z',
        ],
        ...['2027-03-28T02:30:00+01:00', '9999-12-31T23:59:59.999Z', '0001-01-01T00:00:00Z'],
      );
    if (format === 'date') return odd('1990-05-16', '2024-02-29', '0001-01-01', '9999-12-31');
    if (format === 'email') return odd('lisa@example.com', 'a@b.co', '"x y"@example.com', 'ä@example.com');
    // What looks ahead cannot be made, only checked.
    if (pattern !== undefined && !pattern.includes('(?')) return fc.stringMatching(new RegExp(pattern));
    return fc.oneof(
      odd('Lisa', 'Jörg O’Neill', 'نص', 'a%b_c', "x'y"),
      fc.string({ unit: 'grapheme', minLength: Math.max(1, minLength), maxLength: Math.min(maxLength, 30) }),
    );
  }

  private object({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name, this.of(schema, name, 30)]),
    );
    if (Object.keys(members).length === 0 && additionalProperties)
      return fc.oneof(fc.dictionary(ODD_TEXT, ODD_VALUE, { maxKeys: 3 }), ...this.bodies);
    const known = fc.record(members, { requiredKeys: required.filter((name) => name in members) });
    return fc.oneof(
      { weight: 12, arbitrary: known },
      {
        weight: 1,
        arbitrary: fc
          .tuple(known, fc.dictionary(ODD_TEXT, ODD_VALUE, { minKeys: 1, maxKeys: 2 }))
          .map(([one, more]): unknown => ({ ...one, ...more })),
      },
      // What must be there and little else: no vendor takes everything at once.
      {
        weight: 12,
        arbitrary: fc
          .shuffledSubarray(Object.keys(members).filter((name) => !required.includes(name)))
          .map((some) => some.slice(0, 3))
          .chain((some) =>
            fc.record(
              Object.fromEntries(
                [...required, ...some].flatMap((name) => (members[name] ? [[name, members[name]]] : [])),
              ),
            ),
          ),
      },
    );
  }
}
