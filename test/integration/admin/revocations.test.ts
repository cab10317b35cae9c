import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ensureSigningKeys } from '../../../src/oidc/index.ts'
import { createSealer, digest } from '../../../src/crypto/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage
beforeAll(async () => (stage = await startAdmin()))
afterAll(() => stage.stop())

const id = () => randomBytes(16).toString('base64url')

/** A user with one session, one grant in it, and tokens of every kind under that. */
async function arrange(): Promise<{
  userId: string
  clientId: string
  sessionUid: string
  grantId: string
  secret: string
}> {
  const { prisma } = stage.database
  const user = await stage.addUser()
  const clientId = `c_${id()}`
  const [sessionUid, grantId, secret] = [id(), id(), id()]
  const expiresAt = new Date(Date.now() + 600_000)
  await prisma.client.create({
    data: {
      id: clientId,
      name: 'Shop',
      metadata: { backchannel_logout_uri: 'https://shop.example/logout' },
      tokensNotBefore: null,
    },
  })
  await prisma.session.create({
    data: {
      uid: sessionUid,
      digest: new Uint8Array(digest(id())),
      userId: user.id,
      expiresAt,
      payload: { authorizations: { [clientId]: { grantId, sid: `sid-${grantId}` } } },
    },
  })
  await prisma.grant.create({ data: { id: grantId, userId: user.id, clientId, payload: {}, expiresAt } })
  for (const kind of ['AuthorizationCode', 'RefreshToken', 'AccessToken', 'JwtAccessToken'])
    await prisma.token.create({
      data: {
        digest: new Uint8Array(digest(kind === 'AccessToken' ? secret : id())),
        ...{ kind, grantId, clientId, sessionUid, expiresAt, userId: user.id, payload: {} },
        ...(kind === 'JwtAccessToken' ? { statusList: 1, statusIdx: 1 } : {}),
      },
    })
  return { userId: user.id, clientId, sessionUid, grantId, secret }
}

const everything = {
  sessions: 1,
  grants: 1,
  authorization_codes: 1,
  device_codes: 0,
  refresh_tokens: 1,
  access_tokens: 1,
  jwt_access_tokens: 1,
}
const ask = (path: string, json: unknown, token = stage.token()) =>
  stage.ask(path, { method: 'POST', token, json })

describe('POST /v1/users/{id}/revoke', () => {
  test('answers with the receipt, which can be read again', async () => {
    const { userId, clientId, grantId } = await arrange()
    const answer = await ask(`/v1/users/${userId}/revoke`, { reason: 'laptop stolen' })
    expect(answer.status).toBe(200)
    const receipt = answer.json()
    expect(receipt).toMatchObject({
      state: 'completed',
      selector: { user_id: userId },
      reason: 'laptop stolen',
      actor: { via: 'admin_api' },
      counts: everything,
      relying_parties: [{ client_id: clientId, sid: `sid-${grantId}`, state: 'queued', attempts: 0 }],
    })
    expect(Date.parse(String(receipt['jwt_until']))).toBeGreaterThan(Date.now())
    const location = String(answer.headers['content-location'])
    expect(location).toBe(`/v1/revocations/${String(receipt['id'])}`)
    const again = await stage.ask(location, { token: stage.token() })
    expect(again.json()).toEqual(receipt)
  })

  test('asked again finds nothing left, and says so', async () => {
    const { userId } = await arrange()
    await ask(`/v1/users/${userId}/revoke`, { reason: 'one' })
    const again = await ask(`/v1/users/${userId}/revoke`, { reason: 'two' })
    expect(again.status).toBe(200)
    expect(Object.values(again.json()['counts'] as object)).toEqual([0, 0, 0, 0, 0, 0, 0])
  })

  test('as a dry run counts and changes nothing', async () => {
    const { userId, sessionUid } = await arrange()
    const answer = await ask(`/v1/users/${userId}/revoke`, { reason: 'try', dry_run: true })
    expect(answer.json()).toEqual({ dry_run: true, counts: everything, at_least: false })
    const session = await stage.database.prisma.session.findUniqueOrThrow({ where: { uid: sessionUid } })
    expect(session.revokedAt).toBeNull()
  })

  test('tells nobody when told not to', async () => {
    const { userId } = await arrange()
    const answer = await ask(`/v1/users/${userId}/revoke`, { reason: 'quiet', notify: false })
    expect(answer.json()).toMatchObject({ notify: false, relying_parties: [] })
  })

  test('keeps the session of the caller who says so', async () => {
    const { userId, sessionUid, grantId } = await arrange()
    const token = stage.token({ userId, role: 'owner', sessionUid, grantId })
    const answer = await ask(`/v1/users/${userId}/revoke`, { reason: 'others', keep: ['self'] }, token)
    expect(answer.json()).toMatchObject({
      counts: { sessions: 0, grants: 0 },
      keep: { session_id: sessionUid, grant_id: grantId },
    })
  })

  test('of a user who is not there is 404, and so is anything else that is not there (AD-03)', async () => {
    for (const path of ['users', 'clients', 'grants', 'sessions'])
      for (const missing of [randomUUID(), 'nobody'])
        expect((await ask(`/v1/${path}/${missing}/revoke`, { reason: 'x' })).status).toBe(404)
    expect((await stage.ask(`/v1/revocations/${randomUUID()}`, { token: stage.token() })).status).toBe(404)
    expect((await stage.ask('/v1/revocations/nonsense', { token: stage.token() })).status).toBe(404)
  })

  test('needs a reason, and refuses what it does not know', async () => {
    const { userId } = await arrange()
    expect((await ask(`/v1/users/${userId}/revoke`, {})).status).toBe(422)
    expect((await ask(`/v1/users/${userId}/revoke`, { reason: 'x', dryrun: true })).status).toBe(422)
  })
})

describe('the other ways to name what ends', () => {
  test('a client, a grant, a session', async () => {
    const [one, two, three] = [await arrange(), await arrange(), await arrange()]
    const client = await ask(`/v1/clients/${one.clientId}/revoke`, { reason: 'x' })
    expect(client.json()).toMatchObject({ counts: { ...everything, sessions: 0 } })
    const grant = await ask(`/v1/grants/${two.grantId}/revoke`, { reason: 'x' })
    expect(grant.json()).toMatchObject({ counts: { ...everything, sessions: 0 } })
    const session = await ask(`/v1/sessions/${three.sessionUid}/revoke`, { reason: 'x' })
    expect(session.json()).toMatchObject({ counts: everything })
  })

  test('a token by its handle or its value, and never both; the value is not repeated (AD-08)', async () => {
    const [one, two] = [await arrange(), await arrange()]
    const handle = `tok_${digest(one.secret).toString('base64url')}`
    expect((await ask('/v1/tokens/revoke', { handle, reason: 'x' })).json()).toMatchObject({
      selector: { token: handle },
      counts: { grants: 1 },
    })
    const byValue = await ask('/v1/tokens/revoke', { token: two.secret, reason: 'x' })
    expect(byValue.json()).toMatchObject({ counts: { grants: 1 } })
    expect(byValue.text).not.toContain(two.secret)
    expect(stage.log.join('')).not.toContain(two.secret)
    expect((await ask('/v1/tokens/revoke', { handle, token: 'x', reason: 'x' })).status).toBe(422)
    expect((await ask('/v1/tokens/revoke', { reason: 'x' })).status).toBe(422)
    for (const token of ['unknown', 'a.b.c', 'a.e30.c'])
      expect((await ask('/v1/tokens/revoke', { token, reason: 'x' })).status).toBe(404)
    expect((await ask('/v1/tokens/revoke', { handle: 'tok_x', reason: 'x' })).status).toBe(404)
  })

  test('selectors: a user at a client, before an instant, or exactly one other thing', async () => {
    const one = await arrange()
    const select = (selector: object) => ask('/v1/revocations', { reason: 'x', ...selector })
    const early = await select({ user_id: one.userId, issued_before: '2001-01-01T00:00:00Z' })
    expect(early.json()).toMatchObject({ counts: { sessions: 0, grants: 0 } })
    const pair = await select({ user_id: one.userId, client_id: one.clientId })
    expect(pair.json()).toMatchObject({ counts: { ...everything, sessions: 0 } })
    expect((await select({ session_id: one.sessionUid })).json()).toMatchObject({ counts: { sessions: 1 } })
    expect((await select({ grant_id: one.grantId })).status).toBe(200)
    const two = await arrange()
    const handle = `tok_${digest(two.secret).toString('base64url')}`
    expect((await select({ token: handle })).json()).toMatchObject({ counts: { grants: 1 } })
    for (const bad of [
      {},
      { user_id: one.userId, session_id: one.sessionUid },
      { grant_id: one.grantId, token: handle },
      { session_id: one.sessionUid, issued_before: '2026-01-01T00:00:00Z' },
      { user_id: randomUUID() },
      { client_id: 'nobody' },
      { session_id: 'none' },
      { grant_id: 'none' },
      { token: 'tok_none' },
      { signing_key: 'none' },
      { everything: false },
      { user_id: one.userId, issued_before: 'yesterday' },
    ])
      expect([bad, (await select(bad)).status]).toEqual([bad, 422])
  })

  test('a signing key: it is taken out of use, another one signs, its tokens end; only for those who may change keys', async () => {
    const sealer = createSealer([randomBytes(32)])
    await ensureSigningKeys({ database: stage.database, sealer })
    const { kid } = await stage.database.prisma.signingKey.findFirstOrThrow({
      where: { alg: 'ES256', retiredAt: null },
    })
    const { grantId } = await arrange()
    await stage.database.prisma.token.updateMany({
      where: { grantId, kind: 'JwtAccessToken' },
      data: { payload: { kid } },
    })
    const request = { signing_key: kid, reason: 'key leaked' }
    const lesser = stage.token({ scopes: ['revocations:write'] })
    expect((await ask('/v1/revocations', request, lesser)).status).toBe(403)
    const answer = await ask('/v1/revocations', request)
    expect(answer.json()).toMatchObject({ counts: { jwt_access_tokens: 1, grants: 0 } })
    const keys = await stage.database.prisma.signingKey.findMany({ where: { alg: 'ES256' } })
    expect(keys.filter(({ retiredAt }) => retiredAt === null)).toHaveLength(1)
    expect(keys.find((key) => key.kid === kid)?.retiredAt).not.toBeNull()
  })

  test('everything', async () => {
    await arrange()
    const dry = await ask('/v1/revocations', { everything: true, dry_run: true, reason: 'x' })
    expect((dry.json()['counts'] as { sessions: number }).sessions).toBeGreaterThan(0)
    const answer = await ask('/v1/revocations', { everything: true, reason: 'breach' })
    expect(answer.json()).toMatchObject({ selector: { everything: true } })
    const after = await ask('/v1/revocations', { everything: true, dry_run: true, reason: 'x' })
    expect(Object.values(after.json()['counts'] as object).every((count) => count === 0)).toBe(true)
  })
})

test('receipts are listed newest first, page by page (AD-11)', async () => {
  const made: string[] = []
  for (let nth = 0; nth < 5; nth += 1) {
    const { userId } = await arrange()
    made.unshift(String((await ask(`/v1/users/${userId}/revoke`, { reason: `${nth}` })).json()['id']))
  }
  const seen: string[] = []
  let path: string | undefined = '/v1/revocations?limit=2'
  while (path !== undefined && seen.length < 6) {
    const page = await stage.ask(path, { token: stage.token() })
    seen.push(...(page.json()['items'] as { id: string }[]).map((item) => item.id))
    path = /<([^>]+)>; rel="next"/.exec(String(page.headers['link'] ?? ''))?.[1]
  }
  expect(seen.slice(0, 5)).toEqual(made)
})
