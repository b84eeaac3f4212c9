import type { FastifyInstance } from 'fastify';
import { Problem } from './problems';

const DEEPEST = 32;

/** How deep brackets nest, outside of strings; counting stops past the limit. */
function depth(json: string): number {
  let open = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < json.length && deepest <= DEEPEST; i += 1) {
    const char = json[i];
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, (open += 1));
    else if (char === '}' || char === ']') open -= 1;
  }
  return deepest;
}

/** Keys that reach into prototypes, however the JSON spells them. */
const POISON: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

function harmless(key: string, value: unknown): unknown {
  if (POISON.has(key)) throw new Problem('malformed_json', 'The body has a key that is not allowed');
  return value;
}

/** Takes JSON and nothing else, and reads it strictly: at most 32 levels, no keys that reach into prototypes. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const json = String(body);
    try {
      if (depth(json) > DEEPEST)
        throw new Problem('malformed_json', `The body nests deeper than ${String(DEEPEST)} levels`);
      done(null, JSON.parse(json, harmless));
    } catch (error) {
      done(
        error instanceof Problem ? error : new Problem('malformed_json', 'The body cannot be read as JSON'),
        undefined,
      );
    }
  });
}
