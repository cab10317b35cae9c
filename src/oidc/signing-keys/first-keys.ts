import type { JWK } from 'jose'
import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import { retireDueKeys } from './retire-key.ts'
import { ALGORITHMS, contextOf, livingKeys, lockKeys, makeKey, openKeys } from './stored-keys.ts'

type Deps = { database: Database; sealer: Sealer }

/**
 * The private signing keys, for each algorithm the one that signs first. Made on the first start, by one instance: the others
 * wait and read them.
 */
export async function ensureSigningKeys({ database, sealer }: Deps): Promise<JWK[]> {
  const rows = await database.transaction(async (tx) => {
    await lockKeys(tx)
    await retireDueKeys(tx)
    const usable = new Set((await livingKeys(tx)).filter(({ activated }) => activated).map(({ alg }) => alg))
    const by = { actor: { via: 'system' } } as const
    for (const alg of ALGORITHMS)
      if (!usable.has(alg)) await makeKey(tx, sealer, { alg, activateInSeconds: 0 }, by)
    return livingKeys(tx)
  })
  return openKeys(sealer, rows)
}

/** How many signing keys are there and readable with this key ring; for the doctor. */
export async function checkSigningKeys({
  database,
  sealer,
}: Deps): Promise<{ usable: number; broken: string[] }> {
  const rows = await livingKeys(database.prisma)
  const broken = rows
    .filter((row) => !opens(() => sealer.open(row.sealedPrivate, contextOf(row.kid))))
    .map((row) => row.kid)
  return { usable: rows.length - broken.length, broken }
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}
