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

/** What a change names; everything else stays. */
const CHANGES: Readonly<Record<string, object>> = {
  '/v1/connections/{connectionId}': CHANGE,
  '/v1/appointments/{id}': { start: '2026-02-02T14:00:00Z', end: '2026-02-02T14:30:00Z' },
  '/v1/clients/{id}': { phone: '+447123123456', email: 'lisa@example.com' },
};

/** Whole bodies for the operations whose form no property can tell alone, since it depends on the vendor or leaves something out. */
export function giveExamples(path: string, method: string, operation: object): void {
  const { requestBody } = operation as { requestBody?: { content?: Record<string, Media> } };
  const media = requestBody?.content?.['application/json'];
  if (!media) return;
  if (method === 'patch' && CHANGES[path]) media.example = CHANGES[path];
  if (path === '/v1/webhook-endpoints' && method === 'post') media.example = WEBHOOK;
  if (path !== '/v1/connections' || method !== 'post') return;
  media.examples = Object.fromEntries(
    [...VENDORS.values()].map(({ name, title, example }) => [
      name,
      { summary: title, value: { vendor: name, name: `Northside at ${title}`, ...example } },
    ]),
  );
}
