import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

/** How what is kept stands; the same in every process, because it is read from the database. */
type StorageState = {
  tables: readonly { table: string; bytes: number; rows: number }[]
  expired: readonly { table: string; expiredSeconds: number }[]
  auditSealSeconds: number
  keys: readonly { alg: string; dueInSeconds: number | null; overdue: boolean }[]
}

const DAY = 86_400

/** Metrics of what is kept: table sizes, sweeping, sealing, signing keys. Of several processes' numbers the largest is shown, not their sum. */
export function storageMetrics(registry: Registry): {
  observeStorage: (part: Partial<StorageState>) => void
  /** Notes whether something could be read from the database when it was last looked at. */
  observeLook: (look: string, succeeded: boolean) => void
} {
  const shared = { registers: [registry], aggregator: 'max' as const }
  const bytes = new Gauge({
    name: 'table_bytes',
    help: 'What a table and its indexes take on disk',
    labelNames: ['table'] as const,
    ...shared,
  })
  const rows = new Gauge({
    name: 'table_rows',
    help: 'Rows of a table, as the database last estimated them',
    labelNames: ['table'] as const,
    ...shared,
  })
  const sweepLag = new Gauge({
    name: 'sweep_lag_seconds',
    help: 'For how long the oldest row of a table that is to be swept has waited for it; a minute or two is as planned',
    labelNames: ['table'] as const,
    ...shared,
  })
  const sealLag = new Gauge({
    name: 'audit_seal_lag_seconds',
    help: 'For how long the oldest audit event that is not final has been there: sealed, and with no transaction open that may still come before it',
    ...shared,
  })
  const due = new Gauge({
    name: 'signing_key_due_days',
    help: 'Days until another key should sign with this algorithm; negative when that is past, absent without a schedule',
    labelNames: ['alg'] as const,
    ...shared,
  })
  const overdue = new Gauge({
    name: 'signing_key_rotation_overdue',
    help: '1 while the next key of this algorithm should have been announced and is not',
    labelNames: ['alg'] as const,
    ...shared,
  })
  const looksFailed = new Gauge({
    name: 'looks_failed',
    help: '1 while this could not be read from the database; what is shown of it is from before',
    labelNames: ['look'] as const,
    ...shared,
  })
  return {
    observeStorage({ tables, expired, auditSealSeconds, keys }) {
      if (tables) for (const gauge of [bytes, rows]) gauge.reset()
      for (const { table, ...size } of tables ?? []) {
        bytes.set({ table }, size.bytes)
        rows.set({ table }, size.rows)
      }
      if (expired) sweepLag.reset()
      for (const { table, expiredSeconds } of expired ?? []) sweepLag.set({ table }, expiredSeconds)
      if (auditSealSeconds !== undefined) sealLag.set(auditSealSeconds)
      if (keys) for (const gauge of [due, overdue]) gauge.reset()
      for (const { alg, dueInSeconds, overdue: isOverdue } of keys ?? []) {
        if (dueInSeconds !== null) due.set({ alg }, dueInSeconds / DAY)
        overdue.set({ alg }, isOverdue ? 1 : 0)
      }
    },
    observeLook(look, succeeded) {
      looksFailed.set({ look }, succeeded ? 0 : 1)
    },
  }
}
