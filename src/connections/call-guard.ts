import type { OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../platform/log';
import { Exits, type HostAllowlist } from '../platform/outgoing';
import { Circuit } from '../vendors/kit/circuit';
import type { Agents, Times } from '../vendors/kit/policy';

const MOST_CONNECTIONS = 10_000;
const IDLE_MS = 10 * 60_000;

const SAID = { opened: 'left alone for a while: it failed again and again', closed: 'back' } as const;

/** How long calls may take: `Times`, and connecting. */
export interface CallTimes extends Times {
  readonly connectMs: number;
}
interface Owned {
  readonly circuit: Circuit;
  readonly version: number;
  usedAt: number;
}

/** Reads `VENDOR_TIMES_MS`: connecting, the first byte, a whole read, a whole write, the first pause. */
export function callTimes(text: string): CallTimes {
  const [connectMs = 0, firstByteMs = 0, readMs = 0, writeMs = 0, firstPauseMs = 0] = text
    .split(',')
    .map(Number);
  return { connectMs, firstByteMs, readMs, writeMs, firstPauseMs };
}

/** What keeps one connection's troubles from the others, and every call away from where it must not go; for one process. */
export class CallGuard implements OnApplicationShutdown {
  private readonly exits: Exits;
  /** Least used first. */
  private readonly owned = new Map<string, Owned>();

  constructor(
    allowed: HostAllowlist,
    readonly times: CallTimes,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {
    // No bound on sockets: the limits of each account bound its calls, and a slow account must not use up another's share.
    this.exits = new Exits(allowed, { keepAlive: true, connectMs: times.connectMs });
  }

  readonly agents: Agents = (url) => this.exits.to(url);

  /** The connection's circuit. One that its owner has changed starts anew: what failed may be mended. */
  circuitOf({ id, version }: { readonly id: string; readonly version: number }): Circuit {
    const now = performance.now();
    const known = this.owned.get(id);
    const used = known?.version === version ? known : { circuit: this.newCircuit(id), version, usedAt: now };
    used.usedAt = now;
    this.owned.delete(id);
    this.owned.set(id, used);
    for (const [oldest, { usedAt }] of this.owned) {
      if (this.owned.size <= MOST_CONNECTIONS && now - usedAt < IDLE_MS) break;
      this.owned.delete(oldest);
    }
    return used.circuit;
  }

  private newCircuit(connectionId: string): Circuit {
    return new Circuit((state) => {
      this.logger.warn({ connectionId, circuit: state }, `the vendor is ${SAID[state]}`);
    });
  }

  onApplicationShutdown(): void {
    this.exits.close();
  }
}
