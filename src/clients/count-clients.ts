import type { Db } from '../db/index.ts'

/** How many clients there are, and how many of them are disabled. */
export async function countClients(db: Db): Promise<{ active: number; disabled: number }> {
  const disabled = await db.client.count({ where: { disabledAt: { not: null } } })
  return { active: (await db.client.count()) - disabled, disabled }
}
