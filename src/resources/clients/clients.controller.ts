import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import type { Rendered } from '../../platform/http/rendered';
import { Returns } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { RecordAnswers } from '../record-answers';
import { RecordQuery } from '../record.dto';
import { ClientDto, ClientPageDto, ClientsQuery } from './client.dto';

@ApiTags('Clients')
@Requires('read')
@Controller('v1/clients')
export class ClientsController {
  constructor(private readonly records: RecordAnswers) {}

  /**
   * Lists clients, of all connections in one list.
   * @remarks `q` looks for names by the beginning of each word, and into e-mail addresses and phone numbers.
   */
  @Get()
  @Returns(ClientPageDto)
  listClients(@TheCaller() { tenantId }: Caller, @Query() query: ClientsQuery): Promise<Rendered> {
    return this.records.list({ tenantId, resource: 'clients' }, query);
  }

  /**
   * Reads a client.
   * @remarks From the mirror; with `Cache-Control: no-cache` the vendor is asked first.
   */
  @Get(':id')
  @Returns(ClientDto)
  getClient(
    @TheCaller() { tenantId }: Caller,
    @Param('id', PathId) id: string,
    @Query() query: RecordQuery,
    @Fresh() fresh: boolean,
  ): Promise<Rendered> {
    return this.records.get({ tenantId, resource: 'clients' }, id, { ...query, fresh });
  }
}
