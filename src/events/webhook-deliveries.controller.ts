import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import { listed, type Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import type { Caller } from '../platform/scopes';
import type { ShownDelivery } from './delivery-log.repository';
import { WebhookDeliveriesService } from './webhook-deliveries.service';
import { DeliveriesQuery, WebhookDeliveryPageDto, type WebhookDeliveryDto } from './webhook-endpoints.dto';

@ApiTags('Events and webhooks')
@Requires('manage')
@Controller('v1/webhook-endpoints/:endpointId/deliveries')
export class WebhookDeliveriesController {
  constructor(
    private readonly deliveries: WebhookDeliveriesService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Lists an endpoint's deliveries, those of the latest events first.
   * @remarks They are kept as long as their events. What a receiver answered is not, only its status.
   */
  @Get()
  @Returns(WebhookDeliveryPageDto)
  async listWebhookDeliveries(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) endpointId: string,
    @Query() { limit = DEFAULT_LIMIT, cursor, status }: DeliveriesQuery,
  ): Promise<Rendered> {
    return this.page(
      ['webhook-deliveries', tenantId, endpointId, status],
      limit,
      await this.deliveries.list(tenantId, endpointId, {
        status,
        before: placeOf(this.cursors.read(['webhook-deliveries', tenantId, endpointId, status], cursor)),
        limit,
      }),
    );
  }

  /**
   * Sends an event again, with the id and body that it had.
   * @remarks It is tried at once, and like a new one from then on. The later events of its record wait for it.
   */
  @Post(':deliveryId/redeliver')
  @HttpCode(202)
  redeliverWebhook(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) endpointId: string,
    @Param('deliveryId', PathId) id: string,
  ): Promise<WebhookDeliveryDto> {
    return this.deliveries.redeliver(tenantId, endpointId, id);
  }

  private page(
    list: unknown,
    limit: number,
    { rows, last }: { rows: ShownDelivery[]; last: number | null },
  ): Rendered {
    return listed(rows, limit, last === null ? null : this.cursors.write(list, [String(last)]));
  }
}

const placeOf = (position: readonly string[] | null): number | null =>
  position ? Number(position[0]) : null;
