const ID_LENGTH = 36;
const FIRST = '{"id":"';
const CLIENT = ',"clientId":';
const ATTENDEES = ',"attendees":[';
const ATTENDEE = '{"clientId":"';
const CHANGED = ',"resourceId":"';
const OF_CLIENT = ',"resource":"clients","resourceId":"';
const AFTER_ATTENDEES = '],"serviceId":';

const idAt = (record: string, at: number): string => record.slice(at, at + ID_LENGTH);

/** Where a member begins that follows a closing bracket; -1 where none does. */
function afterBracket(record: string, bracket: string, member: string): number {
  let at = record.indexOf(bracket);
  while (at >= 0 && !record.startsWith(member, at + 1)) at = record.indexOf(bracket, at + 1);
  return at < 0 ? at : at + 1;
}

/**
 * The clients whom a rendered appointment is about: its own and every attendee. Nothing is parsed, since pages are read
 * thousands of times a second: the members stand in the canonical order, and a quote inside of a text is escaped, so that
 * no text looks like a member.
 */
function clientsOf(record: string, found: string[]): void {
  const client = afterBracket(record, ']', CLIENT) + CLIENT.length;
  if (client < CLIENT.length) return;
  const isNamed = record.charAt(client) === '"';
  const own = isNamed ? idAt(record, client + 1) : '';
  if (isNamed) found.push(own);
  let at = client + (isNamed ? ID_LENGTH + 2 : 'null'.length) + ATTENDEES.length;
  while (record.startsWith(ATTENDEE, at)) {
    if (!isNamed || !record.startsWith(own, at + ATTENDEE.length))
      found.push(idAt(record, at + ATTENDEE.length));
    do at = record.indexOf('}', at + 1);
    while (
      at >= 0 &&
      !record.startsWith(`,${ATTENDEE}`, at + 1) &&
      !record.startsWith(AFTER_ATTENDEES, at + 1)
    );
    at = at < 0 ? record.length : at + 2;
  }
}

/** Whose data a page of rendered records shows; of change events, the records that changed. A client may come twice. */
export function idsShown(
  resource: string,
  records: readonly string[],
): { readonly resourceIds: string[]; readonly clientIds: string[] } {
  const clientIds: string[] = [];
  if (resource !== 'events') {
    if (resource === 'appointments') for (const record of records) clientsOf(record, clientIds);
    return { resourceIds: records.map((record) => idAt(record, FIRST.length)), clientIds };
  }
  const resourceIds = records.map((event) => {
    const id = idAt(event, event.indexOf(CHANGED) + CHANGED.length);
    if (event.includes(OF_CLIENT)) clientIds.push(id);
    else clientsOf(event, clientIds);
    return id;
  });
  return { resourceIds, clientIds };
}
