import type { ImportWarning, SkipReason } from '../../../users/index.ts'

type Outcome =
  | { outcome: 'created'; id: string | null; warnings: ImportWarning[] }
  | { outcome: 'skipped'; reason: SkipReason }

/** What became of one record. */
export type ReportLine = { record: number; email: string | null } & Outcome

export type Report = {
  add: (line: ReportLine) => void
  counts: () => {
    created: number
    skipped: number
    skippedBecause: Partial<Record<SkipReason, number>>
    warnings: Partial<Record<ImportWarning, number>>
  }
  /** The first lines with something to say, as many as are worth reading. */
  examples: () => ReportLine[]
}

const MOST_EXAMPLES = 20

/** Adds up what became of the records, in as much memory for a million as for ten. */
export function createReport(): Report {
  const skippedBecause: Partial<Record<SkipReason, number>> = {}
  const warnings: Partial<Record<ImportWarning, number>> = {}
  const examples: ReportLine[] = []
  let [created, skipped] = [0, 0]
  return {
    add(line) {
      if (line.outcome === 'created') {
        created += 1
        for (const warning of line.warnings) warnings[warning] = (warnings[warning] ?? 0) + 1
      } else {
        skipped += 1
        skippedBecause[line.reason] = (skippedBecause[line.reason] ?? 0) + 1
      }
      const isTelling = line.outcome === 'skipped' || line.warnings.length > 0
      if (isTelling && examples.length < MOST_EXAMPLES) examples.push(line)
    },
    counts: () => ({ created, skipped, skippedBecause, warnings }),
    examples: () => examples,
  }
}

export const reasons: Record<SkipReason, string> = {
  not_a_user: 'cannot be read as a user',
  no_email: 'has no e-mail address',
  email_invalid: 'has an e-mail address that is none',
  service_account: 'is the account of a client, not of a person',
  twice_in_file: 'has the address of an earlier record of the file',
  already_exists: 'has the address of a user who is here already',
}

export const warningWords: Record<ImportWarning, string> = {
  no_password: 'came without a password: they set one by “forgot password” or an invitation',
  hash_unsupported: 'have a hash that cannot be verified here: they set a new password',
  hash_too_costly: 'have a hash that would cost too much to verify: they set a new password',
  factor_unsupported:
    'second factors cannot be taken along: whoever is left without one sets one up at their next sign-in',
  action_dropped: 'were to do something at their next sign-in there: here nobody asks them',
  name_dropped: 'have a name that cannot be shown',
  role_dropped: 'were administrators there: here they are not',
  id_replaced: 'have an id that cannot be kept: apps know them by a new one',
}
