import fc from 'fast-check';
import { MIB, type Shot } from './fuzz-fire';
import { ODD_TEXT, ODD_VALUE, type Values } from './fuzz-values';
import type { Operation, Parameter, Schema } from './openapi';

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** Percent-encoded, lone surrogates too, as the three bytes that they would be. */
const escaped = (text: string): string =>
  [...text].map((char) => (/\p{Cs}/u.test(char) ? '%ED%A0%80' : encodeURIComponent(char))).join('');
const BROKEN_ESCAPES = fc.constantFrom(
  '%',
  '%zz',
  '%00',
  '%c0%ae',
  '%ED%A0%80',
  '%2e%2e%2f',
  '..%5c',
  '+',
  '&',
  '=',
  '%F0%9F',
);
/** One in a few: the other. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>, other: fc.Arbitrary<T>, weight = 20): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary }, { weight: 1, arbitrary: other });

const isShort = (text: string): boolean => text.length < 2_000;

function pathOf({ path, parameters = [] }: Operation, values: Values): fc.Arbitrary<string> {
  const own = (name: string): string => (name === 'id' ? `${path.split('/')[2]!.replace(/s$/, '')}Id` : name);
  const parts = path.split('/').map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    const schema: Schema = parameters.find((one) => one.name === name)?.schema ?? {};
    const known =
      schema.format === undefined && schema.enum === undefined
        ? values.idOf(own(name))
        : values.of(schema, name);
    return mostly(mostly(known.map(written), ODD_TEXT).filter(isShort).map(escaped), BROKEN_ESCAPES);
  });
  return fc.tuple(...parts).map((some) => some.join('/'));
}

function queryOf(parameters: readonly Parameter[], values: Values): fc.Arbitrary<string> {
  const one = ({ name, schema }: Parameter): fc.Arbitrary<string> =>
    mostly(
      values.of(schema, name).map((value) =>
        [value]
          .flat()
          .map((part) => `${escaped(name)}=${escaped(written(part))}`)
          .join('&'),
      ),
      fc.oneof(
        BROKEN_ESCAPES.map((text) => `${name}=${text}`),
        fc.constantFrom(`${name}=1&${name}=2`, `${name}[]=1`, `${name}[a]=1`, name, `${name}=`, `=${name}`),
      ),
    ).filter(isShort);
  const some = fc
    .shuffledSubarray([...parameters.filter(({ required }) => !required)])
    .map((optional) => [...parameters.filter(({ required }) => required), ...optional.slice(0, 4)])
    .chain((chosen) => fc.tuple(...chosen.map(one)));
  const unknown = fc.tuple(ODD_TEXT, ODD_TEXT).map(([name, value]) => [`${escaped(name)}=${escaped(value)}`]);
  return mostly(some, unknown, 30).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
}

const NOT_JSON = fc.constantFrom<Buffer | string>(
  ...[
    '',
    ' ',
    '{',
    '{"name": "x"',
    '[1,]',
    '{"name": NaN}',
    "{'a': 1}",
    '{} {}',
    '\ufeff{}',
    'null',
    '7',
    '"text"',
    'a=b&c=d',
  ],
  ...[
    '{"__proto__":{"x":1}}',
    '{"constructor":{}}',
    '['.repeat(5_000),
    `"${'x'.repeat(MIB)}"`,
    '{"name":"a","name":"b"}',
  ],
  ...[
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    Buffer.from('{"name":"\xe4"}', 'latin1'),
    Buffer.from('{}', 'utf16le'),
  ],
);

function bodyOf({ requestBody }: Operation, values: Values): fc.Arbitrary<Buffer | null> {
  const schema = requestBody?.content['application/json']?.schema;
  const none = fc.constant<Buffer | null>(null);
  const broken = NOT_JSON.map((text): Buffer | null => Buffer.from(text as string));
  if (!schema)
    return mostly(
      none,
      fc.oneof(
        broken,
        ODD_VALUE.map((value) => Buffer.from(written(value))),
      ),
      10,
    );
  const json = values.of(schema, '', 30).map((value) => JSON.stringify(value));
  const spoilt = json.chain((text) =>
    fc.oneof(
      fc.nat({ max: text.length }).map((end) => text.slice(0, end)),
      // A member that is there twice.
      fc.constant(text.replace(/^\{("\w+":)/, '{$1null,$1')),
      fc.constant(`\ufeff${text}`),
    ),
  );
  return fc.oneof(
    { weight: 20, arbitrary: json.map((text): Buffer | null => Buffer.from(text)) },
    { weight: 1, arbitrary: spoilt.map((text): Buffer | null => Buffer.from(text)) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: none },
  );
}

const header = (name: string, ...values: string[]): fc.Arbitrary<[string, string][]> =>
  fc.constantFrom(...values).map((value) => [[name, value]]);
const twice = (name: string, a: string, b: string): fc.Arbitrary<[string, string][]> =>
  fc.constant([
    [name, a],
    [name, b],
  ]);

/** Headers that somebody may add, to spoil what is good or to try what is not offered. */
const MORE_HEADERS: fc.Arbitrary<[string, string][]> = fc.oneof(
  header('If-Match', '"1"', '*', '"999"', 'W/"1"', '1', '"', ',,,', 'x'.repeat(5_000)),
  header('If-None-Match', '"1"', '*', ',,', '"'),
  header('Cache-Control', 'no-cache', 'no-cache, no-store', 'NO-CACHE=1', '\xe4'),
  header('Accept', '*/*', 'text/html', 'application/json;q=0', ',', 'application/json, '.repeat(500)),
  header('X-Request-Id', 'mine', '../..', '<script>', 'x'.repeat(500), 'a b'),
  header('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'nonsense', ''),
  header('Content-Encoding', 'gzip', 'identity', 'br'),
  header('Expect', '100-continue', 'nonsense'),
  header('X-HTTP-Method-Override', 'DELETE'),
  header('X-Forwarded-Host', 'evil.example'),
  header('Range', 'bytes=0-1'),
  header('Upgrade', 'h2c', 'websocket'),
  header('Cookie', 'a='.repeat(2_000)),
  header('X-Long', 'x'.repeat(20_000)),
  header('Authorization', 'Bearer nothing', 'Basic eDp5', 'Bearer', ''),
  twice('If-Match', '"1"', '"2"'),
  twice('Idempotency-Key', 'one', 'two'),
  twice('Content-Type', 'application/json', 'text/plain'),
  twice('Accept', 'application/json', 'text/html'),
  fc.constant(Array.from({ length: 150 }, (_, i): [string, string] => [`X-Many-${String(i)}`, 'x'])),
);
const TYPES = fc.constantFrom(
  ...[
    'text/plain',
    'application/json; charset=utf-16',
    'application/json;charset=iso-8859-1',
    'application/jsonp',
    '',
  ],
  ...[
    'APPLICATION/JSON; Charset="UTF-8"',
    'application/json; x=y',
    'multipart/form-data',
    'application/merge-patch+json',
  ],
);
const KEYS = fc.oneof(
  { weight: 12, arbitrary: fc.uuid().map((id) => `fuzz-${id}`) },
  fc.constantFrom('', 'x'.repeat(256), 'same', 'a\tb', '\xe9', 'seed'),
);

function headersOf({ parameters = [] }: Operation, authorization: string): fc.Arbitrary<Shot['headers']> {
  const takesKey = parameters.some(({ name }) => name === 'Idempotency-Key');
  const none = fc.constant<[string, string][]>([]);
  return fc
    .tuple(
      mostly(none, MORE_HEADERS, 6),
      mostly(fc.constant('application/json'), TYPES, 25),
      takesKey
        ? mostly(
            none,
            KEYS.map((key): [string, string][] => [['Idempotency-Key', key]]),
            3,
          )
        : none,
    )
    .map(([more, type, key]) => {
      const names = new Set(more.map(([name]) => name));
      const usual: [string, string][] = [['Authorization', authorization], ['Content-Type', type], ...key];
      return [...usual.filter(([name]) => !names.has(name)), ...more];
    });
}

/** Requests to one operation: most as it takes them, and everything that somebody could send instead. */
export const shotsAt = (operation: Operation, values: Values, authorization: string): fc.Arbitrary<Shot> =>
  fc.record({
    method: fc.constant(operation.method),
    path: fc
      .tuple(
        pathOf(operation, values),
        queryOf(
          (operation.parameters ?? []).filter((one) => one.in === 'query'),
          values,
        ),
      )
      .map((parts) => parts.join('')),
    headers: headersOf(operation, authorization),
    body: operation.method === 'GET' ? fc.constant(null) : bodyOf(operation, values),
    chunked: mostly(fc.constant(false), fc.constant(true), 8),
  });
