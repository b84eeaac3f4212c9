import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the process tells Prometheus. Labels are routes, vendors and words of ours: never ids, names or paths. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Histogram({
    name: 'gateway_http_request_duration_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  readonly vendorCalls = new Histogram({
    name: 'gateway_vendor_call_duration_seconds',
    help: 'Time of one call to a vendor',
    labelNames: ['vendor', 'operation', 'status'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
    registers: [this.registry],
  });
  readonly records = new Counter({
    name: 'gateway_sync_records_total',
    help: 'Records that syncs have met, by what became of them',
    labelNames: ['vendor', 'resource', 'outcome'],
    registers: [this.registry],
  });
  readonly syncsRunning = new Gauge({
    name: 'gateway_syncs_running',
    help: 'Syncs that this process runs now',
    registers: [this.registry],
  });
  readonly vendorWait = new Histogram({
    name: 'gateway_vendor_wait_seconds',
    help: "Time that a call waits for its turn below its vendor's limits",
    labelNames: ['priority'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  readonly drift = new Counter({
    name: 'gateway_sync_drift_total',
    help: 'Records that a full scan found wrong although incremental syncs should have seen them change',
    labelNames: ['vendor', 'resource'],
    registers: [this.registry],
  });
  readonly syncLag = new Histogram({
    name: 'gateway_sync_lag_seconds',
    help: 'Time from when a sync was due to when it began',
    buckets: [0.1, 0.5, 1, 2, 5, 15, 60, 300],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
