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

  list(): readonly ShownVendor[] {
    return [...this.shown.values()];
  }
}
