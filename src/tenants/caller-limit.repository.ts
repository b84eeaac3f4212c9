import type { Database } from '../platform/database/database';

/** What of a key's minute was put by for one process. */
export interface Allowance {
  readonly granted: number;
  /** How many of the minute's requests nobody has put by yet. */
  readonly remaining: number;
  readonly endsInMs: number;
}
interface AllowanceRow extends Record<string, unknown> {
  readonly granted: number;
  readonly taken: number;
  readonly ends_in_ms: number;
}

/** A grant is at most a quarter of what is left: towards the end of a minute no process sits on requests that another needs. */
const GRANT = (taken: string): string =>
  `least($4 - ${taken}, greatest(least($3, 1), least($3, ($4 - ${taken}) / 4)))`;
const ENDED = 'a.ends_at <= clock_timestamp()';
const MINUTE = "clock_timestamp() + interval '1 minute'";
const PUT_BY = `
  insert into caller_allowances as a (tenant_id, api_key_id, ends_at, taken, granted)
  values ($1, $2, ${MINUTE}, ${GRANT('0')}, ${GRANT('0')})
  on conflict (tenant_id, api_key_id) do update set
    ends_at = case when ${ENDED} then ${MINUTE} else a.ends_at end,
    taken = case when ${ENDED} then ${GRANT('0')} else a.taken + ${GRANT('a.taken')} end,
    granted = case when ${ENDED} then ${GRANT('0')} else ${GRANT('a.taken')} end
  returning granted, taken, (extract(epoch from ends_at - clock_timestamp()) * 1000)::integer as ends_in_ms`;

/** How much of each key's minute is put by, for all processes together. */
export class CallerLimitRepository {
  constructor(private readonly database: Database) {}

  /** Puts by up to `most` requests of what is left of the key's minute; a new minute begins with the first after the last. */
  async putBy(
    { tenantId, apiKeyId }: { tenantId: string; apiKeyId: string },
    most: number,
    perMinute: number,
  ): Promise<Allowance> {
    const [row] = await this.database.change(tenantId, (query) =>
      query<AllowanceRow>({
        name: 'caller_put_by',
        text: PUT_BY.replace(/\$([34])/g, '$$$1::bigint'),
        values: [tenantId, apiKeyId, most, perMinute],
      }),
    );
    const { granted, taken, ends_in_ms: endsInMs } = row as AllowanceRow;
    return { granted, remaining: perMinute - taken, endsInMs };
  }
}
