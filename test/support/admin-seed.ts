import { randomBytes } from 'node:crypto'
import { createClient } from '../../src/clients/index.ts'
import { digest } from '../../src/crypto/index.ts'
import type { AdminStage } from './admin.ts'

export type Seeded = {
  userId: string
  clientId: string
  sessionUid: string
  grantId: string
  /** The value of an opaque access token under the grant, and its handle. */
  token: string
  handle: string
}

/** A user signed in at a client: a session, a grant in it, and a token of every kind under that. */
export async function seedAccess(stage: AdminStage): Promise<Seeded> {
  const { prisma } = stage.database
  const user = await stage.addUser()
  const [clientId, sessionUid, grantId, token] = [`shop-${word()}`, word(), word(), word()]
  const expiresAt = new Date(Date.now() + 600_000)
  const client = await createClient(prisma, {
    id: clientId,
    name: 'Shop',
    metadata: {
      redirect_uris: ['https://shop.example/cb'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  })
  if (!client.ok) throw new Error(client.reason)
  await prisma.session.create({
    data: {
      uid: sessionUid,
      digest: bytes(word()),
      userId: user.id,
      expiresAt,
      payload: { authorizations: { [clientId]: { grantId, sid: word() } } },
    },
  })
  await prisma.grant.create({ data: { id: grantId, userId: user.id, clientId, payload: {}, expiresAt } })
  for (const kind of ['AuthorizationCode', 'RefreshToken', 'AccessToken', 'JwtAccessToken'])
    await prisma.token.create({
      data: {
        digest: bytes(kind === 'AccessToken' ? token : word()),
        ...{ kind, grantId, clientId, sessionUid, expiresAt, userId: user.id, payload: { scope: 'openid' } },
        ...(kind === 'JwtAccessToken' && { statusList: 1, statusIdx: 1 }),
      },
    })
  const handle = `tok_${digest(token).toString('base64url')}`
  return { userId: user.id, ...{ clientId, sessionUid, grantId, token, handle } }
}

function word(): string {
  return randomBytes(16).toString('base64url')
}

function bytes(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(digest(secret))
}
