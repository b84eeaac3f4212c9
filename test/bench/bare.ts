import fastify from 'fastify';
import { Pool, TypeOverrides } from 'pg';

/**
 * What the gateway is measured against: Fastify and pg and nothing else, no key, no limit, no row-level security. It reads
 * the same rows in one prepared query: `/columns` from a plain table of typed columns, timestamps kept as text (the best
 * that such a server does); `/documents` the stored text itself, which is the least that anybody can do.
 */
async function main(): Promise<void> {
  const [, , url, tenant] = process.argv as [string, string, string, string];
  const types = new TypeOverrides();
  types.setTypeParser(1184, (text) => text);
  types.setTypeParser(114, (text) => text);
  const pool = new Pool({ connectionString: url, max: 20, types });
  const app = fastify();
  const page = (columns: string, from: string): string =>
    `select ${columns} from ${from} where t.tenant_id = $1 order by t.sort_start, t.id limit 26`;
  const joined = [
    'clients c on c.tenant_id = t.tenant_id and c.id = t.client_id',
    'practitioners p on p.tenant_id = t.tenant_id and p.id = t.practitioner_id',
    'services s on s.tenant_id = t.tenant_id and s.id = t.service_id',
    'locations l on l.tenant_id = t.tenant_id and l.id = t.location_id',
  ]
    .map((join) => ` left join ${join}`)
    .join('');

  app.get('/columns', async () => {
    const { rows } = await pool.query({
      name: 'columns',
      text: page('t.*', 'bench_appointments t'),
      values: [tenant],
    });
    return { data: rows.slice(0, 25), page: { limit: 25, nextCursor: null } };
  });
  app.get('/columns-included', async () => {
    const text = page(
      't.*, c.doc as client, p.doc as practitioner, s.doc as service, l.doc as location',
      `bench_appointments t${joined}`,
    );
    const { rows } = await pool.query<Record<string, string | null>>({
      name: 'included',
      text,
      values: [tenant],
    });
    const parsed = (doc: string | null | undefined): unknown => (doc ? JSON.parse(doc) : null);
    const data = rows.slice(0, 25).map((row) => ({
      ...row,
      client: parsed(row['client']),
      practitioner: parsed(row['practitioner']),
      service: parsed(row['service']),
      location: parsed(row['location']),
    }));
    return { data, page: { limit: 25, nextCursor: null } };
  });
  app.get('/documents', async (_request, reply) => {
    const { rows } = await pool.query<{ doc: string }>({
      name: 'documents',
      text: page('t.doc', 'appointments t'),
      values: [tenant],
    });
    void reply.type('application/json');
    return `{"data":[${rows
      .slice(0, 25)
      .map(({ doc }) => doc)
      .join(',')}],"page":{"limit":25,"nextCursor":null}}`;
  });
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
}

void main();
