import fc from 'fast-check';
import { NOTHING_KNOWN } from '../canonical/index';
import { idsShown } from './audit-ids';

const id = fc.uuid();
/** Texts that try to look like the members that are looked for. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '"clientId":"00000000-0000-4000-8000-000000000000"',
    '],"clientId":"00000000-0000-4000-8000-000000000000"',
    '],"serviceId":',
    '},{"clientId":"00000000-0000-4000-8000-000000000000"',
    '}]',
    '\\"',
    '\\',
  ),
);
const attendee = fc.record({
  clientId: id,
  status: fc.constant('booked'),
  arrivedAt: fc.constant(null),
  cancelledAt: fc.constant(null),
  remoteId: fc.option(text),
});
const appointment = fc
  .record({
    id,
    notes: fc.option(text),
    title: fc.option(text),
    description: fc.option(text),
    practitionerIds: fc.array(id, { maxLength: 3 }),
    clientId: fc.option(id),
    attendees: fc.array(attendee, { maxLength: 4 }),
    color: fc.option(text),
  })
  .map(({ id: own, ...rest }) => ({
    id: own,
    connectionId: 'x',
    vendor: 'penga',
    remoteId: '1',
    ...NOTHING_KNOWN.appointments,
    ...rest,
  }));

it('finds in a page of appointments what parsing it would find', () => {
  fc.assert(
    fc.property(fc.array(appointment), text, (all, raw) => {
      // What stands behind the record: the vendor's own, which is not ours to look into.
      const pages = all.map(
        (one) => `${JSON.stringify(one).slice(0, -1)},"remote":${JSON.stringify({ raw })}}`,
      );
      const { resourceIds, clientIds } = idsShown('appointments', pages);
      const named = all.flatMap((one) => [one.clientId, ...one.attendees.map(({ clientId }) => clientId)]);
      expect(resourceIds).toEqual(all.map((one) => one.id));
      expect(new Set(clientIds)).toEqual(new Set(named.filter((one) => one !== null)));
      expect(clientIds.length).toBeLessThanOrEqual(named.length);
    }),
  );
});

it('of clients, the clients are the records', () => {
  const record = JSON.stringify({ id: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51', ...NOTHING_KNOWN.clients });
  expect(idsShown('clients', [record])).toEqual({
    resourceIds: ['019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51'],
    clientIds: [],
  });
});

it('of change events, whoever they tell of', () => {
  const [a, b, c] = ['1', '2', '3'].map((last) => `019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a5${last}`) as [
    string,
    string,
    string,
  ];
  const event = (resource: string, resourceId: string, data: object): string =>
    JSON.stringify({
      id: c,
      type: 'x',
      connectionId: c,
      resource,
      resourceId,
      changed: ['clientId', 'notes'],
      data,
    });
  const events = [
    event('clients', a, { id: a, ...NOTHING_KNOWN.clients, notes: '],"clientId":' }),
    event('appointments', b, { id: b, ...NOTHING_KNOWN.appointments, clientId: c }),
    event('services', b, { id: b, ...NOTHING_KNOWN.services, name: ',"resource":"clients","resourceId":"' }),
  ];
  expect(idsShown('events', events)).toEqual({ resourceIds: [a, b, b], clientIds: [a, c] });
});
