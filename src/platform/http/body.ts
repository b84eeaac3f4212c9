import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems';

const DEEPEST = 32;

/** How deep brackets nest outside of strings, and how many members there are; counting stops past the limit of depth. */
function measure(json: string): { deepest: number; members: number } {
  let open = 0;
  let deepest = 0;
  let members = 0;
  let inString = false;
  for (let i = 0; i < json.length && deepest <= DEEPEST; i += 1) {
    const char = json[i];
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, (open += 1));
    else if (char === '}' || char === ']') open -= 1;
    else if (char === ':') members += 1;
  }
  return { deepest, members };
}

/** Keys that reach into prototypes, however the JSON spells them. */
const POISON: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

const malformed = (why: string): Problem => new Problem('malformed_json', `The body ${why}`);

function read(json: string): unknown {
  const { deepest, members } = measure(json);
  if (deepest > DEEPEST) throw malformed(`nests deeper than ${String(DEEPEST)} levels`);
  // The parser visits the whole as if it were a member, too.
  let left = members + 1;
  const value: unknown = JSON.parse(json, function (this: unknown, key, one: unknown) {
    if (POISON.has(key)) throw malformed('has a key that is not allowed');
    if (!Array.isArray(this)) left -= 1;
    return one;
  });
  // Of two that are called the same the parser keeps the last, and others the first: nobody knows which was meant.
  if (left !== 0) throw malformed('has an object with the same key twice');
  return value;
}

/** JSON is UTF-8 (RFC 8259); nothing is guessed from what is not, and nothing is unpacked. */
function isReadable({ headers }: FastifyRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  return /^utf-?8$/i.test(charset) && /^(?:identity)?$/i.test(headers['content-encoding'] ?? '');
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parsed(bytes: Buffer): unknown {
  try {
    return read(UTF_8.decode(bytes));
  } catch (error) {
    throw error instanceof Problem ? error : malformed('cannot be read as JSON');
  }
}

/** A body as it arrived. */
class Unread {
  constructor(readonly bytes: Buffer) {}
}

/** Takes JSON and nothing else, and keeps it as it came: whoever has no key gives us nothing to do. `readBody` reads it. */
export function takeJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // Through a callback: a promise would let the request's context go.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many callers name a type with each request, with those that have no body, too.
    if (isReadable(request)) done(null, body.length === 0 ? undefined : new Unread(body as Buffer));
    else done(new Problem('unsupported_media_type', 'Send application/json in UTF-8, as it is'), undefined);
  });
}

/** Reads a request's body, strictly: UTF-8, at most 32 levels, no key twice, none that reaches into prototypes. */
export function readBody(request: FastifyRequest): void {
  if (request.body instanceof Unread) request.body = parsed(request.body.bytes);
}
