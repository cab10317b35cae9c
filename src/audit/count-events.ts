import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'
import { idBefore } from './id-range.ts'
import type { AuditType } from './record.ts'

/** How often each of these events happened in the last so many hours; 0 for those that did not. */
export async function countEvents(
  db: Db,
  { types, hours }: { types: readonly AuditType[]; hours: number },
): Promise<Record<string, number>> {
  // Not the whole history of these types.
  const above = Prisma.raw(`coalesce(${idBefore(`now() - interval '${Math.trunc(hours)} hours'`)}, 0)`)
  const rows = await db.$queryRaw<{ type: string; count: number }[]>`
    SELECT type, count(*)::int AS count FROM audit_events
    WHERE type = ANY(${[...types]}) AND id > ${above} AND at > now() - make_interval(hours => ${hours}::int)
    GROUP BY type`
  const counted = new Map(rows.map(({ type, count }) => [type, count]))
  return Object.fromEntries(types.map((type) => [type, counted.get(type) ?? 0]))
}
