import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { Requires } from './http/caller';
import { Database } from './database/database';
import { notFound, Problem, PROBLEMS, type ProblemCode } from './http/problems';
import { Metrics } from './metrics';
import { HealthDto, ProblemMeaningDto, ReadinessDto } from './service.dto';
import { timeZoneDataVersion, VERSION } from './version';

@ApiTags('Service')
@Requires('public')
@Controller()
export class ServiceController {
  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
  ) {}

  /** Says that the process lives. */
  @Get('healthz')
  health(): HealthDto {
    return { status: 'ok' };
  }

  /** Says whether requests can be served: the database answers and its schema is up to date. */
  @Get('readyz')
  async readiness(): Promise<ReadinessDto> {
    return readiness(await this.database.pendingMigrations().catch(() => null));
  }

  /** Metrics for Prometheus. */
  @Get('metrics')
  @ApiProduces('text/plain')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metricsText(): Promise<string> {
    return this.metrics.registry.metrics();
  }

  /** Explains a problem: what the `type` of every error leads to. */
  @Get('problems/:code')
  problem(@Param('code') code: string): ProblemMeaningDto {
    return meaning(code);
  }
}

function readiness(pending: boolean | null): ReadinessDto {
  if (pending === null) throw new Problem('unavailable', 'The database does not answer');
  if (pending) throw new Problem('unavailable', 'The database waits for migrations');
  return { status: 'ok', version: VERSION, timeZoneData: timeZoneDataVersion() };
}

function meaning(code: string): ProblemMeaningDto {
  if (!Object.hasOwn(PROBLEMS, code)) throw notFound();
  return { code, ...PROBLEMS[code as ProblemCode] };
}
