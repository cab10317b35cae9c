import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectDatabase } from '../../../src/db/index.ts'
import { createSealer, parseKeyring } from '../../../src/crypto/index.ts'
import { createPasswordHasher } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { noEarlierVersion, unpackEarlierVersion } from '../../support/earlier-version.ts'
import { basic, bearer, send } from '../../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../../support/people.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { freePorts } from '../../support/server.ts'
import type { Instance, TestServer } from '../../support/server.ts'
import { authorizeUrl, pkce, redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { formOf } from '../../support/user-agent.ts'

// Real processes on a busy machine start slowly.
jest.setTimeout(120_000)

// Only a checkout with its history has the version before.
const where = noEarlierVersion === null ? describe : describe.skip
if (noEarlierVersion !== null)
  process.stderr.write(`Left out, this version and the one before it side by side: ${noEarlierVersion}.\n`)

where('this version and the one before it, side by side on one schema (FT-09)', () => {
  const cleanUp: (() => Promise<unknown>)[] = []
  let both: TestServer
  /** Only the earlier, only the newer. */
  let each: Record<'before' | 'now', TestServer>
  beforeAll(async () => {
    const earlier = unpackEarlierVersion()
    cleanUp.push(() => earlier.remove())
    const own = await createTestDatabase()
    cleanUp.push(() => own.drop())
    const env = await productionEnv(own.url)
    const [port, opsPort] = await freePorts(2)
    // The newer one first: it has brought the schema up to date when the earlier one meets it.
    const now = await spawnServer(env)
    cleanUp.push(() => now.stop())
    await now.ready()
    const others = { ...env, CARDEA_PORT: String(port), CARDEA_OPS_PORT: String(opsPort) }
    const before = await spawnServer(others, { cwd: earlier.dir })
    cleanUp.push(() => before.stop())
    await before.ready()

    const limits = { connectTimeoutMs: 3000, statementTimeoutMs: 3000, lockTimeoutMs: 3000 }
    const database = connectDatabase({
      ...{ url: own.url, poolMax: 2, ...limits, idleInTransactionTimeoutMs: 3000 },
    })
    cleanUp.push(() => database.close())
    const registry = {
      ...{ issuer: now.issuer, database, databaseUrl: own.url, log: [] },
      hasher: createPasswordHasher({ memoryKiB: 19_456, passes: 2, parallelism: 1 }),
      sealer: createSealer([...parseKeyring(env['CARDEA_KEYRING'] ?? '')]),
      stop: () => Promise.resolve(),
    }
    const at = (...processes: ServerProcess[]): TestServer => {
      const instances = processes.map(
        (one) =>
          ({
            port: one.port,
            ask: (path, ask) => send({ port: one.port, host: new URL(now.issuer).host }, path, ask),
          }) as Instance,
      )
      let turn = 0
      const ask: Instance['ask'] = (path, asked) => {
        const instance = instances[(turn += 1) % instances.length]
        if (!instance) throw new Error('no instance')
        return instance.ask(path, asked)
      }
      return { ...registry, instances, ask }
    }
    both = at(before, now)
    each = { before: at(before), now: at(now) }
  })
  afterAll(async () => {
    for (const step of cleanUp.toReversed()) await step()
  })

  test('a sign-in goes on at the other with every request, from either', async () => {
    for (let round = 0; round < 2; round += 1) {
      const person = await addPerson(both)
      const client = await addClient(both)
      // One request more, so that the second round begins at the other.
      if (round === 1) await both.ask('/jwks')
      const { access_token } = await tokensFor(both, client, person)
      for (const server of Object.values(each))
        expect((await server.ask('/userinfo', { headers: bearer(access_token) })).status).toBe(200)
    }
  })

  test.each([
    ['before', 'now'],
    ['now', 'before'],
  ] as const)('what %s hands out, %s accepts, rotates and revokes', async (here, there) => {
    const [one, other] = [each[here], each[there]]
    const person = await addPerson(both)
    const client = await addClient(both, { metadata: publicClient })
    const signedIn = await signIn(one, client, person)
    const first = (await redeem(other, client, signedIn)).json<Tokens>()
    const second = (await refresh(one, client, first.refresh_token)).json<Tokens>()
    const third = (await refresh(other, client, second.refresh_token)).json<Tokens>()
    expect((await one.ask('/userinfo', { headers: bearer(third.access_token) })).status).toBe(200)
    // A retry finds the same successor, wherever it asks.
    const again = (await refresh(one, client, second.refresh_token)).json<Tokens>()
    expect(again.refresh_token).toBe(third.refresh_token)

    const form = { token: third.refresh_token, client_id: client.id }
    expect((await one.ask('/revoke', { body: form })).status).toBe(200)
    for (const server of [one, other]) {
      expect((await server.ask('/userinfo', { headers: bearer(third.access_token) })).status).toBe(401)
      expect((await refresh(server, client, third.refresh_token)).status).toBe(400)
    }
  })

  test.each([
    ['before', 'now'],
    ['now', 'before'],
  ] as const)('a session begun at %s is one at %s, and ended there it is ended', async (here, there) => {
    const person = await addPerson(both)
    const client = await addClient(both)
    const { agent } = await signIn(each[here], client, person)
    const browserAt = (server: TestServer) => ({
      get: (path: string) => server.ask(path, { headers: { cookie: cookiesOf(agent), accept: 'text/html' } }),
    })
    const silently = `${authorizeUrl(client, pkce().challenge)}&prompt=none`
    expect((await browserAt(each[there]).get(silently)).location).toMatch(/[?&]code=/)

    const page = await browserAt(each[there]).get('/logout')
    const { action, fields } = formOf(page)
    const ended = await each[there].ask(action, {
      body: { ...fields, logout: 'yes' },
      headers: { cookie: cookiesOf(agent), origin: both.issuer },
    })
    expect(ended.status).toBe(303)
    for (const server of Object.values(each))
      expect((await browserAt(server).get(silently)).location).toMatch(/error=login_required/)
  })

  test('introspection says the same at both', async () => {
    const person = await addPerson(both)
    const client = await addClient(both)
    const { access_token } = await tokensFor(both, client, person)
    const verdicts = await Promise.all(
      Object.values(each).map((server) =>
        server.ask('/introspect', {
          body: { token: access_token },
          headers: basic(client.id, client.secret),
        }),
      ),
    )
    const [one, other] = verdicts.map((answer) => answer.json())
    expect(one).toMatchObject({ active: true })
    expect(other).toEqual(one)
  })
})

/** All cookies at once: those of the paths in between do no harm. */
function cookiesOf({ cookies }: { cookies: { name: string; value: string }[] }): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}
