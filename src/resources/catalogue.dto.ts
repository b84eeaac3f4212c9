import { MayBeAbsent, OneOf, SomeOf } from '../platform/http/fields';
import { NamedRecordsQuery } from './record.dto';

const SORTS = ['name', '-name', 'updatedAt', '-updatedAt'] as const;

/** How practitioners, services and locations are listed. */
export class CatalogueQuery extends NamedRecordsQuery {
  /** The order; `updatedAt` is `changedAt`, the gateway's own time of the last change. */
  @MayBeAbsent()
  @OneOf(SORTS, 'CatalogueSort')
  sort?: string;

  /** `remote` adds the vendor's own record. */
  @MayBeAbsent()
  @SomeOf(['remote'])
  include?: 'remote'[];
}
