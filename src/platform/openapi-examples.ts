import { VENDORS } from '../vendors/registry';

interface Media {
  example?: unknown;
  examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

const CHANGE = {
  name: 'Northside, main practice',
  settings: { sync: { enabled: true, intervalSeconds: 600 } },
};

/** Without a secret: the gateway makes one, and one that stands in a document would be none. */
const WEBHOOK = {
  url: 'https://receiver.example/hooks/scheduling',
  eventTypes: ['appointment.*'],
  payload: 'thin',
};

/** Whole bodies for the operations whose form no property can tell alone, since it depends on the vendor or leaves something out. */
export function giveExamples(path: string, method: string, operation: object): void {
  const { requestBody } = operation as { requestBody?: { content?: Record<string, Media> } };
  const media = requestBody?.content?.['application/json'];
  if (!media) return;
  if (path === '/v1/connections/{connectionId}' && method === 'patch') media.example = CHANGE;
  if (path === '/v1/webhook-endpoints' && method === 'post') media.example = WEBHOOK;
  if (path !== '/v1/connections' || method !== 'post') return;
  media.examples = Object.fromEntries(
    [...VENDORS.values()].map(({ name, title, example }) => [
      name,
      { summary: title, value: { vendor: name, name: `Northside at ${title}`, ...example } },
    ]),
  );
}
