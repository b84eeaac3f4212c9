import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { openAgents } from '../../src/platform/outgoing';
import type { Ports, Vendor } from '../../src/vendors/contract';
import type { CommonSettings } from '../../src/vendors/kit/config';
import { tokensInMemory } from '../../src/vendors/kit/auth';
import { Circuit } from '../../src/vendors/kit/circuit';
import { vendorHttp } from '../../src/vendors/kit/http';
import { TIMES, type CallReport, type VendorHttp } from '../../src/vendors/kit/policy';
import type { LimitGate } from '../../src/vendors/kit/limits';
import type { Sandbox } from '../../src/vendors/kit/sandbox';

/** An adapter opened on a sandbox as a connection would open it, without the gateway around it. */
export interface OpenAdapter {
  readonly http: VendorHttp;
  readonly settings: CommonSettings;
  readonly ports: Ports;
  readonly calls: readonly CallReport[];
}

const AGENTS = openAgents({ keepAlive: true });

/** Keeps to what the vendor allows at once. What it allows in a minute is the gateway's matter; a test need not wait for it. */
function gateForOne(): LimitGate {
  let places: BulkheadPolicy | undefined;
  return {
    run: (limits, call) => (places ??= bulkhead(limits.maxInFlight, Infinity)).execute(call),
  };
}

/** Opens `vendor` on `sandbox`; `settings` and `credentials` replace single values of the sandbox's own. */
export function openAdapter(
  vendor: Vendor,
  sandbox: Pick<Sandbox, 'credentials' | 'settings'>,
  changed: { settings?: object; credentials?: object } = {},
): OpenAdapter {
  const given = {
    credentials: { ...sandbox.credentials, ...changed.credentials },
    settings: { ...sandbox.settings, ...changed.settings },
  };
  const completed = { ...given, settings: vendor.complete?.(given) ?? given.settings };
  const credentials = plainToInstance(vendor.credentials, completed.credentials);
  const settings = plainToInstance(vendor.settings, completed.settings);
  const wrong = [...validateSync(credentials), ...validateSync(settings)];
  if (wrong.length > 0) throw new Error(wrong.map(String).join('\n'));
  const calls: CallReport[] = [];
  const http = vendorHttp(vendor.http({ credentials, settings }), {
    tokens: tokensInMemory(),
    gate: gateForOne(),
    circuit: new Circuit(),
    agents: () => AGENTS,
    patienceMs: 2000,
    // Whether it waits before it tries again is seen by what a vendor asks for; nobody need wait for the rest.
    times: { ...TIMES, firstPauseMs: 20 },
    traceparent: () => undefined,
    report: (call) => calls.push(call),
  });
  return { http, settings, ports: vendor.ports(http, settings), calls };
}
