import type { Sandbox } from '../../kit/sandbox';
import { startSandbox } from './index';
import { issueToken, type Appointment, type State } from './state';

const NOW = new Date('2026-03-10T10:20:00.000Z');
let sandbox: Sandbox & { readonly state: State };
let clock: Date;
beforeEach(async () => {
  clock = NOW;
  sandbox = await startSandbox({ now: () => clock, size: { clients: 40, appointments: 620 } });
});
afterEach(() => sandbox.close());
const sorted = (words: readonly string[]): string[] => [...words].sort();

interface Said {
  status: number;
  body: { data: Appointment; meta: unknown; errors: { code: string; statusCode: string }[] };
}
const call = async (method: string, path: string, body?: unknown, headers: object = {}): Promise<Said> => {
  const answer = await fetch(`${sandbox.baseUrl}/enterprises/${sandbox.state.enterprise}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${issueToken(sandbox.state)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Said['body'] };
};
const refused = async (...asked: Parameters<typeof call>): Promise<string> => {
  const { status, body } = await call(...asked);
  expect(body.errors[0]?.statusCode).toBe(String(status));
  return `${status} ${body.errors[0]?.code ?? ''}`;
};

it('refuses what the documentation refuses', async () => {
  const paths = [
    'limit=101',
    'limit=0',
    'offset=-1',
    'status=ACCEPTED',
    'status[]=MAYBE',
    'id[]=',
    'from=2026-03-10',
    'sort=start',
  ];
  for (const asked of paths) expect(await refused('GET', `/appointments?${asked}`)).toBe('400 BAD_REQUEST');
  expect(await refused('GET', '/appointments', undefined, { authorization: '' })).toBe('401 UNAUTHORIZED');
  expect(await refused('GET', '/appointments/none')).toBe('404 NOT_FOUND');
  expect(await refused('GET', '/nothing')).toBe('404 NOT_FOUND');
  expect(await refused('GET', '/timetable')).toBe('400 BAD_REQUEST');
  const named = async (length: number): Promise<number> =>
    (await call('GET', '/appointments', undefined, { 'x-correlation-id': 'x'.repeat(length) })).status;
  expect([await named(36), await named(37)]).toEqual([200, 400]);
  sandbox.state.maxLimit = 1000;
  expect((await call('GET', '/appointments?limit=101')).body.meta).toEqual({
    offset: 0,
    limit: 101,
    totalCount: 620,
  });
  clock = new Date(NOW.getTime() + 2 * 3_600_000);
  const late = { authorization: `Bearer ${[...sandbox.state.tokens.keys()][0]!}` };
  expect(await refused('GET', '/appointments', undefined, late)).toBe('401 UNAUTHORIZED');
});

it('refuses the fifth call at once', async () => {
  sandbox.state.latencyMs = 1_000;
  const all = await Promise.all(Array.from({ length: 5 }, () => call('GET', '/offices')));
  expect(sorted(all.map(({ status }) => String(status)))).toEqual(['200', '200', '200', '200', '429']);
});

it('makes, moves, changes and ends an appointment', async () => {
  const { state } = sandbox;
  const [customer, subject, office] = [
    state.customers.all()[0]!.id,
    state.subjects.all()[0]!.id,
    state.offices.all()[0]!.id,
  ];
  const [employee, other] = state.employees
    .all()
    .filter(({ status }) => status === 'ACTIVE')
    .map(({ id }) => id) as [string, string];
  const participants = [
    { role: 'PRIMARY', participantId: customer, type: 'CUSTOMER' },
    { role: 'PRIMARY', participantId: employee, type: 'EMPLOYEE' },
  ];
  const times = { start: '2027-05-08T11:00:00+02:00', end: '2027-05-08T11:30:00+02:00' };
  const draft = {
    ...times,
    subjectId: subject,
    officeId: office,
    appointmentParticipants: participants,
    meetingType: 'OFFICE',
  };

  const made = await call('POST', '/appointments', { ...draft, externalId: 'mine' });
  expect(made).toMatchObject({
    status: 201,
    body: { data: { status: 'ACCEPTED', start: '2027-05-08T09:00:00.000Z' } },
  });
  expect(await refused('POST', '/appointments', draft)).toBe('422 APPOINTMENT_NO_AVAILABILITY');
  expect(
    await refused('POST', '/appointments', { ...draft, appointmentParticipants: participants.slice(1) }),
  ).toBe('400 BAD_REQUEST');
  const staff = [participants[1]!, { ...participants[1]!, participantId: other, role: 'SECONDARY' }];
  expect(await refused('POST', '/appointments', { ...draft, appointmentParticipants: staff })).toBe(
    '422 APPOINTMENT_PRIMARY_CUSTOMER_MISSING',
  );

  const at = `/appointments/${made.body.data.id}`;
  expect(await refused('PATCH', at, { start: times.start })).toBe('400 BAD_REQUEST');
  expect(await refused('PATCH', at, { internalNotes: '' })).toBe('400 BAD_REQUEST');
  clock = new Date(NOW.getTime() + 60_000);
  expect((await call('PATCH', at, { internalNotes: 'Tolk' })).body.data).toMatchObject({
    internalNotes: 'Tolk',
    updatedAt: clock.toISOString(),
  });
  const later = { start: '2027-05-08T12:00:00Z', end: '2027-05-08T12:30:00Z' };
  expect((await call('POST', `${at}/_actions/reschedule`, later)).body.data.start).toBe(
    '2027-05-08T12:00:00.000Z',
  );
  const reassigned = await call('POST', `${at}/_actions/reassign`, {
    officeId: office,
    primaryEmployeeId: other,
  });
  expect(reassigned.body.data.appointmentParticipants[1]!.participant.id).toBe(other);
  expect(await refused('POST', `${at}/_actions/accept`)).toBe('422 APPOINTMENT_STATUS_INVALID');
  expect(await refused('POST', `${at}/_actions/update-meeting-type`, { meetingType: 'ON_LOCATION' })).toBe(
    '422 APPOINTMENT_LOCATION_REQUIRED',
  );
  state.undocumentedActions = false;
  expect(await refused('POST', `${at}/_actions/cancel`)).toBe('404 NOT_FOUND');
  state.undocumentedActions = true;
  expect(await refused('POST', `${at}/_actions/complete`)).toBe('422 APPOINTMENT_COMPLETION_TOO_EARLY');
  expect((await call('POST', `${at}/_actions/cancel`, { message: 'Ziek' })).body.data.status).toBe(
    'CANCELLED',
  );
  expect(sandbox.ledger).toHaveLength(5);

  const { subjectId, officeId } = draft;
  const invited = await call('POST', '/appointments/_actions/invite', {
    subjectId,
    officeId,
    appointmentParticipants: participants,
  });
  expect(invited).toMatchObject({
    status: 201,
    body: { data: { status: 'OUTGOING_INVITE', start: null, end: null } },
  });
});
