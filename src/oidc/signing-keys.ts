import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'jose'
import { record } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Tx } from '../db/index.ts'

/** What we sign with: RS256 for interoperability, ES256 for JWT access tokens and for clients that choose it, EdDSA on offer. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const

/** Only one instance makes the first keys; the others wait and read them. */
const LOCK = 72_707_370

/**
 * The private signing keys, newest first, made on the first start. They are sealed at rest, bound to their kid, so that the
 * database alone signs nothing and a row cannot pass for another (KY-01).
 */
export async function ensureSigningKeys({
  database,
  sealer,
}: {
  database: Database
  sealer: Sealer
}): Promise<JWK[]> {
  const rows = await database.transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK})`
    const known = new Set((await living(tx)).map((row) => row.alg))
    for (const alg of ALGORITHMS) if (!known.has(alg)) await create(tx, sealer, alg)
    return living(tx)
  })
  return rows.map((row) => ({
    ...(JSON.parse(sealer.open(row.sealedPrivate, contextOf(row.kid))) as JWK),
    kid: row.kid,
    alg: row.alg,
    use: 'sig',
  }))
}

/** How many signing keys are there and readable with this key ring; for the doctor. */
export async function checkSigningKeys({
  database,
  sealer,
}: {
  database: Database
  sealer: Sealer
}): Promise<{ usable: number; broken: string[] }> {
  const rows = await living(database.prisma)
  const broken = rows
    .filter((row) => !opens(() => sealer.open(row.sealedPrivate, contextOf(row.kid))))
    .map((row) => row.kid)
  return { usable: rows.length - broken.length, broken }
}

async function living(db: Pick<Tx, 'signingKey'>) {
  return db.signingKey.findMany({
    where: { retiredAt: null },
    orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }],
  })
}

async function create(tx: Tx, sealer: Sealer, alg: (typeof ALGORITHMS)[number]): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const sealedPrivate = sealer.seal(JSON.stringify(await exportJWK(privateKey)), contextOf(kid))
  await tx.signingKey.create({
    data: { kid, alg, publicJwk: publicJwk, sealedPrivate },
  })
  await record(tx, { type: 'signing_key.created', detail: { kid, alg } })
}

function contextOf(kid: string): string {
  return `signing_keys:${kid}`
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}
