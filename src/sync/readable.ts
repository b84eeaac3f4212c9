import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';
import { VENDORS } from '../vendors/registry';

/** The resources that a vendor lists. */
export const readableOf = (vendor: string): ResourceName[] =>
  RESOURCE_NAMES.filter((name) => VENDORS.get(vendor)?.capabilities[name]?.operations.includes('list'));

/** Whether a sync of these resources reads all that there is: only such a one counts for the schedule. */
export const isWhole = (vendor: string, requested: readonly ResourceName[]): boolean =>
  readableOf(vendor).every((name) => requested.includes(name));
