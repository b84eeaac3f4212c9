import { notFound } from '../platform/http/problems';
import { VENDORS } from '../vendors/registry';
import { shownVendor, type ShownVendor } from './vendor-schemas';

/** What the gateway knows of the vendors. */
export class VendorsService {
  private readonly shown = new Map([...VENDORS].map(([name, vendor]) => [name, shownVendor(vendor)]));

  get(name: string): ShownVendor {
    const vendor = this.shown.get(name);
    if (!vendor) throw notFound();
    return vendor;
  }

  /** A page of them in the order of their names, and whether there are more. */
  list({ after, limit }: { after: string | null; limit: number }): {
    rows: readonly ShownVendor[];
    more: boolean;
  } {
    const names = [...this.shown.keys()].sort().filter((name) => name > (after ?? ''));
    return { rows: names.slice(0, limit).map((name) => this.get(name)), more: names.length > limit };
  }
}
