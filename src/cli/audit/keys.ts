import type { FindKey } from '../../audit/index.ts'
import { createSealer } from '../../crypto/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import { checkSigningKeys, listSigningKeys } from '../../oidc/index.ts'
import { keyringOf } from '../keyring.ts'

/**
 * The keys that checkpoints are signed with. With the key ring at hand, those count as proven whose private part it opens; without
 * it, whatever the database says, which is told by `proven: false`.
 */
export async function checkpointKeys(
  database: Database,
  env: NodeJS.ProcessEnv,
): Promise<{ findKey: FindKey; sealer: Sealer | null; proven: boolean }> {
  const keyring = keyringOf(env)
  const keys = await listSigningKeys(database.prisma)
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  const proven = new Set<string>()
  const sealer = keyring && createSealer([...keyring])
  if (sealer) {
    const { broken } = await checkSigningKeys({ database, sealer })
    for (const { kid, state } of keys) if (state !== 'retired' && !broken.includes(kid)) proven.add(kid)
  }
  const findKey: FindKey = (kid) => {
    const key = byKid.get(kid)
    return key ? { jwk: { ...key.publicJwk }, proven: keyring === null || proven.has(kid) } : null
  }
  return { findKey, sealer, proven: keyring !== null }
}
