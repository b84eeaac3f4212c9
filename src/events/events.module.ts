import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Keyring } from '../platform/crypto';
import { Database } from '../platform/database/database';
import { LOGGER, type Logger } from '../platform/log';
import { Metrics } from '../platform/metrics';
import { hostAllowlist } from '../platform/outgoing';
import { DeliveryLogRepository } from './delivery-log.repository';
import { DeliveryQueueRepository } from './delivery-queue.repository';
import { EventMetrics } from './event-metrics';
import { EventsController } from './events.controller';
import { EventsService } from './events.service';
import { FeedKeeperRepository } from './feed-keeper.repository';
import { WebhookDeliveriesController } from './webhook-deliveries.controller';
import { WebhookDeliveriesService } from './webhook-deliveries.service';
import { WebhookEndpoint } from './webhook-endpoint.entity';
import { WebhookEndpointsController } from './webhook-endpoints.controller';
import { WebhookEndpointsService } from './webhook-endpoints.service';
import { WebhookSecrets } from './webhook-secrets';
import { WebhookSender } from './webhook-sender';
import { WebhookWorker } from './webhook-worker';

const onDatabase = <T>(Type: new (database: Database) => T) => ({
  provide: Type,
  useFactory: (database: Database) => new Type(database),
  inject: [Database],
});

/** The change feed, and the webhooks that are fed from it. */
@Module({
  imports: [TypeOrmModule.forFeature([WebhookEndpoint])],
  controllers: [EventsController, WebhookEndpointsController, WebhookDeliveriesController],
  providers: [
    onDatabase(EventsService),
    onDatabase(DeliveryLogRepository),
    onDatabase(DeliveryQueueRepository),
    onDatabase(FeedKeeperRepository),
    {
      provide: WebhookSecrets,
      useFactory: (keyring: Keyring) => new WebhookSecrets(keyring),
      inject: [Keyring],
    },
    {
      provide: WebhookSender,
      useFactory: (config: CompleteConfig) => new WebhookSender(hostAllowlist(config.WEBHOOK_HOST_ALLOWLIST)),
      inject: [CONFIG],
    },
    {
      provide: WebhookEndpointsService,
      useFactory: (
        database: Database,
        secrets: WebhookSecrets,
        sender: WebhookSender,
        config: CompleteConfig,
      ) =>
        new WebhookEndpointsService({
          database,
          secrets,
          sender,
          allowed: hostAllowlist(config.WEBHOOK_HOST_ALLOWLIST),
        }),
      inject: [Database, WebhookSecrets, WebhookSender, CONFIG],
    },
    {
      provide: WebhookDeliveriesService,
      useFactory: (endpoints: WebhookEndpointsService, log: DeliveryLogRepository) =>
        new WebhookDeliveriesService(endpoints, log),
      inject: [WebhookEndpointsService, DeliveryLogRepository],
    },
    { provide: EventMetrics, useFactory: (metrics: Metrics) => new EventMetrics(metrics), inject: [Metrics] },
    {
      provide: WebhookWorker,
      useFactory: (
        ...[queue, sender, secrets, metrics, keeper, config, logger]: [
          DeliveryQueueRepository,
          WebhookSender,
          WebhookSecrets,
          EventMetrics,
          FeedKeeperRepository,
          CompleteConfig,
          Logger,
        ]
      ) =>
        new WebhookWorker({ queue, sender, secrets, metrics }, keeper, {
          works: config.ROLE !== 'api',
          retentionDays: config.EVENT_RETENTION_DAYS,
          logger,
        }),
      inject: [
        DeliveryQueueRepository,
        WebhookSender,
        WebhookSecrets,
        EventMetrics,
        FeedKeeperRepository,
        CONFIG,
        LOGGER,
      ],
    },
  ],
})
export class EventsModule {}
