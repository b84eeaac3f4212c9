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
function guarded<Options extends ClientRequestArgs | RequestOptions>(options: Options): Options {
  if (isForbiddenHost(options.host ?? options.hostname ?? '')) throw new ForbiddenAddress();
  return options;
}

class GuardedHttpAgent extends HttpAgent {
  override createConnection(
    options: ClientRequestArgs,
    callback?: Connected,
  ): ReturnType<HttpAgent['createConnection']> {
    return super.createConnection(guarded(options), callback);
  }
}
class GuardedHttpsAgent extends HttpsAgent {
  override createConnection(
    options: RequestOptions,
    callback?: Connected,
  ): ReturnType<HttpsAgent['createConnection']> {
    return super.createConnection(guarded(options), callback);
  }
}

/** A client's ways out, for plain http and for https. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Agents that connect to public addresses alone, whatever a URL says and a name resolves to. */
export function guardedAgents(options: AgentOptions, resolve: Resolve = lookup): Agents {
  const looked = { ...options, lookup: guardedLookup(resolve) };
  return { httpAgent: new GuardedHttpAgent(looked), httpsAgent: new GuardedHttpsAgent(looked) };
}

/** Agents that connect anywhere: for hosts that the operator names. */
export const openAgents = (options: AgentOptions): Agents => ({
  httpAgent: new HttpAgent(options),
  httpsAgent: new HttpsAgent(options),
});
