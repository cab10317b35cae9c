import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { adminRoutes } from '../../../src/admin/routes.ts'
import { importTotp, issuePasswordTicket } from '../../../src/users/index.ts'
import { createSealer } from '../../../src/crypto/index.ts'
import { ensureSigningKeys } from '../../../src/oidc/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import { seedAccess } from '../../support/admin-seed.ts'
import type { Seeded } from '../../support/admin-seed.ts'

let stage: AdminStage
let seeded: Seeded
/** Everything that must never be seen, by where it lies. */
let canaries: Record<string, string>
const asJson = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))

beforeAll(async () => {
  stage = await startAdmin()
  seeded = await seedAccess(stage)
  const { prisma } = stage.database
  const sealer = createSealer([Buffer.alloc(32, 9)])
  await ensureSigningKeys({ database: stage.database, sealer })
  const seed = 'CANARYSEEDCANARYSEEDCANARYSEED22'
  await stage.database.transaction((tx) =>
    importTotp({ tx, sealer }, { userId: seeded.userId, secret: seed }),
  )
  const totp = await prisma.totpCredential.findFirstOrThrow({ where: { userId: seeded.userId } })
  const hash = '$argon2id$v=19$m=19456,t=2,p=1$Y2FuYXJ5Y2FuYXJ5$aGFzaGNhbmFyeWhhc2hjYW5hcnloYXNo'
  await prisma.user.update({ where: { id: seeded.userId }, data: { passwordHash: hash } })
  await prisma.recoveryCode.create({
    data: { userId: seeded.userId, digest: new Uint8Array(Buffer.from('canary-recovery-code')) },
  })
  const issued = await stage.database.transaction((tx) =>
    issuePasswordTicket(tx, { userId: seeded.userId, purpose: 'reset' }),
  )
  await prisma.session.update({
    where: { uid: seeded.sessionUid },
    data: { payload: { cookie: 'canary-of-the-session-payload' } },
  })
  await prisma.grant.update({
    where: { id: seeded.grantId },
    data: { payload: { x: 'canary-of-the-grant' } },
  })
  await prisma.token.updateMany({ data: { successor: 'canary-of-the-successor' } })
  const client = await prisma.client.findUniqueOrThrow({ where: { id: seeded.clientId } })
  const [key] = await prisma.signingKey.findMany()
  canaries = {
    'TOTP seed': seed,
    'sealed TOTP seed': totp.sealedSeed,
    'password hash': hash,
    'password hash, its digest': 'aGFzaGNhbmFyeWhhc2hjYW5hcnloYXNo',
    'recovery code digest': Buffer.from('canary-recovery-code').toString('base64url'),
    'password ticket': issued?.ticket ?? 'missing',
    'token value': seeded.token,
    successor: 'canary-of-the-successor',
    'session payload': 'canary-of-the-session-payload',
    'grant payload': 'canary-of-the-grant',
    'client secret digest': client.secretDigest ?? 'missing',
    'sealed private key': key?.sealedPrivate ?? 'missing',
  }
  expect(Object.values(canaries)).not.toContain('missing')
})
afterAll(() => stage.stop())

test('no GET shows a secret, a hash, a seed, a token or a private key (AD-08)', async () => {
  const token = stage.token()
  const kid = (await stage.database.prisma.signingKey.findFirstOrThrow()).kid
  const ids: Record<string, string> = {
    users: seeded.userId,
    clients: seeded.clientId,
    sessions: seeded.sessionUid,
    grants: seeded.grantId,
    tokens: seeded.handle,
    'signing-keys': kid,
  }
  const { id: revocation } = (
    await stage.ask('/v1/tokens/revoke', { token, json: { token: 'x', reason: 'x' } })
  ).json<{ id?: string }>()
  const read: string[] = []
  for (const route of adminRoutes.filter(({ method }) => method === 'GET')) {
    const [, collection = ''] = route.path.split('/')
    const path = route.path.replaceAll(/:\w+/g, encodeURIComponent(ids[collection] ?? revocation ?? 'x'))
    const queries =
      route.path === '/tokens' || route.path === '/sessions' || route.path === '/grants'
        ? ['', `?user_id=${seeded.userId}`]
        : ['']
    for (const query of queries) {
      const answer = await stage.ask(`/v1${path}${query}`, { token })
      if (answer.status === 200) read.push(route.operationId)
      for (const [what, secret] of Object.entries(canaries))
        expect({ path, what, shown: answer.text.includes(secret) }).toEqual({ path, what, shown: false })
      expect(answer.text).not.toMatch(
        /\$argon2|"(d|p|q|dp|dq|qi|k|client_secret|secretDigest|password_hash)":\s*"/,
      )
      expect(answer.text).not.toMatch(/"v1\.[\w-]{8}\./)
    }
  }
  expect(read).toEqual(
    expect.arrayContaining([
      'listUsers',
      'getUser',
      'getFactors',
      'getClient',
      'getSession',
      'getGrant',
      'getToken',
      'listTokens',
      'getSigningKey',
      'listAuditEvents',
    ]),
  )
})

test('nothing of it is in the log either (AD-08)', () => {
  const log = asJson(stage.log)
  for (const secret of Object.values(canaries)) expect(log).not.toContain(secret)
})
