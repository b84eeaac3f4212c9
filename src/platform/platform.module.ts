import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type CompleteConfig } from './config';
import { Keyring } from './crypto';
import { dataSourceOptions } from './database/data-source';
import { Database } from './database/database';
import { Cursors } from './http/cursor';
import { ValidationPipe } from './http/validation';
import { LOGGER, type Logger } from './log';
import { Metrics } from './metrics';
import { ServiceController } from './service.controller';

/** What every feature stands on: configuration, database, keys, logs, metrics. */
@Global()
@Module({})
export class PlatformModule {
  static with(config: CompleteConfig, logger: Logger): DynamicModule {
    return {
      module: PlatformModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(config.DATABASE_URL),
          autoLoadEntities: true,
          retryAttempts: 5,
          retryDelay: 500,
        }),
      ],
      controllers: [ServiceController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        {
          provide: Database,
          useFactory: (dataSource: DataSource) => new Database(dataSource),
          inject: [getDataSourceToken()],
        },
        { provide: Keyring, useValue: new Keyring(config.ENCRYPTION_KEYS) },
        { provide: Cursors, useFactory: (keyring: Keyring) => new Cursors(keyring), inject: [Keyring] },
        Metrics,
        { provide: APP_PIPE, useClass: ValidationPipe },
      ],
      exports: [CONFIG, LOGGER, Database, Keyring, Cursors, Metrics],
    };
  }
}
