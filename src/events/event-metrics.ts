import { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../platform/metrics';

/** What Prometheus is told of the feed and its webhooks, without a word of whose they are. */
export class EventMetrics {
  readonly events: Gauge;
  readonly deliveries: Counter<'outcome'>;
  readonly oldestUndelivered: Gauge;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.events = new Gauge({
      name: 'gateway_events_written',
      help: 'Events that all tenants have had so far, give or take those of changes that were undone',
      registers,
    });
    this.deliveries = new Counter({
      name: 'gateway_webhook_deliveries_total',
      help: 'Tries to deliver a webhook, by what came of them',
      labelNames: ['outcome'],
      registers,
    });
    this.oldestUndelivered = new Gauge({
      name: 'gateway_webhook_oldest_undelivered_seconds',
      help: 'Age of the oldest event that an enabled endpoint waits for',
      registers,
    });
  }
}
