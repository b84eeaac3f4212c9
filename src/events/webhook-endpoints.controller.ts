import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  type Type,
} from '@nestjs/common';
import { ApiCallbacks, ApiExtraModels, ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { IfMatch } from '../platform/http/etag';
import { PagingQuery } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import {
  listedById,
  requireMatch,
  single,
  singleInMotion,
  singleMade,
  type Rendered,
} from '../platform/http/rendered';
import { Returns, ReturnsNothing } from '../platform/http/returns';
import type { Caller } from '../platform/scopes';
import {
  CreateWebhookEndpointDto,
  ToldWebhookEndpointDto,
  UpdateWebhookEndpointDto,
  WebhookEndpointDto,
  WebhookEndpointPageDto,
  type WebhookTestDto,
} from './webhook-endpoints.dto';
import { WebhookEndpointsService } from './webhook-endpoints.service';
import { WebhookMessageDto, WebhookTestMessageDto } from './webhook-message.dto';

/** A call that the gateway makes to an endpoint, for who writes the receiver. */
const calls = (name: string, type: Type): Parameters<typeof ApiCallbacks>[number] => ({
  name,
  callbackUrl: '{$request.body#/url}',
  method: 'post',
  requestBody: { type },
  expectedResponse: { status: 204, description: 'Received; any other 2xx says the same' },
});

@ApiTags('Events and webhooks')
@Requires('manage')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Has events sent to a URL, from now on.
   * @remarks Calls are signed as [Standard Webhooks](https://www.standardwebhooks.com) say (`webhook-id`, `webhook-timestamp`, `webhook-signature`); the secret is told in this answer alone. Any 2xx within 15 seconds is taken for received; anything else, a redirect too, is tried again with growing pauses for three days (`Retry-After` is obeyed), then the endpoint is switched off, as it is at once by a 410. Each event arrives at least once, those of one record in order; the same `webhook-id` always comes with the same body. Addresses that are not public are refused, however they are spelled or resolved.
   */
  @Post()
  @ApiExtraModels(WebhookMessageDto, WebhookTestMessageDto)
  @ApiCallbacks(calls('event', WebhookMessageDto), calls('test', WebhookTestMessageDto))
  @Returns(ToldWebhookEndpointDto, 201)
  async createWebhookEndpoint(
    @TheCaller() { tenantId }: Caller,
    @Body() body: CreateWebhookEndpointDto,
  ): Promise<Rendered> {
    return singleMade('/v1/webhook-endpoints', await this.endpoints.create(tenantId, body));
  }

  /** Lists the endpoints in the order in which they were made. */
  @Get()
  @Returns(WebhookEndpointPageDto)
  listWebhookEndpoints(@TheCaller() { tenantId }: Caller, @Query() query: PagingQuery): Promise<Rendered> {
    return listedById(this.cursors, ['webhook-endpoints', tenantId], query, (page) =>
      this.endpoints.list(tenantId, page),
    );
  }

  /** Reads an endpoint, and how its deliveries fare. */
  @Get(':endpointId')
  @Returns(WebhookEndpointDto)
  async getWebhookEndpoint(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) id: string,
  ): Promise<Rendered> {
    return singleInMotion(await this.endpoints.get(tenantId, id));
  }

  /** Changes an endpoint, or switches it off and on. */
  @Patch(':endpointId')
  @Returns(WebhookEndpointDto)
  async updateWebhookEndpoint(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) id: string,
    @Body() body: UpdateWebhookEndpointDto,
    @IfMatch() match?: string,
  ): Promise<Rendered> {
    return single(await this.endpoints.update(tenantId, id, body, requireMatch(match)));
  }

  /** Removes an endpoint with its deliveries. */
  @Delete(':endpointId')
  @ReturnsNothing()
  deleteWebhookEndpoint(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) id: string,
    @IfMatch() match?: string,
  ): Promise<void> {
    return this.endpoints.remove(tenantId, id, requireMatch(match));
  }

  /**
   * Makes a new secret and tells it.
   * @remarks For 24 hours each call bears two signatures, one by the new secret and one by the secret before. A second rotation within that time ends the older one at once.
   */
  @Post(':endpointId/rotate-secret')
  @Returns(ToldWebhookEndpointDto)
  async rotateWebhookSecret(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) id: string,
    @IfMatch() match?: string,
  ): Promise<Rendered> {
    return single(await this.endpoints.rotate(tenantId, id, requireMatch(match)));
  }

  /**
   * Sends a `webhook.test` event at once, once.
   * @remarks A failure is an answer (`ok: false` with the reason), not an error, and changes nothing.
   */
  @Post(':endpointId/test')
  @HttpCode(200)
  testWebhookEndpoint(
    @TheCaller() { tenantId }: Caller,
    @Param('endpointId', PathId) id: string,
  ): Promise<WebhookTestDto> {
    return this.endpoints.test(tenantId, id);
  }
}
