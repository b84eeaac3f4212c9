import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module';
import type { CompleteConfig } from '../platform/config';
import { readConfig } from '../platform/config';
import { httpAdapter } from '../platform/http/server';
import { makeLogger } from '../platform/log';
import { makeDocument } from '../platform/openapi';

const FOLDER = join(__dirname, '..', '..', 'openapi');

/** Writes openapi/openapi.json from the controllers alone: nothing is connected, nothing is started. */
async function main(): Promise<void> {
  const config: CompleteConfig = {
    ...readConfig({}),
    DATABASE_URL: 'postgres://nowhere',
    ADMIN_API_KEY: 'unused-here',
    ENCRYPTION_KEYS: `unused:${Buffer.alloc(32).toString('base64')}`,
  };
  const module = AppModule.with(config, makeLogger('silent'));
  const app = await NestFactory.create<NestFastifyApplication>(module, httpAdapter(), {
    preview: true,
    logger: false,
  });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'openapi.json'), `${JSON.stringify(makeDocument(app), null, 2)}\n`);
}

void main();
