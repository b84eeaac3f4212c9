import { randomUUID } from 'node:crypto';
import type { Sandbox } from '../../src/vendors/kit/sandbox';
import { CASES } from '../contract/vendors';
import type { Answer } from './calls';
import { startClinic, type Clinic } from './clinics';
import { startGateway, type Gateway, type TestTenant } from './gateway';

/** What passthrough answers. */
export interface Passed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly encoding?: string;
}
/** A tenant connected to every vendor's sandbox, and the ways to reach them past the canonical model. */
export interface Passages {
  readonly gateway: Gateway;
  readonly tenant: TestTenant;
  readonly connections: ReadonlyMap<string, string>;
  sandbox(vendor: string): Sandbox;
  path(vendor: string): string;
  pass(vendor: string, body: object): Promise<Answer<Passed>>;
  /** The same where the gateway must say 200, whatever the vendor says. */
  done(vendor: string, body: object): Promise<Passed>;
  /** The requests that the vendor sees while something is done. */
  seenBy(vendor: string, act: () => Promise<unknown>): Promise<string[]>;
  heal(): void;
  /** Heals, and has each connection's circuit start anew: what failed before counts for nothing any more. */
  recover(): Promise<void>;
  stop(): Promise<void>;
}

export const VENDORS: readonly string[] = CASES.map(({ name }) => name);

/** Starts the sandboxes and the gateway, and syncs every connection once. */
export async function openPassages(): Promise<Passages> {
  const clinics = new Map<string, Clinic>();
  for (const name of VENDORS) clinics.set(name, await startClinic(name, { clients: 12, appointments: 20 }));
  const sandboxes = [...clinics.values()].map(({ sandbox }) => sandbox);
  const gateway = await startGateway(sandboxes);
  const tenant = await gateway.tenant('Northside Clinics');
  const connections = new Map<string, string>();
  for (const sandbox of sandboxes) {
    const id = await tenant.connect(sandbox);
    connections.set(sandbox.vendor, id);
    await tenant.sync(id);
  }
  const sandbox = (vendor: string): Sandbox => clinics.get(vendor)!.sandbox;
  const path = (vendor: string): string => `/v1/connections/${connections.get(vendor)!}/passthrough`;
  const pass = (vendor: string, body: object): Promise<Answer<Passed>> =>
    tenant.call<Passed>('POST', path(vendor), { body });
  const heal = (): void => {
    for (const one of sandboxes) one.heal();
  };
  return {
    gateway,
    tenant,
    connections,
    sandbox,
    path,
    pass,
    done: async (vendor, body) => (await pass(vendor, body)).need(200),
    seenBy: async (vendor, act) => {
      const before = sandbox(vendor).requests.length;
      await act();
      return sandbox(vendor).requests.slice(before);
    },
    heal,
    recover: async () => {
      heal();
      for (const id of connections.values())
        (
          await tenant.call('PATCH', `/v1/connections/${id}`, { body: { name: `Recovered ${randomUUID()}` } })
        ).need(200);
    },
    stop: async () => {
      await gateway.stop();
      await Promise.all(sandboxes.map((one) => one.close()));
    },
  };
}
