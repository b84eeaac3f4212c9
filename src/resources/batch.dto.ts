import { ApiProperty } from '@nestjs/swagger';
import { CANCELLATION_REASONS, type CancellationReason } from '../canonical/appointment';
import { FreeObject, Id, MayBeAbsent, MayBeNull, OneOf, Parts, Text } from '../platform/http/fields';

/** As many as one request takes. */
const MOST = 200;

class OperationDto {
  /** The record that is changed; for `create` there is none yet. */
  @MayBeAbsent()
  @Id()
  id?: string;

  /** As the body of the single operation. */
  @MayBeAbsent()
  @FreeObject()
  data?: Record<string, unknown>;

  /**
   * The ETag that was read, as in `If-Match`.
   * @example "\"3\""
   */
  @MayBeAbsent()
  @Text({ max: 100 })
  ifMatch?: string;
}

export class AppointmentOperationDto extends OperationDto {
  @OneOf(['create', 'update', 'cancel'], 'AppointmentBatchOperation')
  op: 'create' | 'update' | 'cancel';

  /** For `cancel`. */
  @MayBeNull()
  @OneOf(CANCELLATION_REASONS, 'CancellationReason')
  reason?: CancellationReason | null;

  /** For `cancel`. */
  @MayBeNull()
  @Text({ max: 2000 })
  note?: string | null;
}

export class ClientOperationDto extends OperationDto {
  @OneOf(['create', 'update', 'delete'], 'ClientBatchOperation')
  op: 'create' | 'update' | 'delete';
}

export class AppointmentBatchDto {
  @Parts(AppointmentOperationDto, { min: 1, max: MOST })
  operations: AppointmentOperationDto[];
}
export class ClientBatchDto {
  @Parts(ClientOperationDto, { min: 1, max: MOST })
  operations: ClientOperationDto[];
}

export class BatchResultDto {
  /**
   * As the single operation would have answered.
   * @example 201
   */
  status: number;
  /** The record as the vendor then holds it; absent where it was refused or deleted. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  data?: object;
  /** Why it was not done. */
  @ApiProperty({ $ref: '#/components/schemas/Problem' } as never)
  problem?: object;
}

export class BatchResultsDto {
  /** In the order of the operations. */
  results: BatchResultDto[];
}
