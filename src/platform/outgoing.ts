import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { IPv4, IPv6, isValid, parse } from 'ipaddr.js';

/** Hosts that the operator names, `host:port`: the only ones that may be reached by plain http or lie in a private network. */
export type HostAllowlist = ReadonlySet<string>;

/** Reads such a list as the environment has it, comma-separated. */
export const hostAllowlist = (list: string): HostAllowlist =>
  new Set(
    list
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  );

const PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** Whether the operator names the host that a URL leads to. */
export const isAllowlisted = ({ protocol, hostname, port }: URL, allowed: HostAllowlist): boolean =>
  allowed.has(`${hostname}:${port || (PORTS[protocol] ?? '')}`);

/** The code of the error that ends a connection to an address that is not public. */
export const FORBIDDEN = 'EFORBIDDEN';

class ForbiddenAddress extends Error {
  readonly code = FORBIDDEN;
  constructor() {
    super('The address is not a public one');
  }
}

/** Where an IPv6 address of each of these ranges carries the IPv4 address that it leads to. */
const CARRIED_AT: Readonly<Record<string, number>> = { ipv4Mapped: 12, rfc6145: 12, rfc6052: 12, '6to4': 2 };
const GLOBAL_UNICAST = IPv6.parseCIDR('2000::/3');
/** The one prefix of translators (RFC 6052) that stands for the whole Internet; the others are a network's own. */
const TRANSLATED = IPv6.parseCIDR('64:ff9b::/96');

/** Whether an address can belong to a public host: neither loopback, private, link-local, reserved nor a disguise of one. */
export function isPublicAddress(text: string): boolean {
  if (!isValid(text)) return false;
  const address = parse(text);
  if (address instanceof IPv4) return address.range() === 'unicast';
  const range: string = address.range();
  const at = CARRIED_AT[range];
  if (at === undefined) return range === 'unicast' && address.match(GLOBAL_UNICAST);
  if (range === 'rfc6052' && !address.match(TRANSLATED)) return false;
  return new IPv4(address.toByteArray().slice(at, at + 4)).range() === 'unicast';
}

/** The host of a URL without what surrounds it: the brackets of IPv6, the dot of a name that is whole. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

/** Whether a host can be refused by its spelling alone: an address that is not public, or the machine's own name. */
export function isForbiddenHost(hostname: string): boolean {
  const host = bare(hostname).toLowerCase();
  if (isValid(host)) return !isPublicAddress(host);
  return host === '' || host === 'localhost' || host.endsWith('.localhost');
}

/** How names become addresses. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void,
) => void;

/**
 * Looks a name up for a socket that is being opened, and hands on nothing unless every address is public: what is checked
 * here is what is connected to, so a name that changes its mind between two look-ups gains nothing.
 */
const guardedLookup =
  (resolve: Resolve): LookupFunction =>
  (hostname, options, callback) => {
    // A name that is not found comes without a list, though Node's types promise one.
    resolve(hostname, { ...options, all: true }, (error, addresses = []) => {
      const [first] = addresses;
      if (error) callback(error, []);
      else if (!first || !addresses.every(({ address }) => isPublicAddress(address)))
        callback(new ForbiddenAddress(), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

type Connected = (error: Error | null, socket: Duplex) => void;

/** Literal addresses are never looked up, so they are checked here. */
function mustBePublic({ host, hostname }: Pick<ClientRequestArgs, 'host' | 'hostname'>): void {
  if (isForbiddenHost(host ?? hostname ?? '')) throw new ForbiddenAddress();
}

/** The code of the error that ends a connection which did not come about in time: nothing was sent over it. */
const CONNECT_TIMEOUT = 'ECONNECTTIMEOUT';

/** Ends a connection that is not ready in time: looked up, connected to and, for https, agreed on. */
function hurried<Socket extends Duplex | null | undefined>(
  socket: Socket,
  ready: 'connect' | 'secureConnect',
  ms: number | undefined,
): Socket {
  if (!socket || ms === undefined) return socket;
  const late = setTimeout(() => {
    socket.destroy(Object.assign(new Error('Connecting took too long'), { code: CONNECT_TIMEOUT }));
  }, ms);
  const done = (): void => {
    clearTimeout(late);
  };
  socket.once(ready, done).once('close', done);
  return socket;
}

/** How an agent connects: what it refuses, and how long it tries. */
interface Manner {
  readonly check?: typeof mustBePublic;
  readonly connectMs?: number | undefined;
}

class CarefulHttpAgent extends HttpAgent {
  constructor(
    options: AgentOptions,
    private readonly manner: Manner,
  ) {
    super(options);
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: Connected,
  ): ReturnType<HttpAgent['createConnection']> {
    this.manner.check?.(options);
    return hurried(super.createConnection(options, callback), 'connect', this.manner.connectMs);
  }
}
class CarefulHttpsAgent extends HttpsAgent {
  constructor(
    options: AgentOptions,
    private readonly manner: Manner,
  ) {
    super(options);
  }

  override createConnection(
    options: RequestOptions,
    callback?: Connected,
  ): ReturnType<HttpsAgent['createConnection']> {
    this.manner.check?.(options);
    return hurried(super.createConnection(options, callback), 'secureConnect', this.manner.connectMs);
  }
}

/** A client's ways out, for plain http and for https. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** What an agent is made with: Node's options, and how long connecting may take. */
export type Connecting = AgentOptions & Pick<Manner, 'connectMs'>;

const agentsWith = (options: AgentOptions, manner: Manner): Agents => ({
  httpAgent: new CarefulHttpAgent(options, manner),
  httpsAgent: new CarefulHttpsAgent(options, manner),
});

/** Agents that connect to public addresses alone, whatever a URL says and a name resolves to. */
export const guardedAgents = ({ connectMs, ...options }: Connecting, resolve: Resolve = lookup): Agents =>
  agentsWith(
    { ...options, lookup: guardedLookup(resolve) },
    {
      check: mustBePublic,
      connectMs,
    },
  );

/** Agents that connect anywhere: for hosts that the operator names. */
export const openAgents = ({ connectMs, ...options }: Connecting): Agents =>
  agentsWith(options, { connectMs });

/** The ways out of one kind of client: to public addresses, and wherever the operator's list says. */
export class Exits {
  private readonly guarded: Agents;
  private readonly open: Agents;

  constructor(
    private readonly allowed: HostAllowlist,
    options: Connecting,
  ) {
    this.guarded = guardedAgents(options);
    this.open = openAgents(options);
  }

  /** The agents for a URL. */
  to(url: string): Agents {
    return isAllowlisted(new URL(url), this.allowed) ? this.open : this.guarded;
  }

  /** Ends the connections that stand. */
  close(): void {
    for (const { httpAgent, httpsAgent } of [this.guarded, this.open]) {
      httpAgent.destroy();
      httpsAgent.destroy();
    }
  }
}
