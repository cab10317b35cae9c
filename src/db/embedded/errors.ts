/** Why the embedded server is not there. */
export type EmbeddedPostgresFault =
  'no_binaries' | 'other_major_version' | 'disk_full' | 'held_by_another' | 'unwritable' | 'failed'

/** The embedded server cannot be had. The message tells an operator what is wrong and what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresFault

  constructor(code: EmbeddedPostgresFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const DISK_FULL = /No space left on device|ENOSPC|EDQUOT|Disk quota exceeded/i
const UNWRITABLE =
  /EACCES|EPERM|EROFS|ENOTDIR|Permission denied|Read-only file system|Operation not permitted/i

/**
 * The error for a step that failed with `detail`: what the failing tool or the operating system said.
 * A full disk and a closed folder are told apart from everything else, because the operator's remedy differs.
 */
export function faultOf(step: string, place: string, detail: unknown): EmbeddedPostgresError {
  if (detail instanceof EmbeddedPostgresError) return detail
  const text = detail instanceof Error ? detail.message : String(detail)
  const options = detail instanceof Error ? { cause: detail } : undefined
  if (DISK_FULL.test(text)) {
    return new EmbeddedPostgresError(
      'disk_full',
      `The disk under ${place} is full: the embedded PostgreSQL cannot ${step}. Free some space and start again.\n${text}`,
      options,
    )
  }
  if (UNWRITABLE.test(text)) {
    return new EmbeddedPostgresError(
      'unwritable',
      `${place} is closed to this user: the embedded PostgreSQL cannot ${step}. Give the folder to the user that runs ` +
        `Cardea, choose another data folder, or set DATABASE_URL to a PostgreSQL server.\n${text}`,
      options,
    )
  }
  return new EmbeddedPostgresError(
    'failed',
    `The embedded PostgreSQL cannot ${step} in ${place}.\n${text}`,
    options,
  )
}
