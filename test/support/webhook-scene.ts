import { startGateway, type Gateway, type TestTenant } from './gateway';
import { until } from './until';
import { startReceiver, type Received, type WebhookReceiver } from './webhook-receiver';
import { ENDPOINTS, recordsFor, type Records, type ShownEndpoint } from './webhooks';

/** A tenant whose records change, and a receiver that may be told of it. */
export interface WebhookScene {
  readonly gateway: Gateway;
  readonly receiver: WebhookReceiver;
  readonly tenant: TestTenant;
  readonly records: Records;
}
interface Deeds {
  /** A path of the receiver's that nothing has arrived at. */
  readonly newPath: () => string;
  /** Changes the nth record. */
  readonly change: (name: string, nth?: number) => Promise<unknown>;
  /** What has arrived at a path, once it is so much. */
  readonly arrived: (path: string, count?: number, deadlineMs?: number) => Promise<readonly Received[]>;
}

/** A secret that a receiver brings. */
export const OWN_SECRET = `whsec_${Buffer.from('a secret that a receiver brings!').toString('base64')}`;
/** Long enough for what should not arrive to have arrived. */
export const A_WHILE_MS = 1_500;
const PATIENCE_MS = 20_000;

/** Sets the scene before the tests of a file, with so many records; clears it of endpoints after each, and ends it. */
export function webhookScene(count: number, isSet: (scene: WebhookScene) => void): Deeds {
  let scene: WebhookScene;
  let paths = 0;
  beforeAll(async () => {
    const receiver = await startReceiver();
    const gateway = await startGateway([], { WEBHOOK_HOST_ALLOWLIST: receiver.host });
    const tenant = await gateway.tenant('Northside Clinics');
    scene = { gateway, receiver, tenant, records: await recordsFor(gateway, tenant, count) };
    isSet(scene);
  });
  afterAll(async () => {
    await scene.gateway.stop();
    scene.receiver.close();
  });
  // Nothing that one test subscribed to speaks in the next.
  afterEach(async () => {
    for (const { id } of await scene.tenant.all<ShownEndpoint>(ENDPOINTS))
      await scene.tenant.call('DELETE', `${ENDPOINTS}/${id}`);
  });
  return {
    newPath: () => `/hook-${String((paths += 1))}`,
    change: (name, nth = 0) => scene.records.change(scene.records.ids[nth]!, name),
    arrived: (path, enough = 1, deadlineMs = PATIENCE_MS) =>
      until(
        () => scene.receiver.at(path),
        (calls) => calls.length >= enough,
        deadlineMs,
      ),
  };
}
