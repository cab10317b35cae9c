/** A user as an export of another system tells of one, checked and in our words; what could not be taken along is in `warnings`. */
export type ImportedUser = {
  email: string
  emailVerified: boolean
  name: string | null
  locale: string | null
  disabled: boolean
  /** Their subject there, where it is a UUID: apps go on knowing them by it. */
  id: string | null
  /** As hasher.verify reads it. */
  passwordHash: string | null
  /** Seeds of authenticators, base32. */
  totp: { secret: string; name: string | null }[]
  /** They had a second factor, or were to have one, and none came along: the next sign-in sets one up, whatever the policy. */
  mustEnrolFactor: boolean
  warnings: ImportWarning[]
}

/** Why a record becomes no user. */
export type SkipReason =
  'not_a_user' | 'no_email' | 'email_invalid' | 'service_account' | 'twice_in_file' | 'already_exists'

/** What was left behind although the user was taken along. */
export type ImportWarning =
  | 'no_password'
  | 'hash_unsupported'
  | 'hash_too_costly'
  | 'factor_unsupported'
  | 'action_dropped'
  | 'name_dropped'
  | 'role_dropped'
  | 'id_replaced'

export type ReadUser =
  { ok: true; user: ImportedUser } | { ok: false; reason: SkipReason; email: string | null }

/** Reads one record of an export; null for one that is about something else and needs no word in the report. */
export type RecordReader = (record: unknown) => ReadUser | null

/** One kind of export. */
export type ImportFormat = {
  read: RecordReader
  /** For kinds that tell of a user in more than one record: sees every record once before any is read. */
  gather?: (record: unknown) => void
}
