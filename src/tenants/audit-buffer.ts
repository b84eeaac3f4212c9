import { eventOf, subjectOf, type AuditEntry, type AuditRows } from './audit-entry';

const SLOTS = 131_072;
const CODE = 31;

/**
 * Which records were noted in this hour already: most are read many times in it, and one row says so. Each has one place,
 * by the last characters of its id, and the next that comes there takes it: what is forgotten is noted once more, and
 * nothing else happens. No record is ever taken for another, or for another tenant's.
 */
class NotedSubjects {
  private hour = 0;
  private ids: (string | undefined)[] = [];
  private tenants: (string | undefined)[] = [];

  /** Whether the record is new in this hour, as far as is remembered; from now on it is not. */
  isNew(tenantId: string, id: string, hour: number): boolean {
    if (hour !== this.hour) this.forget(hour);
    const place = placeOf(id);
    if (this.ids[place] === id && this.tenants[place] === tenantId) return false;
    // A copy: what was cut out of a page would keep the whole page in memory.
    this.ids[place] = Buffer.from(id, 'latin1').toString('latin1');
    this.tenants[place] = tenantId;
    return true;
  }

  private forget(hour: number): void {
    this.hour = hour;
    this.ids = new Array<string | undefined>(SLOTS);
    this.tenants = new Array<string | undefined>(SLOTS);
  }
}

function placeOf(id: string): number {
  let code = 0;
  for (let at = id.length - 5; at < id.length; at += 1) code = (code * CODE + id.charCodeAt(at)) | 0;
  return code & (SLOTS - 1);
}

/** Entries that wait to be written together. */
export class AuditBuffer {
  private events: string[] = [];
  private subjects: string[] = [];
  private readonly noted = new NotedSubjects();

  get size(): number {
    return this.events.length;
  }

  add(entry: AuditEntry, requestId: string | null): void {
    const { row, hour } = eventOf(entry, requestId);
    this.events.push(row);
    for (const ids of [entry.resourceIds, entry.clientIds ?? []])
      for (const id of ids)
        if (this.noted.isNew(entry.tenantId, id, hour))
          this.subjects.push(subjectOf(entry.tenantId, id, hour));
  }

  /** The oldest `most` entries; they stay until `drop` says that they are stored. */
  oldest(most: number): AuditRows {
    return { events: this.events.slice(0, most), subjects: [...this.subjects] };
  }

  drop({ events, subjects }: AuditRows): void {
    this.events = this.events.slice(events.length);
    this.subjects = this.subjects.slice(subjects.length);
  }
}
