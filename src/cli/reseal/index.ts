import type { Command } from 'commander'
import { record, resealFloor } from '../../audit/index.ts'
import { createSealer } from '../../crypto/index.ts'
import { byOperator } from '../by-operator.ts'
import { keyringOf } from '../keyring.ts'
import { EXIT, Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { resealColumn } from './reseal-column.ts'
import { sealedColumns } from './sealed-columns.ts'

/** `cardea keys reseal`: seals everything anew under the newest key of the ring, so that older ones may go. Exit code 1 when something cannot be read. */
export function addReseal(keys: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  addVerb(keys, {
    usage: 'reseal',
    summary: 'on the machine of the database: seal everything anew under the newest key of CARDEA_KEYRING',
    example: 'cardea keys reseal --dry-run',
  })
    .option('--dry-run', 'only count what is sealed under an older key')
    .action(async ({ json, dryRun = false }: VerbOptions & { dryRun?: boolean }) => {
      const keyring = keyringOf(terminal.env)
      if (!keyring) throw new Refusal('configuration', 'CARDEA_KEYRING is needed, as the server has it.')
      const sealer = createSealer([...keyring])
      await withDatabase(terminal, async ({ pool, prisma }) => {
        const found: Record<string, { resealed: number; unreadable: string[] }> = {}
        for (const column of sealedColumns)
          found[column.table] = await resealColumn({ pool, sealer }, column, { dryRun })
        found['audit_events'] = await resealFloor({ pool, sealer }, { by: byOperator, dryRun })
        const counts = Object.fromEntries(
          Object.entries(found).map(([table, { resealed }]) => [table, resealed]),
        )
        if (!dryRun) await record(prisma, { type: 'sealing_keys.changed', ...byOperator, detail: counts })
        const lines = Object.entries(found).map(([table, { resealed, unreadable }]) =>
          [
            `${table.padEnd(18)} ${resealed} ${dryRun ? 'to be sealed anew' : 'sealed anew'}`,
            ...(unreadable.length > 0 ? [`cannot be read: ${unreadable.join(', ')}`] : []),
          ].join('; '),
        )
        const isWhole = Object.values(found).every(({ unreadable }) => unreadable.length === 0)
        print(terminal, json, { dry_run: dryRun, tables: found }, [...lines, lastLine(isWhole, dryRun)])
        exitWith(isWhole ? EXIT.ok : EXIT.failed)
      })
    })
}

function lastLine(isWhole: boolean, dryRun: boolean): string {
  if (!isWhole)
    return 'Put the key those were sealed with back into CARDEA_KEYRING, after the newest, and run this again.'
  if (dryRun) return 'Nothing was changed.'
  return 'Run this again once every server has the new key in front; when --dry-run then counts 0, keys after it may go, a day later.'
}
