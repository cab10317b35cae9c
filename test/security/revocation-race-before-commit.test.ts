import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revoke } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { askSilently } from '../support/authorize.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import { askToken, redeem, signIn, told, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { addTokens, doorsOpenTo } from '../support/revoked.ts'
import { grantOf } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  await addApi(server, { format: 'jwt' })
})
afterAll(() => server.stop())

const offline = { scope: 'openid offline_access', prompt: 'consent' }

/** Starts something when a revocation has done all but commit, and then lets it commit. Undefined for what was refused. */
async function beforeItsCommit<T>(
  selector: Selector,
  start: () => Promise<T>,
  mostMs = 250,
): Promise<T | undefined> {
  const started = await server.database.transaction(async (tx) => {
    await revoke(tx, selector, { reason: 'test' })
    // Later than the cut by every clock.
    await sleep(5)
    const outcome = start().catch((error: unknown) => String(error))
    // What needs no row that is locked is done by now; the others are waiting.
    await Promise.race([outcome, sleep(mostMs, undefined, { ref: false })])
    return { outcome }
  })
  const outcome = await started.outcome
  if (typeof outcome !== 'string') return outcome
  // The one excuse: it was told that nobody is signed in, or that the sign-in is over.
  expect(outcome).toMatch(/no code|expected a redirect|400: .*invalid_grant/)
  return undefined
}

function addService(): Promise<Client> {
  const grants = ['authorization_code', 'refresh_token', 'client_credentials']
  return addClient(server, { firstParty: true, metadata: { grant_types: grants } })
}

type Selected = [string, (ids: { userId: string; clientId: string }) => Selector]
const user: Selected = ['user', ({ userId }) => ({ userId })]
const client: Selected = ['client', ({ clientId }) => ({ clientId })]
const both: Selected = ['user and client', (ids) => ids]
const everything: Selected = ['everything', () => ({ everything: true })]
const untilLater: Selected = [
  'client, up to an instant to come',
  ({ clientId }) => ({ clientId, issuedBefore: new Date(Date.now() + 60_000) }),
]

describe('what comes to be while a revocation is not committed yet is ended by it (FT-11, SE-07, RV-04)', () => {
  test.each([user, client, both, everything])(
    '%s: tokens of a session from before, when no row of theirs is locked because there are many',
    async (_, selectorFor) => {
      const [app, ann] = [await addService(), await addPerson(server)]
      const before = await tokensFor(server, app, ann, offline)
      await addTokens(server, await grantOf(server, before.refresh_token), 1200)
      const { agent } = before
      const again = async () =>
        (await redeem(server, app, await signIn(server, app, ann, offline, { agent }))).json<Tokens>()
      const selector = selectorFor({ userId: ann.id, clientId: app.id })
      const tokens = await beforeItsCommit(selector, again, 2000)
      // Nothing was in the way, so that this is the race it means to be.
      expect(tokens?.refresh_token).toBeDefined()
      expect(await doorsOpenTo(server, app, { ...tokens })).toEqual([])
    },
  )

  test.each([user, everything])('%s: a whole sign-in with password and code', async (_, selectorFor) => {
    const [app, ann] = [await addService(), await addPerson(server)]
    const selector = selectorFor({ userId: ann.id, clientId: app.id })
    const signedIn = await beforeItsCommit(selector, () => tokensFor(server, app, ann, offline))
    if (signedIn === undefined) return
    expect(told(await askSilently(signedIn.agent, app))['error']).toBe('login_required')
    expect(await doorsOpenTo(server, app, signedIn)).toEqual([])
  })

  test.each([client, untilLater, everything])("%s: a client's own token", async (_, selectorFor) => {
    const app = await addService()
    const selector = selectorFor({ userId: '', clientId: app.id })
    const own = () => askToken(server, app, { grant_type: 'client_credentials' })
    const answer = await beforeItsCommit(selector, own, 2000)
    expect(answer?.status).toBe(200)
    expect(await doorsOpenTo(server, app, { access_token: answer?.json<Tokens>().access_token })).toEqual([])
  })

  test.each([user, both])('%s: a JWT access token for an API', async (_, selectorFor) => {
    const [app, ann] = [await addService(), await addPerson(server)]
    const scope = 'openid offline_access orders:read'
    const api = { resource: 'https://api.example/' }
    const { agent } = await tokensFor(server, app, ann, { ...offline, ...api, scope })
    const tokens = await beforeItsCommit(selectorFor({ userId: ann.id, clientId: app.id }), async () =>
      (
        await redeem(server, app, await signIn(server, app, ann, { ...api, scope }, { agent }), api)
      ).json<Tokens>(),
    )
    expect(await doorsOpenTo(server, app, { access_token: tokens?.access_token })).toEqual([])
  })
})
