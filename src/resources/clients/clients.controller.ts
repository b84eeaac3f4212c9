import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ErasureService } from '../../erasure/erasure.service';
import { KeepsKeys, TheAsked, type Asked } from '../../platform/http/asked';
import { IfMatch } from '../../platform/http/etag';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import { requireMatch, type Rendered } from '../../platform/http/rendered';
import { Returns, ReturnsNothing } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { ClientBatchDto, ClientBatchResultsDto } from '../batch.dto';
import { RecordAnswers } from '../record-answers';
import { WriteAnswers } from '../write-answers';
import { RecordQuery } from '../record.dto';
import { ClientDto, ClientPageDto, ClientsQuery } from './client.dto';
import { CreateClientDto, EraseQuery, UpdateClientDto } from './client-writes.dto';

@ApiTags('Clients')
@Requires('read')
@Controller('v1/clients')
export class ClientsController {
  constructor(
    private readonly records: RecordAnswers,
    private readonly writes: WriteAnswers,
    private readonly erasure: ErasureService,
  ) {}

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

  /**
   * Makes a client, at the vendor first.
   * @remarks The answer is what the vendor then holds. With an `Idempotency-Key` it happens once, whatever fails between.
   */
  @Post()
  @Requires('write')
  @KeepsKeys()
  @Returns(ClientDto, 201)
  createClient(@TheAsked() asked: Asked, @Body() body: CreateClientDto): Promise<Rendered> {
    return this.writes.write(asked, 'clients', 'create', { body });
  }

  /** Changes a client: what is absent stays, null clears. */
  @Patch(':id')
  @Requires('write')
  @Returns(ClientDto)
  updateClient(
    @TheAsked() asked: Asked,
    @Param('id', PathId) id: string,
    @Body() body: UpdateClientDto,
    @IfMatch() ifMatch?: string,
  ): Promise<Rendered> {
    return this.writes.write(asked, 'clients', 'update', { id, ifMatch, body });
  }

  /**
   * Deletes or archives a client, as far as the vendor lets it; or erases what the gateway holds.
   * @remarks Afterwards it is found with `includeDeleted=true` alone. With `erase=true` the vendor is not asked: the gateway
   * erases all that it holds of the client, deleted or not, and no sync takes the client over again, though the vendor may go
   * on holding the record. Appointments stay as times that are taken, without the client and without free text. Answers kept
   * under an `Idempotency-Key` that told of the client become 404. The change feed ends with `client.deleted`, which names nobody.
   */
  @Delete(':id')
  @Requires('write')
  @ReturnsNothing()
  deleteClient(
    @TheAsked() asked: Asked,
    @Param('id', PathId) id: string,
    @Query() { erase = false }: EraseQuery,
    @IfMatch() ifMatch?: string,
  ): Promise<unknown> {
    return erase
      ? this.erasure.client(asked.asker, id, requireMatch(ifMatch))
      : this.writes.write(asked, 'clients', 'delete', { id, ifMatch });
  }

  /**
   * Creates, changes and deletes up to 200 clients.
   * @remarks Each operation stands for itself: one that is refused leaves the others alone.
   */
  @Post('batch')
  @Requires('write')
  @KeepsKeys()
  @Returns(ClientBatchResultsDto)
  batchClients(@TheAsked() asked: Asked, @Body() { operations }: ClientBatchDto): Promise<Rendered> {
    return this.writes.batch(asked, 'clients', operations, {
      create: CreateClientDto,
      update: UpdateClientDto,
    });
  }
}
