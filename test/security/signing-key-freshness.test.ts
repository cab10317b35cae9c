import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import type { JSONWebKeySet } from 'jose'
import pg from 'pg'
import { createSealer, parseKeyring, randomSecret } from '../../src/crypto/index.ts'
import { listSigningKeys, retireSigningKey, rotateSigningKey } from '../../src/oidc/index.ts'
import type { Answer } from '../support/http-client.ts'
import { startLogoutReceiver } from '../support/logout-receiver.ts'
import { holdTable } from '../support/outage.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, tokensFor, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect } from '../support/tokens.ts'
import { formOf } from '../support/user-agent.ts'

type Query = (this: pg.Client, ...args: unknown[]) => unknown

const API = 'https://api.example/'
const env = {
  CARDEA_ISSUER: 'http://localhost:4716',
  CARDEA_KEYRING: randomSecret(),
  CARDEA_COOKIE_KEYS: randomSecret(),
  CARDEA_DATABASE_TIMEOUT: '2000',
}
/** Two on one database, without timers: each looks at the keys when it must. */
let other: TestServer
let server: TestServer
let machine: Awaited<ReturnType<typeof addClient>>

/** What the clock of the processes is ahead by, as after so long a pause. */
let ahead = 0
const performanceNow = performance.now.bind(performance)
const query = Reflect.get(pg.Client.prototype, 'query') as Query
/** How often anybody looked at the keys. */
let looks = 0

beforeAll(async () => {
  jest.spyOn(performance, 'now').mockImplementation(() => performanceNow() + ahead)
  pg.Client.prototype.query = function counting(this: pg.Client, ...args: unknown[]) {
    const [asked] = args as [string | { text?: string }]
    const text = typeof asked === 'string' ? asked : (asked.text ?? '')
    if (/^\s*SELECT kid FROM signing_keys/.test(text)) looks += 1
    return query.apply(this, args)
  } as typeof pg.Client.prototype.query
  other = await startTestServer({ env })
  server = await startTestServer({ env, databaseUrl: other.databaseUrl })
  machine = await addClient(other, { metadata: machineClient })
  await addApi(other, { format: 'jwt' })
})
afterAll(async () => {
  await server.stop()
  await other.stop()
  pg.Client.prototype.query = query as typeof pg.Client.prototype.query
  jest.restoreAllMocks()
})

function standStill(seconds: number): void {
  ahead += seconds * 1000
}

/** The server has just looked, and the other one has not. */
beforeEach(async () => {
  standStill(11)
  await server.ask('/jwks')
})

/** Another key signs from this moment on, and the one before is no longer published. Resolves to the new one. */
async function replaceKey(alg: 'RS256' | 'ES256'): Promise<string> {
  const active = async () => {
    const keys = await listSigningKeys(other.database.prisma)
    return keys.find((key) => key.alg === alg && key.state === 'active')?.kid ?? ''
  }
  const kid = await active()
  await other.database.transaction((tx) =>
    retireSigningKey(tx, other.sealer, { kid, replace: true, reason: 'test' }),
  )
  return active()
}

async function looksDuring(work: () => Promise<unknown>): Promise<number> {
  const before = looks
  await work()
  return looks - before
}

const publishedBy = async (at: TestServer) =>
  (await at.ask('/jwks')).json<JSONWebKeySet>().keys.map(({ kid }) => String(kid))
const askJwt = (at: TestServer) => askToken(at, machine, { grant_type: 'client_credentials', resource: API })
const jwtOf = (answer: Answer) => answer.json<Tokens>().access_token
const signerOf = (jwt: string) => decodeProtectedHeader(jwt).kid
const many = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 10 }, () => ask()))

describe('a process that stood still', () => {
  test('looks at the keys once for all requests that waited, before it signs anything, and then no more (KY-03, FT-24)', async () => {
    const kid = await replaceKey('ES256')
    expect(await looksDuring(() => askJwt(server))).toBe(0)
    standStill(11)
    const looked = await looksDuring(async () => {
      const answers = await many(() => askJwt(server))
      expect(new Set(answers.map((answer) => signerOf(jwtOf(answer))))).toEqual(new Set([kid]))
    })
    expect(looked).toBe(1)
    expect(await looksDuring(() => many(() => askJwt(server)))).toBe(0)
  })

  test('looks before it publishes the keys (KY-03, FT-24)', async () => {
    const kid = await replaceKey('RS256')
    expect(await publishedBy(server)).not.toContain(kid)
    standStill(11)
    expect(await publishedBy(server)).toContain(kid)
  })

  test('together with its machine, whose other clock went on, looks as well (KY-03, FT-24)', async () => {
    const kid = await replaceKey('RS256')
    expect(await publishedBy(server)).not.toContain(kid)
    const later = Date.now() + 11_000
    const date = jest.spyOn(Date, 'now').mockReturnValue(later)
    expect(await publishedBy(server)).toContain(kid)
    date.mockRestore()
  })

  test('looks before a job of it signs (KY-03, FT-24, LO-03)', async () => {
    const receiver = await startLogoutReceiver()
    const [app, person] = [
      await addClient(server, { metadata: { backchannel_logout_uri: `${receiver.origin}/out` } }),
      await addPerson(server),
    ]
    const { agent } = await tokensFor(server, app, person)
    const { action, fields } = formOf(await agent.get('/logout'))
    expect((await agent.post(action, { ...fields, logout: 'yes' })).status).toBe(303)
    const kid = await replaceKey('RS256')
    standStill(11)
    const stop = server.instances[0]?.startLogoutDelivery({ everyMs: 20 })
    const [received] = await receiver.until(1)
    await stop?.()
    await receiver.stop()
    expect(signerOf(received?.token ?? '')).toBe(kid)
  })

  test('and cannot look goes on for a minute; then it signs nothing any more, and publishes what it knows (FT-24, FT-01)', async () => {
    const known = await publishedBy(server)
    const { release } = await holdTable(other, 'signing_keys')
    try {
      standStill(11)
      expect((await askJwt(server)).status).toBe(200)
      standStill(50)
      const refused = await many(() => askJwt(server))
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
      expect(refused[0]?.headers['retry-after']).toBe('2')
      expect(refused[0]?.json()).toMatchObject({ error: 'temporarily_unavailable' })
      expect(await publishedBy(server)).toEqual(known)
      expect((await server.ask('/.well-known/openid-configuration')).status).toBe(200)
    } finally {
      await release()
    }
    expect((await askJwt(server)).status).toBe(200)
  })
})

test('a key under a key ring that a process has not got yet keeps it from none of the others (FT-24)', async () => {
  const renewed = createSealer(parseKeyring(`${randomSecret()},${env.CARDEA_KEYRING}`))
  const { key } = await other.database.transaction((tx) =>
    rotateSigningKey(tx, renewed, { alg: 'ES256', signedSeconds: 600 }),
  )
  const kid = await replaceKey('RS256')
  standStill(61)
  expect((await askJwt(server)).status).toBe(200)
  expect(await publishedBy(server)).toContain(kid)
  expect(server.log.join('\n')).toContain('looking for changed signing keys failed')
  const retired = await other.database.transaction((tx) =>
    retireSigningKey(tx, renewed, { kid: key.kid, reason: 'test' }),
  )
  expect(retired.ok).toBe(true)
})

describe('a token that another instance signed by a key which this one has not seen', () => {
  test('is known at introspection, and no more when that key is retired (FT-24)', async () => {
    const kid = await replaceKey('ES256')
    const jwt = jwtOf(await askJwt(other))
    expect(signerOf(jwt)).toBe(kid)
    expect((await introspect(server, machine, jwt)).json()).toMatchObject({ active: true })
    expect((await introspect(server, machine, jwt)).json()).toMatchObject({ active: true })
    await replaceKey('ES256')
    standStill(11)
    expect((await introspect(server, machine, jwt)).json()).toEqual({ active: false })
  })

  test('is ended by revocation (FT-24)', async () => {
    await replaceKey('ES256')
    const jwt = jwtOf(await askJwt(other))
    expect((await giveBack(server, machine, jwt)).status).toBe(200)
    expect((await introspect(other, machine, jwt)).json()).toEqual({ active: false })
  })

  test('is taken as a hint, at sign-in and at sign-out (FT-24)', async () => {
    const [app, person] = [await addClient(other), await addPerson(other)]
    standStill(11)
    await server.ask('/jwks')
    const kid = await replaceKey('RS256')
    const { id_token: hint } = await tokensFor(other, app, person)
    expect(signerOf(hint)).toBe(kid)
    const asked = await server.ask(
      authorizeUrl(app, pkce().challenge, { prompt: 'none', id_token_hint: hint }),
    )
    expect(told(asked)).toMatchObject({ error: 'login_required' })
    standStill(11)
    await server.ask('/jwks')
    await replaceKey('RS256')
    const { id_token: next } = await tokensFor(other, app, person)
    const page = await server.ask(`/logout?id_token_hint=${next}`)
    expect([page.status, formOf(page).action]).toEqual([200, expect.stringContaining('/logout/confirm')])
  })

  describe('of which there is none', () => {
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'never-was' }))
    const forged = `${header.toString('base64url')}.e30.${'A'.repeat(86)}`
    const mostDuring = (since: number) => Math.ceil((performance.now() - since) / 1000)

    test('is looked for once a second, however often it is asked for (FT-24)', async () => {
      const began = performance.now()
      const looked = await looksDuring(async () => {
        for (let round = 0; round < 2; round += 1)
          for (const answer of await many(() => introspect(server, machine, forged)))
            expect(answer.json()).toEqual({ active: false })
      })
      expect(looked).toBeLessThanOrEqual(mostDuring(began))
      expect(looked).toBeGreaterThan(0)
    })

    test('is not looked for more often while a look takes its time, and nobody is told that it is unknown (FT-24)', async () => {
      const { release } = await holdTable(other, 'signing_keys')
      const began = performance.now()
      const asked: Promise<Answer>[] = []
      const looked = await looksDuring(async () => {
        for (let nth = 0; nth < 30; nth += 1) {
          asked.push(introspect(server, machine, forged))
          await sleep(50)
        }
        await Promise.all(asked)
      })
      await release()
      expect(looked).toBeLessThanOrEqual(mostDuring(began))
      for (const answer of await Promise.all(asked)) expect(answer.status).toBe(503)
    })
  })
})
