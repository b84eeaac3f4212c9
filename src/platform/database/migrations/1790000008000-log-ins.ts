import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when a process says that it is logging in at a vendor, renewed while it lasts: nobody else does meanwhile. */
export class LogIns1790000008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connection_tokens add column login_until timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connection_tokens drop column login_until');
  }
}
