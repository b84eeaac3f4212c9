import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Keyring } from '../platform/crypto';
import { Database } from '../platform/database/database';
import { Metrics } from '../platform/metrics';
import { gateInMemory } from '../vendors/kit/limits';
import { hostAllowlist } from './configuration';
import { ConnectionEvents } from './connection-events';
import { Connection } from './connection.entity';
import { ConnectionsController } from './connections.controller';
import { ConnectionsService } from './connections.service';
import { SessionsService } from './sessions.service';
import { TokensRepository } from './tokens.repository';
import { Vault } from './vault';
import { VendorsController } from './vendors.controller';
import { VendorsService } from './vendors.service';

/** Tenants' accounts at vendors, and the way to open them. */
@Module({
  imports: [TypeOrmModule.forFeature([Connection])],
  controllers: [VendorsController, ConnectionsController],
  providers: [
    VendorsService,
    ConnectionEvents,
    { provide: Vault, useFactory: (keyring: Keyring) => new Vault(keyring), inject: [Keyring] },
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
      provide: SessionsService,
      useFactory: (
        connections: ConnectionsService,
        vault: Vault,
        tokens: TokensRepository,
        metrics: Metrics,
        config: CompleteConfig,
      ) =>
        new SessionsService(connections, {
          vault,
          tokens,
          metrics,
          gate: gateInMemory(),
          allowed: hostAllowlist(config.VENDOR_HOST_ALLOWLIST),
        }),
      inject: [ConnectionsService, Vault, TokensRepository, Metrics, CONFIG],
    },
  ],
  exports: [ConnectionsService, SessionsService, ConnectionEvents],
})
export class ConnectionsModule {}
