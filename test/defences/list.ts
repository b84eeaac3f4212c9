import type { Defence, Edit } from './defence';

const INITIAL = 'src/platform/database/migrations/1790000000000-initial.ts';
const READER = 'src/mirror/mirror-reader.repository.ts';

const NO_POLICY: Edit = {
  file: INITIAL,
  find: "using (tenant_id = (select app_tenant()) ${systemToo ? 'or (select app_is_system())' : ''});",
  put: "using (true or ${systemToo ? 'true' : 'true'});",
};
const NO_FILTER: Edit = {
  file: READER,
  find: 'where t.tenant_id = $1 and t.id = $2`',
  put: 'where $1::uuid is not null and t.id = $2`',
};
const ANOTHERS = "every route that names a record answers 404 to another tenant's key";

/** Every defence that is taken away, one after the other. */
export const DEFENCES: readonly Defence[] = [
  {
    name: 'tenant filter, without row-level security below it',
    edits: [NO_POLICY],
    spec: 'test/e2e/isolation.spec.ts',
    tests: [ANOTHERS],
    stays: true,
  },
  {
    name: 'row-level security, without a tenant filter above it',
    edits: [NO_FILTER],
    spec: 'test/e2e/isolation.spec.ts',
    tests: [ANOTHERS],
    stays: true,
  },
  {
    name: 'tenant filter and row-level security, both gone',
    edits: [NO_POLICY, NO_FILTER],
    spec: 'test/e2e/isolation.spec.ts',
    tests: [ANOTHERS],
  },
  {
    name: 'row-level security binds the owner',
    edits: [{ file: INITIAL, find: '  alter table ${table} force row level security;\n', put: '' }],
    spec: 'test/e2e/isolation.spec.ts',
    tests: ['stands on every table of a tenant, for the owner too'],
  },
  {
    name: "vendors' hosts and the operator's list alone",
    edits: [
      {
        file: 'src/connections/configuration.ts',
        find: 'if (!mayCall(vendor, url, allowed))',
        put: 'if (url === "" && !mayCall(vendor, url, allowed))',
      },
    ],
    spec: 'test/e2e/connections.spec.ts',
    tests: ['calls no host but the vendor’s own and the ones that the operator allows'],
  },
  {
    name: 'webhooks go to public addresses alone',
    edits: [
      {
        file: 'src/platform/outgoing.ts',
        find: "if (address instanceof IPv4) return address.range() === 'unicast';",
        put: 'if (address instanceof IPv4) return true;',
      },
    ],
    spec: 'src/platform/outgoing.spec.ts',
    tests: ['127.0.0.1 is no public address'],
  },
  {
    name: 'a webhook is signed, body included',
    edits: [
      {
        file: 'src/events/webhook-message.ts',
        find: 'new Webhook(secret).sign(id, at, body)',
        put: "new Webhook(secret).sign(id, at, '')",
      },
    ],
    spec: 'test/e2e/webhooks.spec.ts',
    tests: ['is signed as Standard Webhooks say, and tells what has changed and of what'],
  },
  {
    name: 'fencing number of sync leases',
    edits: [
      {
        file: 'src/sync/syncs.repository.ts',
        find: "where tenant_id = $1 and id = $2 and fence = $3 and status = 'running'",
        put: "where tenant_id = $1 and id = $2 and $3::integer is not null and status = 'running'",
      },
    ],
    spec: 'test/e2e/sync-fence.spec.ts',
    tests: ['a process that has lost its sync to another stores nothing any more'],
  },
  {
    name: 'fencing number of the slots of a limit',
    edits: [
      {
        file: 'src/connections/limits.repository.ts',
        find: 's.slot = mine.slot and s.fence = mine.fence',
        put: 's.slot = mine.slot',
      },
    ],
    spec: 'src/connections/limits.repository.spec.ts',
    tests: ['that were given back are not renewed by a renewal that was late'],
  },
  {
    name: "our credentials are taken out of vendors' words",
    edits: [
      {
        file: 'src/vendors/kit/redact.ts',
        find: 'words : words.replace(inside, REMOVED);',
        put: 'words : words;',
      },
    ],
    spec: 'src/vendors/kit/redact.spec.ts',
    tests: ['S3CRET/+ VALUE becomes [removed]'],
  },
  {
    name: 'limit of a body',
    edits: [
      {
        file: 'src/platform/http/server.ts',
        find: 'bodyLimit: MAX_BODY_BYTES,',
        put: 'bodyLimit: 64 * MAX_BODY_BYTES,',
      },
    ],
    spec: 'test/e2e/bad-input.spec.ts',
    tests: ['past a mebibyte is too large, one below it is not'],
  },
  {
    name: 'limit of an answer',
    edits: [
      {
        file: 'src/vendors/kit/http.ts',
        find: 'if (bytes > MAX_BYTES)',
        put: 'if (bytes > 8 * MAX_BYTES)',
      },
    ],
    spec: 'test/e2e/passthrough-safety.spec.ts',
    tests: ['an answer beyond 8 MiB is no answer'],
  },
  {
    name: 'no redirect is followed',
    edits: [{ file: 'src/vendors/kit/http.ts', find: '  maxRedirects: 0,', put: '  maxRedirects: 5,' }],
    spec: 'test/e2e/passthrough-safety.spec.ts',
    tests: ['a redirect is an answer and is not followed'],
  },
  {
    name: 'tags of 16 bytes',
    edits: [{ file: 'src/platform/crypto.ts', find: 'const TAG_BYTES = 16;', put: 'const TAG_BYTES = 4;' }],
    spec: 'src/platform/crypto.spec.ts',
    tests: ['takes no tag of 4 bytes, which Node would'],
  },
  {
    name: 'a sealed text is bound to its tenant, record and field',
    edits: [
      { file: 'src/platform/crypto.ts', find: '    cipher.setAAD(Buffer.from(place));\n', put: '' },
      { file: 'src/platform/crypto.ts', find: '    decipher.setAAD(Buffer.from(place));\n', put: '' },
    ],
    spec: 'src/platform/crypto.spec.ts',
    tests: ['opens nothing for another tenant', 'opens nothing for another connection'],
  },
  {
    name: 'a cursor is bound to its list',
    edits: [
      {
        file: 'src/platform/http/cursor.ts',
        find: '`cursor ${JSON.stringify(list)}`',
        put: '`cursor ${typeof list}`.slice(0, 6)',
      },
    ],
    spec: 'test/e2e/isolation.spec.ts',
    tests: ['a cursor is of its list, its filters, its order and its tenant alone'],
  },
  {
    name: 'If-Match',
    edits: [
      {
        file: 'src/platform/http/rendered.ts',
        find: 'if (ifMatch !== undefined && !names(versionsIn(ifMatch), etagOf(version)))',
        put: 'if (ifMatch === etagOf(-1) && !names(versionsIn(ifMatch), etagOf(version)))',
      },
    ],
    spec: 'test/e2e/tenants.spec.ts',
    tests: ['change and go only as the version that the operator has seen'],
  },
  {
    name: 'a key serves one request',
    edits: [
      {
        file: 'src/writes/keys.repository.ts',
        find: "if (!request_hash.equals(hash)) return { kind: 'reused' };",
        put: "if (request_hash.equals(Buffer.alloc(0)) && hash.length === 0) return { kind: 'reused' };",
      },
    ],
    spec: 'test/e2e/write-once.spec.ts',
    tests: ['serves one request: another body, or another path, is refused'],
  },
  {
    name: 'whoever settles a write takes its key first',
    edits: [
      {
        file: 'src/writes/writes.repository.ts',
        find: '    if (key) lineUpForKey(query, tenantId, key);\n',
        put: '',
      },
    ],
    spec: 'test/e2e/write-locks.spec.ts',
    tests: ['a change', 'a booking of a time that must be free'].map(
      (what) => `waits for its answer, and nobody for each other: ${what}`,
    ),
  },
  {
    name: "a practitioner's time is held while a write is under way",
    edits: [
      {
        file: 'src/writes/beginnings.service.ts',
        find: '    if (takes) writes.hold(query, write, takes);\n',
        put: "    if (takes && write.id === '') writes.hold(query, write, takes);\n",
      },
    ],
    spec: 'test/e2e/write-once.spec.ts',
    tests: ['book a practitioner once under conflictPolicy: reject, out of fifty tries'],
  },
  {
    name: 'no POST is sent twice',
    edits: [
      {
        file: 'src/vendors/kit/http.ts',
        find: "const isRepeatable = (request.method ?? 'GET') === 'GET' || request.isRepeatable === true;\n      const trying",
        put: "const isRepeatable = (request.method ?? 'GET') === 'GET' || request.isRepeatable === true;\n      if (!isRepeatable) return noted((leaving) => patiently(true, patienceMs, () => authenticated((proof) => pass(sentOf(policy, request, proof), leaving))));\n      const trying",
      },
    ],
    spec: 'test/e2e/write-once.spec.ts',
    tests: ['is told as such, held for the key, and found out in the background'],
  },
  {
    name: 'a path past the model is its own normal form',
    edits: [
      {
        file: 'src/connections/passthrough-path.ts',
        find: 'SEGMENT.test(segment) && !NEEDLESSLY_ENCODED.test(segment) && isClear(segment, place)',
        put: 'SEGMENT.test(segment) || isClear(segment, place) || NEEDLESSLY_ENCODED.test(segment)',
      },
    ],
    spec: 'src/connections/passthrough-path.spec.ts',
    tests: ['whatever is let through is what every parser makes of it, below the root'],
  },
  {
    name: 'a scan that would delete more than a tenth stops and asks',
    edits: [
      {
        file: 'src/sync/verdict.ts',
        find: 'const BELIEVABLE_SHARE = 0.1;',
        put: 'const BELIEVABLE_SHARE = 1;',
      },
    ],
    spec: 'test/e2e/full-scans.spec.ts',
    tests: ['that misses more than a tenth waits for force, and believes it then'],
  },
  {
    name: 'checksum of API keys',
    edits: [
      {
        file: 'src/tenants/key-text.ts',
        find: 'm?.[1] !== undefined && checksum(m[1]) === m[2]',
        put: 'm?.[1] !== undefined && checksum(m[1]) !== ""',
      },
    ],
    spec: 'src/tenants/key-text.spec.ts',
    tests: ['a key of which one character was changed is no key, so that guessing costs no query'],
  },
  {
    name: 'a key ends when it expires',
    edits: [
      {
        file: 'src/tenants/api-keys.service.ts',
        find: ' and (expires_at is null or expires_at > now())',
        put: '',
      },
    ],
    spec: 'test/e2e/tenants.spec.ts',
    tests: ['end when they expire'],
  },
  {
    name: 'scopes',
    edits: [
      {
        file: 'src/tenants/auth.guard.ts',
        find: "if (demand === undefined || demand === 'operator' || !caller.scopes.includes(demand))",
        put: "if (demand === undefined || demand === 'operator')",
      },
    ],
    spec: 'test/e2e/tenants.spec.ts',
    tests: ['do what their scopes say and no more'],
  },
  {
    name: 'no sync brings back who was erased',
    edits: [
      {
        file: 'src/mirror/erased-names.ts',
        find: '  return rows.length > 0;\n',
        put: '  return rows.length < 0;\n',
      },
    ],
    spec: 'test/e2e/erasure.spec.ts',
    tests: ['cliniko: nothing is left of an erased client, and no sync brings her back'],
  },
  {
    name: 'sealed answers are opened when somebody is erased',
    edits: [
      {
        file: 'src/erasure/traces.repository.ts',
        find: "or (answer ->> 'body') ~ $3)",
        put: "or $3::text = '')",
      },
    ],
    spec: 'test/e2e/erasure.spec.ts',
    tests: ['cliniko: nothing is left of an erased client, and no sync brings her back'],
  },
  {
    name: 'no start in production as a role that row-level security does not bind',
    edits: [
      {
        file: 'src/serve.ts',
        find: "if (!(error instanceof UnboundRole) || config.NODE_ENV === 'production') throw error;",
        put: 'if (!(error instanceof UnboundRole)) throw error;',
      },
    ],
    spec: 'test/lifecycle/service.spec.ts',
    tests: ['that is a superuser: no start in production, and one line that says so'],
  },
  {
    name: 'a client who slid past the border of two pages is asked for',
    edits: [
      {
        file: 'src/sync/missing-records.service.ts',
        find: "deletions !== 'full_scan' || mayMiss",
        put: "deletions !== 'full_scan' || (mayMiss && resource === 'locations')",
      },
    ],
    spec: 'test/faults/faults.spec.ts',
    tests: ['one client leaves and one comes between two pages, and the count stays'],
  },
  {
    name: "the vendor's clock is heard",
    edits: [
      {
        file: 'src/vendors/kit/clock.ts',
        find: 'this.behind > TOLERATED_MS ? Math.min(this.behind, MOST_MS) : 0',
        put: 'this.behind > MOST_MS ? TOLERATED_MS : 0',
      },
    ],
    spec: 'test/faults/faults.spec.ts',
    tests: [
      'a vendor whose clock is an hour behind',
      'a lost answer to a create, where the clock is an hour behind',
    ],
  },
  {
    name: 'one 404 is not believed',
    edits: [
      {
        file: 'src/mirror/records.service.ts',
        find: '(await get()) ?? (await confirmed())',
        put: '(await get()) ?? (await confirmed().then(() => null))',
      },
    ],
    spec: 'test/faults/faults.spec.ts',
    tests: ['a 404 for one record alone'],
  },
  {
    name: 'connecting is cut short',
    edits: [
      {
        file: 'src/platform/outgoing.ts',
        find: "return hurried(super.createConnection(options, callback), 'connect', this.manner.connectMs);",
        put: 'return super.createConnection(options, callback);',
      },
    ],
    spec: 'test/faults/faults.spec.ts',
    tests: ['a connection that never comes about'],
  },
  {
    name: 'a log-in holds nothing of the database',
    edits: [
      {
        file: 'src/connections/tokens.repository.ts',
        find: 'const issued = await login();',
        put: "const issued = await this.database.inTenant(owner.tenantId, async (query) => (await query({ text: 'select 1' }), login()));",
      },
    ],
    spec: 'test/faults/circuit.spec.ts',
    tests: ['log-ins that hang hold nothing of the database: others are served'],
  },
];
