import { VENDORS } from '../vendors/registry';

interface Media {
  example?: unknown;
  examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

const CHANGE = {
  name: 'Northside, main practice',
  settings: { sync: { enabled: true, intervalSeconds: 600 } },
};

/** Whole bodies for the operations whose form depends on the vendor, which no property can tell alone. */
export function giveExamples(path: string, method: string, operation: object): void {
  const { requestBody } = operation as { requestBody?: { content?: Record<string, Media> } };
  const media = requestBody?.content?.['application/json'];
  if (!media) return;
  if (path === '/v1/connections/{connectionId}' && method === 'patch') media.example = CHANGE;
  if (path !== '/v1/connections' || method !== 'post') return;
  media.examples = Object.fromEntries(
    [...VENDORS.values()].map(({ name, title, example }) => [
      name,
      { summary: title, value: { vendor: name, name: `Northside at ${title}`, ...example } },
    ]),
  );
}
