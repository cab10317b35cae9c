import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { continueRevocations, previewRevocation, readReceipt, revoke } from '../../src/oidc/index.ts'
import type { RevocationOptions, Selector } from '../../src/oidc/index.ts'
import { askSilently } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { askToken, refresh, signIn, told, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { digestOf, grantOf, introspect, userinfo } from '../support/tokens.ts'
import type { UserAgent } from '../support/user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
type SignedIn = Tokens & { agent: UserAgent }
let server: TestServer
beforeAll(async () => (server = await startTestServer({ instances: 2 })))
afterAll(() => server.stop())

const offline = { scope: 'openid offline_access', prompt: 'consent' }
const arrange = (client: Client, person: Person): Promise<SignedIn> =>
  tokensFor(server, client, person, offline)
const end = (selector: Selector, options: Partial<RevocationOptions> = {}) =>
  server.database.transaction((tx) => revoke(tx, selector, { reason: 'test', ...options }))

/** What tokens are good for, at every door of every instance; whether the session goes on is another matter. */
async function doors(client: Client, { access_token, refresh_token }: SignedIn): Promise<Set<string>> {
  const verdicts = new Set<string>()
  for (const instance of server.instances) {
    const seen = await introspect(instance, client, access_token)
    verdicts.add(seen.text === '{"active":false}' ? 'dead' : 'alive')
    verdicts.add((await userinfo(instance, access_token)).status === 401 ? 'dead' : 'alive')
    const refreshed = await refresh(instance, client, refresh_token)
    expect([200, 400]).toContain(refreshed.status)
    verdicts.add(refreshed.status === 400 ? 'dead' : 'alive')
  }
  return verdicts
}

async function isSignedIn(client: Client, { agent }: SignedIn): Promise<boolean> {
  return told(await askSilently(agent, client))['error'] !== 'login_required'
}

const dead = new Set(['dead'])
const alive = new Set(['alive'])

describe('a revocation ends what its selector covers and nothing else (AD-06, SE-07, RV-04)', () => {
  test('by user: every session and token of theirs, none of anybody else', async () => {
    const [client, ann, bob] = [await addClient(server), await addPerson(server), await addPerson(server)]
    const [hers, hersToo, his] = [
      await arrange(client, ann),
      await arrange(client, ann),
      await arrange(client, bob),
    ]
    const revoked = await end({ userId: ann.id })
    expect(revoked).toMatchObject({
      state: 'completed',
      counts: { sessions: 2, grants: 2, refresh_tokens: 2 },
    })
    expect(await doors(client, hers)).toEqual(dead)
    expect(await doors(client, hersToo)).toEqual(dead)
    expect(await isSignedIn(client, hers)).toBe(false)
    expect(await doors(client, his)).toEqual(alive)
    expect(await isSignedIn(client, his)).toBe(true)
  })

  test('by user, keeping the session it is asked from: that one and what hangs from it go on', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const [here, elsewhere] = [await arrange(client, ann), await arrange(client, ann)]
    const grantId = await grantOf(server, here.refresh_token)
    const { sid } = await sessionNaming(grantId)
    await end({ userId: ann.id }, { keep: { sessionUid: sid, grantId } })
    expect(await doors(client, here)).toEqual(alive)
    expect(await isSignedIn(client, here)).toBe(true)
    expect(await doors(client, elsewhere)).toEqual(dead)
  })

  test('what an earlier revocation ended is not brought back by being kept in a later one', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const here = await arrange(client, ann)
    const grantId = await grantOf(server, here.refresh_token)
    const { sid } = await sessionNaming(grantId)
    // As a large one leaves the rows: only the cut is there.
    await server.database.prisma
      .$executeRaw`UPDATE users SET tokens_not_before = clock_timestamp() WHERE id = ${ann.id}::uuid`
    await end({ userId: ann.id }, { keep: { sessionUid: sid, grantId } })
    expect(await doors(client, here)).toEqual(dead)
  })

  test('by client: every token it has of anybody and its own; sessions stay', async () => {
    const [gone, other, ann] = [await addService(server), await addClient(server), await addPerson(server)]
    const hers = await arrange(gone, ann)
    const elsewhere = await arrange(other, ann)
    const own = (await clientToken(gone)).json()['access_token'] as string
    const revoked = await end({ clientId: gone.id })
    expect(revoked.counts).toMatchObject({ sessions: 0, grants: 1 })
    expect(await doors(gone, hers)).toEqual(dead)
    expect((await introspect(server, gone, own)).text).toBe('{"active":false}')
    // Still signed in here; but to this client only a new sign-in leads.
    expect(await isSignedIn(other, hers)).toBe(true)
    expect(await isSignedIn(gone, hers)).toBe(false)
    expect(await doors(other, elsewhere)).toEqual(alive)
    const anew = (await clientToken(gone)).json()['access_token'] as string
    expect((await introspect(server, gone, anew)).json()).toMatchObject({ active: true })
  })

  test('by user and client together: that app for that user', async () => {
    const [gone, other] = [await addClient(server), await addClient(server)]
    const [ann, bob] = [await addPerson(server), await addPerson(server)]
    const [covered, otherApp, otherUser] = [
      await arrange(gone, ann),
      await arrange(other, ann),
      await arrange(gone, bob),
    ]
    await end({ userId: ann.id, clientId: gone.id })
    expect(await doors(gone, covered)).toEqual(dead)
    // A consent that is remembered brings nothing back: only a new sign-in does.
    expect(told(await askSilently(covered.agent, gone))['error']).toBe('login_required')
    expect(await doors(other, otherApp)).toEqual(alive)
    expect(await isSignedIn(gone, otherUser)).toBe(true)
    expect(await doors(gone, otherUser)).toEqual(alive)
    const anew = await arrange(gone, ann)
    expect(await doors(gone, anew)).toEqual(alive)
  })

  test('by what it goes back to: what is younger stays', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const old = await arrange(client, ann)
    const [{ now: between } = { now: new Date() }] = await server.database.prisma.$queryRaw<
      { now: Date }[]
    >`SELECT clock_timestamp() AS now`
    await new Promise((resolve) => setTimeout(resolve, 5))
    const young = await arrange(client, ann)
    await end({ userId: ann.id, issuedBefore: between })
    expect(await doors(client, old)).toEqual(dead)
    expect(await doors(client, young)).toEqual(alive)
    expect(await isSignedIn(client, young)).toBe(true)
  })

  test('by session, by grant, by token', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const [one, two, three] = [
      await arrange(client, ann),
      await arrange(client, ann),
      await arrange(client, ann),
    ]
    await end({ sessionUid: (await sessionNaming(await grantOf(server, one.refresh_token))).sid })
    expect(await doors(client, one)).toEqual(dead)
    expect(await isSignedIn(client, one)).toBe(false)
    await end({ grantId: await grantOf(server, two.refresh_token) })
    expect(await doors(client, two)).toEqual(dead)
    expect(await isSignedIn(client, two)).toBe(true)
    await end({ token: digestOf(three.access_token) })
    expect(await doors(client, three)).toEqual(dead)
  })

  test('everything: nobody is signed in any more, and everybody can sign in again', async () => {
    const own = await startTestServer()
    try {
      const [client, ann] = [await addService(own), await addPerson(own)]
      const before = await tokensFor(own, client, ann, offline)
      const token = (await askToken(own, client, { grant_type: 'client_credentials' })).json()['access_token']
      await own.database.transaction((tx) => revoke(tx, { everything: true }, { reason: 'breach' }))
      expect((await refresh(own, client, before.refresh_token)).status).toBe(400)
      expect((await introspect(own, client, String(token))).text).toBe('{"active":false}')
      expect(told(await askSilently(before.agent, client))['error']).toBe('login_required')
      const after = await tokensFor(own, client, ann, offline)
      expect((await refresh(own, client, after.refresh_token)).status).toBe(200)
    } finally {
      await own.stop()
    }
  })
})

describe('a large revocation (FT-25)', () => {
  test('has its effect with its commit, and clears the rows away later', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const hers = await arrange(client, ann)
    const grantId = await grantOf(server, hers.refresh_token)
    await addTokens(grantId, 3000)
    const revoked = await end({ userId: ann.id })
    expect(revoked).toMatchObject({ state: 'running', counts: { sessions: 0, access_tokens: 0 } })
    expect(await doors(client, hers)).toEqual(dead)
    expect(await isSignedIn(client, hers)).toBe(false)
    let batches = 0
    while (await continueRevocations(server.database)) batches += 1
    expect(batches).toBeGreaterThan(5)
    expect(await server.database.prisma.token.count({ where: { grantId } })).toBe(0)
    expect(await readReceipt(server.database.prisma, revoked.id)).toMatchObject({
      state: 'completed',
      counts: { sessions: 1, grants: 1, refresh_tokens: 1, access_tokens: 3001 },
    })
  })

  test('by grant ends the grant at once and leaves only its tokens for later', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const hers = await arrange(client, ann)
    const grantId = await grantOf(server, hers.refresh_token)
    await addTokens(grantId, 1500)
    const revoked = await end({ grantId })
    expect(revoked).toMatchObject({ state: 'running', counts: { grants: 1 } })
    expect(await doors(client, hers)).toEqual(dead)
    while (await continueRevocations(server.database));
    expect(await server.database.prisma.token.count({ where: { grantId } })).toBe(0)
    expect(await readReceipt(server.database.prisma, revoked.id)).toMatchObject({
      state: 'completed',
      counts: { grants: 1, access_tokens: 1501 },
    })
  })

  test('is worked on by one instance at a time, and two at once end each row once', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const hers = await arrange(client, ann)
    await addTokens(await grantOf(server, hers.refresh_token), 2500)
    const { id } = await end({ userId: ann.id })
    const work = async (database: TestServer['database']) => {
      while ((await readReceipt(database.prisma, id))?.state === 'running')
        await continueRevocations(database)
    }
    await Promise.all(server.instances.map(({ database }) => work(database)))
    expect((await readReceipt(server.database.prisma, id))?.counts.access_tokens).toBe(2501)
  })
})

describe('a dry run', () => {
  test('counts what would end and ends nothing', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const hers = await arrange(client, ann)
    const selector = { userId: ann.id }
    const preview = await server.database.transaction((tx) => previewRevocation(tx, selector))
    expect(preview).toMatchObject({ atLeast: false, counts: { sessions: 1, grants: 1, access_tokens: 1 } })
    expect(await doors(client, hers)).toEqual(alive)
    const revoked = await end(selector)
    expect(revoked.counts.sessions).toBe(preview.counts.sessions)
    expect(revoked.counts.grants).toBe(preview.counts.grants)
  })
})

describe('a sign-in under way when access is cut', () => {
  test('gives no code that can be redeemed, and a new sign-in does (SE-08, FT-11)', async () => {
    const [client, ann] = [await addClient(server), await addPerson(server)]
    const { code, verifier } = await signIn(server, client, ann)
    await end({ userId: ann.id })
    const late = await askToken(server, client, {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: 'https://rp.example/cb',
    })
    expect(late.json()).toMatchObject({ error: 'invalid_grant' })
    expect(await doors(client, await arrange(client, ann))).toEqual(alive)
  })
})

/** A client that also asks for tokens of its own. */
function addService(at: TestServer): Promise<Client> {
  return addClient(at, {
    metadata: { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] },
  })
}

function clientToken(client: Client) {
  return askToken(server, client, { grant_type: 'client_credentials' })
}

async function sessionNaming(grantId: string): Promise<{ sid: string }> {
  const [row] = await server.database.prisma.$queryRaw<{ sid: string }[]>`
    SELECT s.uid AS sid FROM sessions s, jsonb_each(s.payload -> 'authorizations') a WHERE a.value ->> 'grantId' = ${grantId}`
  if (!row) throw new Error('no session names this grant')
  return row
}

async function addTokens(grantId: string, count: number): Promise<void> {
  await server.database.prisma.$executeRaw`
    INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
    SELECT sha256(convert_to(${grantId} || n, 'UTF8')), 'AccessToken', g.id, g.client_id, g.user_id, '{}', now() + interval '10 minutes'
    FROM grants g, generate_series(1, ${count}::int) n WHERE g.id = ${grantId}`
}
