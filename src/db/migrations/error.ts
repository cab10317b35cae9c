/** Why migrations cannot go on: this one failed now, it failed at an earlier start, or its file is not what was applied. */
export type MigrationFault = 'failed' | 'failed_before' | 'modified'

/** The database needs somebody's attention before migrations can go on. The message says which. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationFault
  readonly migration: string

  constructor(code: MigrationFault, migration: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.migration = migration
  }
}
