import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Keyring } from '../platform/crypto';
import { Database } from '../platform/database/database';
import { LOGGER, type Logger } from '../platform/log';
import { Metrics } from '../platform/metrics';
import { hostAllowlist } from '../platform/outgoing';
import { AuditService } from '../tenants/audit.service';
import { CallGuard, callTimes } from './call-guard';
import { ConnectionEvents } from './connection-events';
import { Connection } from './connection.entity';
import { ConnectionWarningsService } from './connection-warnings.service';
import { ConnectionsController } from './connections.controller';
import { ConnectionsService } from './connections.service';
import { LimitsRepository } from './limits.repository';
import { PassthroughController } from './passthrough.controller';
import { PassthroughService } from './passthrough.service';
import { SessionsService } from './sessions.service';
import { SharedGate } from './shared-gate';
import { TokensRepository } from './tokens.repository';
import { Vault } from './vault';
import { VendorsController } from './vendors.controller';
import { VendorsService } from './vendors.service';

/** Tenants' accounts at vendors, and the way to open them. */
@Module({
  imports: [TypeOrmModule.forFeature([Connection])],
  controllers: [VendorsController, ConnectionsController, PassthroughController],
  providers: [
    VendorsService,
    ConnectionEvents,
    { provide: Vault, useFactory: (keyring: Keyring) => new Vault(keyring), inject: [Keyring] },
    {
      provide: ConnectionWarningsService,
      useFactory: (database: Database) => new ConnectionWarningsService(database),
      inject: [Database],
    },
    {
      provide: TokensRepository,
      useFactory: (database: Database, vault: Vault) => new TokensRepository(database, vault),
      inject: [Database, Vault],
    },
    {
      provide: ConnectionsService,
      useFactory: (
        database: Database,
        vault: Vault,
        tokens: TokensRepository,
        config: CompleteConfig,
        events: ConnectionEvents,
      ) =>
        new ConnectionsService(database, vault, tokens, hostAllowlist(config.VENDOR_HOST_ALLOWLIST), events),
      inject: [Database, Vault, TokensRepository, CONFIG, ConnectionEvents],
    },
    {
      provide: SharedGate,
      useFactory: (config: CompleteConfig, metrics: Metrics) =>
        new SharedGate(new LimitsRepository(config.DATABASE_URL), metrics),
      inject: [CONFIG, Metrics],
    },
    {
      provide: CallGuard,
      useFactory: (config: CompleteConfig, logger: Logger) =>
        new CallGuard(hostAllowlist(config.VENDOR_HOST_ALLOWLIST), callTimes(config.VENDOR_TIMES_MS), logger),
      inject: [CONFIG, LOGGER],
    },
    {
      provide: SessionsService,
      useFactory: (
        connections: ConnectionsService,
        config: CompleteConfig,
        ...[vault, tokens, metrics, events, gate, guard]: [
          Vault,
          TokensRepository,
          Metrics,
          ConnectionEvents,
          SharedGate,
          CallGuard,
        ]
      ) =>
        new SessionsService(connections, {
          vault,
          tokens,
          metrics,
          events,
          gate,
          guard,
          allowed: hostAllowlist(config.VENDOR_HOST_ALLOWLIST),
        }),
      inject: [
        ConnectionsService,
        CONFIG,
        Vault,
        TokensRepository,
        Metrics,
        ConnectionEvents,
        SharedGate,
        CallGuard,
      ],
    },
    {
      provide: PassthroughService,
      useFactory: (sessions: SessionsService, audit: AuditService, database: Database) =>
        new PassthroughService(sessions, audit, database),
      inject: [SessionsService, AuditService, Database],
    },
  ],
  exports: [ConnectionsService, ConnectionWarningsService, SessionsService, ConnectionEvents],
})
export class ConnectionsModule {}
