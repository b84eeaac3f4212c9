import type { ResourceName } from '../../src/canonical/index';
import { FRESH, type Answer, type Shown, type ShownConnection, type ShownSync } from '../support/calls';
import { EVERYTHING, PHONES } from '../support/bookings';
import { lifeOf, type Life } from '../support/clinic-life';
import { FOR_GOOD, type Clinic } from '../support/clinics';
import type { TestTenant } from '../support/gateway';

/** A year from now has not always the days until the clocks were changed twice. */
const WINDOW = { window: { pastDays: 90, futureDays: 400 } };

type Listed = 'clients' | 'appointments';

/** What a sync came to. */
export interface Outcome {
  readonly sync: string;
  readonly errors: readonly string[];
}

/** A clinic in which something happens while it is read, and a new connection to it. */
export class Scene {
  readonly life: Life;

  private constructor(
    readonly vendor: string,
    readonly clinic: Clinic,
    private readonly tenant: TestTenant,
    private readonly connection: string,
  ) {
    this.life = lifeOf(clinic);
  }

  static async open(tenant: TestTenant, clinic: Clinic): Promise<Scene> {
    const { vendor } = clinic.sandbox;
    const connection = await tenant.connect(clinic.sandbox, { ...EVERYTHING[vendor], ...WINDOW });
    return new Scene(vendor, clinic, tenant, connection);
  }

  /** Another connection to the same clinic, which has read nothing of it. */
  again(): Promise<Scene> {
    return Scene.open(this.tenant, this.clinic);
  }

  sync(resource: Listed, mode: 'full' | 'incremental' = 'full'): Promise<ShownSync> {
    return this.tenant.sync(this.connection, { mode, resources: [resource] });
  }

  /** The records that stand in the mirror. */
  records<R extends ResourceName>(resource: R): Promise<Shown<R>[]> {
    return this.tenant.all<Shown<R>>(`/v1/${resource}?connectionId=${this.connection}`);
  }

  /** Their ids at the vendor, in the order of the vendor's lists. */
  async standing(resource: Listed): Promise<readonly string[]> {
    const held = new Set((await this.records(resource)).map(({ remoteId }) => remoteId));
    return this.clinic.ids(resource).filter((id) => held.has(id));
  }

  /** A record of the mirror by its id at the vendor. */
  async record<R extends Listed>(resource: R, remoteId: string): Promise<Shown<R>> {
    const found = (await this.records(resource)).find((one) => one.remoteId === remoteId);
    if (!found) throw new Error(`the mirror has no ${remoteId}`);
    return found;
  }

  /** A record as the vendor has it now. */
  fresh<R extends Listed>(resource: R, { id }: Shown<R>): Promise<Answer<Shown<R>>> {
    return this.tenant.call('GET', `/v1/${resource}/${id}`, FRESH);
  }

  change<R extends Listed>(resource: R, { id }: Shown<R>, body: object): Promise<Answer<Shown<R>>> {
    return this.tenant.call('PATCH', `/v1/${resource}/${id}`, { body });
  }

  /** Makes a client, with what the vendors want of one. */
  async admit(lastName: string): Promise<Answer<Shown<'clients'>>> {
    const body = { firstName: 'Ada', lastName, email: 'ada@example.com', phone: PHONES[this.vendor] };
    return this.tenant.call('POST', '/v1/clients', {
      body: { connectionId: this.connection, ...body, ...(await this.place()) },
    });
  }

  /** Where a client belongs, at the one vendor that keeps clients by location. */
  private async place(): Promise<object> {
    if (this.vendor !== 'progenda') return {};
    await this.tenant.sync(this.connection, { mode: 'full', resources: ['locations'] });
    return { locationId: (await this.records('locations'))[0]!.id };
  }

  /** Lets something happen once the next answer of the resource's whole list is made: before the page after it is asked for. */
  between(resource: Listed, happen: () => void): void {
    const by = (body: unknown): unknown => {
      happen();
      return body;
    };
    this.clinic.sandbox.fail({ fault: { kind: 'altered', by }, method: 'GET', path: this.whole(resource) });
  }

  /** Alters every answer of the resource's list. */
  altering(resource: Listed, by: (body: unknown) => unknown): void {
    const path = this.clinic.lists[resource];
    this.clinic.sandbox.fail({ fault: { kind: 'altered', by }, method: 'GET', path, times: FOR_GOOD });
  }

  /** The requests for the resource's whole list, and not for what changed of it. */
  private whole(resource: Listed): string {
    const path = this.clinic.lists[resource];
    return `^(?!.*(since=|updated_at))${path.startsWith('^') ? path.slice(1) : `.*${path}`}`;
  }

  /** How many requests for the resource's whole list come in meanwhile. */
  async asked<T>(resource: Listed, act: () => Promise<T>): Promise<{ result: T; requests: number }> {
    const requests = this.clinic.sandbox.requests as string[];
    requests.splice(0);
    const result = await act();
    const isList = new RegExp(this.whole(resource));
    return {
      result,
      requests: requests.filter((request) => isList.test(request.replace(/^\w+ /, ''))).length,
    };
  }

  /** Words of the vendor's that the connection says it does not know. */
  async warnings(): Promise<readonly string[]> {
    const path = `/v1/connections/${this.connection}`;
    const { warnings } = (await this.tenant.call<ShownConnection>('GET', path)).need(200);
    return warnings.filter(({ code }) => code === 'unknown_word').map(({ value }) => value ?? '');
  }

  /** Sets the vendor's clock, which its answers and its records' times go by; back to ours without a difference. */
  setClock(aheadMs = 0): void {
    const { state } = this.clinic.sandbox as unknown as { state: { now: () => Date } };
    state.now = () => new Date(Date.now() + aheadMs);
    if (aheadMs === 0) return;
    const headers = { date: state.now().toUTCString() };
    this.clinic.sandbox.fail({ fault: { kind: 'headers', headers }, times: FOR_GOOD });
  }
}

/** What became of a sync, without its numbers. */
export const outcomeOf = ({ status, errors }: ShownSync): Outcome => ({
  sync: status,
  errors: [...new Set(errors.map(({ code }) => code))],
});
