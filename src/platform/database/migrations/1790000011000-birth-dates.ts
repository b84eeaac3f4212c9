import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever is on the telephone is found by the date of birth, in a clinic of any size. */
export class BirthDates1790000011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index clients_by_birth_date on clients (tenant_id, birth_date)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index clients_by_birth_date');
  }
}
