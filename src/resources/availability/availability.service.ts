import type { GatewayId, RemoteRef } from '../../canonical/ids';
import type { ResourceName } from '../../canonical/index';
import type { Slot } from '../../canonical/slot';
import { PATIENCE, type Session, type SessionsService } from '../../connections/sessions.service';
import type { IdentityService, RemoteName } from '../../identity/identity.service';
import type { MirrorWriterService } from '../../mirror/mirror-writer.service';
import type { Database } from '../../platform/database/database';
import { Problem, wrongParameter } from '../../platform/http/problems';
import type { Availability, AvailabilityNeed, AvailabilityPort } from '../../vendors/contract';

const LONGEST_MS = 31 * 86_400_000;
const RESOURCE_OF: Readonly<Record<AvailabilityNeed, ResourceName>> = {
  practitioner: 'practitioners',
  service: 'services',
  location: 'locations',
};
const NEEDS = Object.keys(RESOURCE_OF) as AvailabilityNeed[];

export interface SlotRequest {
  readonly connectionId?: string;
  readonly practitionerId?: string;
  readonly serviceId?: string;
  readonly locationId?: string;
  readonly from: string;
  readonly to: string;
}
export interface ShownSlot extends Slot<string> {
  readonly connectionId: string;
}
type Refs = Partial<Record<AvailabilityNeed, RemoteRef>>;

/** What can be booked, as the vendor computes it now. Never stored. */
export class AvailabilityService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly identity: IdentityService,
    private readonly writer: MirrorWriterService,
    private readonly database: Database,
  ) {}

  async find(
    tenantId: string,
    request: SlotRequest,
  ): Promise<{ data: ShownSlot[]; warnings: readonly string[] }> {
    const span = Date.parse(request.to) - Date.parse(request.from);
    if (span <= 0) throw wrongParameter('to', 'to must lie after from');
    if (span > LONGEST_MS) throw wrongParameter('to', 'to may lie at most 31 days after from');
    const { connectionId, refs } = await this.locate(tenantId, request);
    const session = await this.sessions.open(tenantId, connectionId, PATIENCE.request);
    const { slots, warnings } = await ask(session, refs, request).catch(async (error: unknown) => {
      throw await this.sessions.problemOf(session, error);
    });
    return { data: await this.shown(session, slots), warnings };
  }

  /** The connection that is meant, and how the vendor names what was asked for. */
  private async locate(
    tenantId: string,
    request: SlotRequest,
  ): Promise<{ connectionId: string; refs: Refs }> {
    const refs: Refs = {};
    let connectionId = request.connectionId;
    for (const need of NEEDS) {
      const id = request[`${need}Id`];
      if (id === undefined) continue;
      const located = (await this.identity.locate(tenantId, [id])).get(id);
      if (located?.resource !== RESOURCE_OF[need])
        throw wrongParameter(`${need}Id`, `${need}Id names no ${need} of yours`, 'not_found');
      connectionId ??= located.connectionId;
      if (located.connectionId !== connectionId)
        throw wrongParameter(`${need}Id`, `${need}Id belongs to another connection`);
      refs[need] = located.ref;
    }
    if (connectionId === undefined)
      throw wrongParameter('connectionId', 'connectionId is needed, or an id of a record that tells it');
    return { connectionId, refs };
  }

  private async shown(
    { connection, vendor }: Session,
    slots: readonly Slot<RemoteRef>[],
  ): Promise<ShownSlot[]> {
    const owner = { tenantId: connection.tenantId, connectionId: connection.id, vendor: vendor.name };
    const names = slots.flatMap((slot) =>
      NEEDS.flatMap((need): RemoteName[] => {
        const ref = slot[`${need}Id`];
        return ref ? [{ resource: RESOURCE_OF[need], ref }] : [];
      }),
    );
    const ids = await this.database.inTenant(owner.tenantId, (query) =>
      this.writer.idsOf(query, owner, names, new Date().toISOString()),
    );
    const idOf = (need: AvailabilityNeed, ref: RemoteRef | null): GatewayId | null =>
      ref && ids.id(RESOURCE_OF[need], ref);
    return slots.map(({ start, end, practitionerId, serviceId, locationId }) => ({
      start,
      end,
      connectionId: connection.id,
      practitionerId: idOf('practitioner', practitionerId),
      serviceId: idOf('service', serviceId),
      locationId: idOf('location', locationId),
    }));
  }
}

async function ask(
  { vendor, http, settings }: Session,
  refs: Refs,
  { from, to }: SlotRequest,
): Promise<Availability> {
  const { availability } = vendor;
  if (!availability)
    throw new Problem('capability_not_supported', `${vendor.title} does not tell what can be booked`);
  const missing = availability.needs.find((need) => refs[need] === undefined);
  if (missing)
    throw wrongParameter(`${missing}Id`, `${vendor.title} needs ${missing}Id to tell what can be booked`);
  const port: AvailabilityPort = availability.port(http, settings);
  const { practitioner = null, service = null, location = null } = refs;
  return port.find({ practitioner, service, location, from, to });
}
