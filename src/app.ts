import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import type { CompleteConfig } from './platform/config';
import { ProblemFilter } from './platform/http/problem.filter';
import { furnish, httpAdapter, KnownRoutes } from './platform/http/server';
import { NestLog, type Logger } from './platform/log';
import { Metrics } from './platform/metrics';
import { serveDocument } from './platform/openapi';
import { answerPostsOnce } from './writes/once.interceptor';

/** The service, ready to listen. */
export async function createApp(config: CompleteConfig, logger: Logger): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, logger),
    httpAdapter(),
    {
      logger: new NestLog(logger),
      bodyParser: false,
    },
  );
  const server = app.getHttpAdapter().getInstance();
  const routes = new KnownRoutes();
  routes.watch(server);
  await furnish(server, { logger, metrics: app.get(Metrics) });
  app.useGlobalFilters(new ProblemFilter(logger, routes.methodsOf));
  answerPostsOnce(app);
  serveDocument(app);
  return app;
}

/** Answers what has begun, then lets go of everything. */
export async function stopApp(app: NestFastifyApplication): Promise<void> {
  await app.close();
}
