import { ApiProperty } from '@nestjs/swagger';
import { CANCELLATION_REASONS, type CancellationReason } from '../canonical/appointment';
import { FreeObject, Id, MayBeAbsent, MayBeNull, OneOf, Parts, Text } from '../platform/http/fields';
import { AppointmentDto } from './appointments/appointment.dto';
import { ClientDto } from './clients/client.dto';

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

class ResultDto {
  /**
   * As the single operation would have answered.
   * @example 201
   */
  status: number;
  /** Why it was not done. */
  @ApiProperty({ allOf: [{ $ref: '#/components/schemas/Problem' }] })
  problem?: object;
}

export class AppointmentBatchResultDto extends ResultDto {
  /** The appointment as the vendor then holds it; absent where the operation was refused. */
  data?: AppointmentDto;
}
export class ClientBatchResultDto extends ResultDto {
  /** The client as the vendor then holds it; absent where the operation was refused, and where it deleted. */
  data?: ClientDto;
}

export class AppointmentBatchResultsDto {
  /** In the order of the operations. */
  results: AppointmentBatchResultDto[];
}
export class ClientBatchResultsDto {
  /** In the order of the operations. */
  results: ClientBatchResultDto[];
}
