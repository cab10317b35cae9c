import { randomUUID } from 'node:crypto'
import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Tx } from '../db/index.ts'
import { sealContext } from './totp.ts'

/**
 * Gives a user an authenticator whose seed is already in their app: brought along from another system, or made by a development
 * seed. It counts as confirmed and replaces any other. `secret` is base32. Refuses one that is no base32 of at least 128 bits.
 */
export async function importTotp(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  { userId, secret }: { userId: string; secret: string },
  by: By = {},
): Promise<{ ok: boolean }> {
  if (!/^[A-Z2-7]{26,}$/.test(secret)) return { ok: false }
  const id = randomUUID()
  await tx.totpCredential.deleteMany({ where: { userId } })
  await tx.totpCredential.create({
    data: { id, userId, sealedSeed: sealer.seal(secret, sealContext(id)), confirmedAt: new Date() },
  })
  await record(tx, { type: 'factor.totp_added', userId, detail: { imported: true }, ...by })
  return { ok: true }
}
