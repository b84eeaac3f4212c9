import { VENDORS } from './registry';

/** The names of the vendors that were found, as every schema lists them. */
export const VENDOR_NAMES: readonly string[] = [...VENDORS.keys()];
