import { createHash } from 'node:crypto'
import type { Sealer } from '../../../crypto/index.ts'
import type { Database } from '../../../db/index.ts'
import { importFormats, importUsers } from '../../../users/index.ts'
import type { ImportedUser, ImportFormatName } from '../../../users/index.ts'
import { byOperator } from '../../by-operator.ts'
import { readRecords } from './records.ts'
import type { ReportLine } from './report.ts'

const BATCH = 500

type Deps = { database: Database; sealer: Sealer; tell: (line: ReportLine) => void | Promise<void> }
type Import = { file: string; format: ImportFormatName; dryRun: boolean }

/** Reads the file in batches, one transaction each, and tells what became of every record, in the file's order within a batch. */
export async function runImport(
  { database, sealer, tell }: Deps,
  { file, format, dryRun }: Import,
): Promise<void> {
  const { read, gather } = importFormats[format]()
  if (gather) for await (const { value } of readRecords(file)) gather(value)
  // Digests of the addresses so far: 60 bytes a user, whatever the length.
  const seen = new Set<string>()
  let batch: { record: number; user: ImportedUser }[] = []

  async function finish(): Promise<void> {
    const users = batch.map(({ user }) => user)
    const outcomes = await importUsers({ database, sealer }, users, { dryRun, format }, byOperator)
    for (const [at, outcome] of outcomes.entries()) {
      const { email, warnings } = outcome.user
      const record = batch[at]?.record ?? 0
      if (outcome.outcome === 'created') {
        const all = outcome.newId ? [...warnings, 'id_replaced' as const] : warnings
        await tell({ record, email, outcome: 'created', id: outcome.id, warnings: all })
      } else await tell({ record, email, outcome: 'skipped', reason: 'already_exists' })
    }
    batch = []
  }

  for await (const { number: record, value } of readRecords(file)) {
    const found = read(value)
    if (!found) continue
    if (!found.ok) await tell({ record, email: found.email, outcome: 'skipped', reason: found.reason })
    else if (isNew(seen, found.user.email)) batch.push({ record, user: found.user })
    else await tell({ record, email: found.user.email, outcome: 'skipped', reason: 'twice_in_file' })
    if (batch.length === BATCH) await finish()
  }
  if (batch.length > 0) await finish()
}

function isNew(seen: Set<string>, email: string): boolean {
  const digest = createHash('sha256').update(email).digest('base64').slice(0, 20)
  if (seen.has(digest)) return false
  seen.add(digest)
  return true
}
