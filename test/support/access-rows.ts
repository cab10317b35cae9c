import { randomBytes, randomUUID } from 'node:crypto'
import { createClient } from '../../src/clients/index.ts'
import type { NewClient } from '../../src/clients/index.ts'
import type { Database } from '../../src/db/index.ts'
import { digestOf } from './tokens.ts'

type Stage = { database: Database }

/** A client's id; one with a redirect URI unless told otherwise. */
export async function madeClient(
  { database }: Stage,
  input: Partial<NewClient> & { metadata?: object } = {},
): Promise<string> {
  const metadata = { redirect_uris: ['https://rp.example/cb'], ...input.metadata }
  const created = await createClient(database.prisma, { name: 'Test app', ...input, metadata })
  if (!created.ok) throw new Error(JSON.stringify(created))
  return created.client.id
}

export type Left = {
  session: string
  grant: string
  /** What a holder would present. */
  values: Record<'AccessToken' | 'RefreshToken' | 'AuthorizationCode', string>
}

/** The rows that one sign-in leaves behind, without the sign-in: session, grant and tokens, with canaries in what nobody may see. */
export async function leaveAccess(
  { database: { prisma } }: Stage,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<Left> {
  const [session, grant] = [randomUUID(), randomValue()]
  const values = { AccessToken: randomValue(), RefreshToken: randomValue(), AuthorizationCode: randomValue() }
  const later = new Date(Date.now() + 3_600_000)
  await prisma.session.create({
    data: {
      ...{ uid: session, digest: randomBytes(32), userId, expiresAt: later },
      payload: {
        ...{ amr: ['pwd', 'otp', 'mfa'], acr: 'urn:cardea:acr:mfa', loginTs: 1_790_000_000 },
        state: { secret: 'canary-of-the-session' },
        authorizations: { [clientId]: { sid: 'canary-sid', grantId: grant } },
      },
    },
  })
  await prisma.grant.create({
    data: {
      ...{ id: grant, userId, clientId, expiresAt: later },
      payload: {
        openid: { scope: 'openid profile', claims: ['name'] },
        resources: { 'https://api.example/': 'orders:read orders:write' },
      },
    },
  })
  for (const [kind, value] of Object.entries(values))
    await prisma.token.create({
      data: {
        ...{ digest: new Uint8Array(digestOf(value)), kind, grantId: grant, clientId, userId },
        ...{ sessionUid: session, expiresAt: later, successor: 'canary-of-a-successor' },
        payload: { scope: 'openid profile', expiresWithSession: true, nonce: 'canary-nonce' },
      },
    })
  return { session, grant, values }
}

function randomValue(): string {
  return randomBytes(32).toString('base64url')
}
