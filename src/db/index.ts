// db: the way to PostgreSQL. Owns the one connection pool, the Prisma client generated from prisma/schema.prisma,
// transactions and their retries, the embedded server, the migration runner, and the knowledge of which errors mean
// that the database is in trouble. It does not know what any table means, and it reads no environment.
// Every room that stores something enters here; none imports pg or the generated client itself.
export { afterCommit } from './after-commit.ts'
export { connectDatabase } from './connect.ts'
export type { Database, DatabaseOptions, Db, Tx } from './connect.ts'
export { joinEmbeddedPostgres } from './embedded/join.ts'
export type { JoinedPostgres } from './embedded/join.ts'
export { startEmbeddedPostgres } from './embedded/start.ts'
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded/start.ts'
export { EmbeddedPostgresError } from './embedded/errors.ts'
export type { EmbeddedPostgresFault } from './embedded/errors.ts'
export { Prisma, Role } from './generated/client.ts'
export type * from './generated/client.ts'
export { MigrationError } from './migrations/error.ts'
export { migrate, migrationStatus } from './migrations/migrate.ts'
export type { MigrateOptions, MigrationStatus } from './migrations/migrate.ts'
export { tableSizes } from './table-sizes.ts'
export type { TableSize } from './table-sizes.ts'
export { takesWrites } from './takes-writes.ts'
export { isRetryable, isStorageTrouble, isUniqueViolation } from './trouble.ts'
export type { Pool, PoolClient } from 'pg'
