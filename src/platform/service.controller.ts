import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { Requires } from './http/caller';
import { Database } from './database/database';
import { Metrics } from './metrics';
import { HealthDto, ProblemMeaningDto, ReadinessDto } from './service.dto';
import { meaning, readiness } from './readiness';

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

  /** Explains a problem: what the type of every error leads to. */
  @Get('problems/:code')
  problem(@Param('code') code: string): ProblemMeaningDto {
    return meaning(code);
  }
}
