import { SealBroken } from '../../crypto/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import type { SealedColumn } from './sealed-columns.ts'

/** `resealed`: those that were not under the newest key. `unreadable`: the keys of rows that no key of the ring opens. */
export type Resealed = { resealed: number; unreadable: string[] }

const NIL = '00000000-0000-0000-0000-000000000000'

type Row = { key: string; sealed: string }

/**
 * Seals a column anew under the newest key, `batch` rows at a time, while servers go on. A row that somebody changes meanwhile keeps their
 * change. With `dryRun` it only counts.
 */
export async function resealColumn(
  { pool, sealer }: { pool: Database['pool']; sealer: Sealer },
  { table, key, column, type = 'uuid' }: SealedColumn,
  { dryRun = false, batch = 500 }: { dryRun?: boolean; batch?: number } = {},
): Promise<Resealed> {
  const outcome: Resealed = { resealed: 0, unreadable: [] }
  for (let after = type === 'uuid' ? NIL : ''; ;) {
    // Empty: what it held was erased when it was not needed any more.
    const { rows } = await pool.query<Row>(
      `SELECT ${key}::text AS key, ${column} AS sealed FROM ${table}
       WHERE ${key} > $1::${type} AND ${column} <> '' ORDER BY ${key} LIMIT $2`,
      [after, batch],
    )
    for (const row of rows.filter(({ sealed }) => !sealer.isCurrent(sealed))) {
      const renewed = sealedAnew(sealer, row.sealed, `${table}:${row.key}`)
      if (renewed === null) outcome.unreadable.push(row.key)
      else if (dryRun) outcome.resealed += 1
      else {
        const { rowCount } = await pool.query(
          `UPDATE ${table} SET ${column} = $3 WHERE ${key} = $1::${type} AND ${column} = $2`,
          [row.key, row.sealed, renewed],
        )
        outcome.resealed += rowCount ?? 0
      }
    }
    after = rows.at(-1)?.key ?? after
    if (rows.length < batch) return outcome
  }
}

function sealedAnew(sealer: Sealer, sealed: string, context: string): string | null {
  try {
    return sealer.seal(sealer.open(sealed, context), context)
  } catch (error) {
    if (error instanceof SealBroken) return null
    throw error
  }
}
