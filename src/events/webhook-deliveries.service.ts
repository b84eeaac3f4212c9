import { notFound, Problem } from '../platform/http/problems';
import type { DeliveryLogRepository, ShownDelivery } from './delivery-log.repository';
import type { WebhookEndpointsService } from './webhook-endpoints.service';

/** The log of an endpoint's deliveries, and the way to have one sent again. */
export class WebhookDeliveriesService {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly log: DeliveryLogRepository,
  ) {}

  async list(
    tenantId: string,
    endpointId: string,
    {
      status,
      before,
      limit,
    }: { status?: readonly string[] | undefined; before: number | null; limit: number },
  ): Promise<{ rows: ShownDelivery[]; last: number | null }> {
    await this.endpoints.find(tenantId, endpointId);
    return this.log.page(tenantId, endpointId, { status: status ?? null, before, limit });
  }

  /** Sends an event again, with the id and body that it had; conflict where its endpoint is switched off. */
  async redeliver(tenantId: string, endpointId: string, id: string): Promise<ShownDelivery> {
    const { enabled } = await this.endpoints.find(tenantId, endpointId);
    if (!(await this.log.one(tenantId, endpointId, id))) throw notFound();
    if (!enabled) throw new Problem('conflict', 'The endpoint is switched off; enable it first');
    await this.log.again(tenantId, endpointId, id);
    const delivery = await this.log.one(tenantId, endpointId, id);
    if (!delivery) throw notFound();
    return delivery;
  }
}
