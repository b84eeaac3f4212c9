import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An answer that is kept before there is one: what a key says where nobody lived to hear how its request ended. */
export class PresumedAnswers1790000009000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table idempotency_keys add column presumed boolean not null default false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table idempotency_keys drop column presumed');
  }
}
