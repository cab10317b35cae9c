import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'jose'
import { revoke } from '../../../src/oidc/index.ts'
import { createStatusLists, statusListTimes } from '../../../src/oidc/status-list/status-lists.ts'
import { addApi, addClient, machineClient } from '../../support/people.ts'
import { askToken } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { shutDatabase } from '../../support/outage.ts'
import { bitAt, isListed, listAt, placeOf } from '../../support/status-list.ts'
import { giveBack } from '../../support/tokens.ts'

const API = 'https://api.example/'
// A quarter of it is how long the server hands out the same list.
const LIFETIME = 8
let server: TestServer
let machine: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_STATUS_LIST_TTL: `${LIFETIME}` } })
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server, { format: 'jwt' })
})
afterAll(() => server.stop())

const rebuilt = () => new Promise((resolve) => setTimeout(resolve, (LIFETIME / 4) * 1000 + 50))

async function token(instance: Pick<TestServer, 'ask'> = server): Promise<string> {
  const form = { grant_type: 'client_credentials', resource: API }
  return (await askToken(instance, machine, form)).json<Tokens>().access_token
}

async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), alg: 'ES256', kid }
}

describe('a status list', () => {
  test('is a signed statuslist+jwt of a million bits, of which those of revoked tokens are set (RV-05, draft-ietf-oauth-status-list §5.1)', async () => {
    const [alive, dead, next] = [await token(), await token(), await token()]
    await giveBack(server, machine, dead)
    const { path, idx } = placeOf(dead)
    const list = await listAt(server, path, server.issuer)
    expect(list.bits).toHaveLength(2 ** 20 / 8)
    expect([alive, dead, next].map((one) => bitAt(list, placeOf(one).idx))).toEqual([0, 1, 0])
    const set = list.bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    expect([set, list.bits[idx >> 3]]).toEqual([1, 1 << (idx & 7)])
    expect([list.exp - list.iat, list.ttl]).toEqual([LIFETIME, LIFETIME / 2])
    expect(Math.abs(list.iat - Date.now() / 1000)).toBeLessThan(LIFETIME / 4 + 2)
  })

  test('is open to every API and every cache for a quarter of the time (draft-ietf-oauth-status-list §8.2, §13.7)', async () => {
    const { path } = placeOf(await token())
    const answer = await server.ask(path, {
      headers: { origin: 'https://shop.example', 'accept-encoding': 'gzip' },
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/statuslist+jwt',
      'cache-control': `public, max-age=${LIFETIME / 4}`,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'content-encoding': 'gzip',
      'x-content-type-options': 'nosniff',
    })
    expect(answer.headers['set-cookie']).toBeUndefined()
    const plain = await server.ask(path)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(decodeProtectedHeader(plain.text)).toMatchObject({ typ: 'statuslist+jwt', alg: 'ES256' })
    for (const [method, status] of [
      ['HEAD', 200],
      ['POST', 405],
      ['OPTIONS', 204],
    ] as const)
      expect([method, (await server.ask(path, { method })).status]).toEqual([method, status])
  })

  test('is not sent again to who has it, and has another ETag when it was made anew (RFC 9110 §13.1.2)', async () => {
    const { path } = placeOf(await token())
    const first = await server.ask(path)
    const etag = first.headers.etag ?? ''
    expect(etag).toMatch(/^W\/"/)
    const known = await server.ask(path, { headers: { 'if-none-match': etag } })
    expect([known.status, known.text]).toEqual([304, ''])
    expect((await server.ask(path)).text).toBe(first.text)
    await rebuilt()
    const later = await server.ask(path, { headers: { 'if-none-match': etag } })
    expect(later.status).toBe(200)
    expect(later.headers.etag).not.toBe(etag)
  })

  test('comes as JWT or not at all, and tells nothing of the past (draft-ietf-oauth-status-list §8.1, §8.4)', async () => {
    const { path } = placeOf(await token())
    const status = async (accept: string, query = '') =>
      (await server.ask(`${path}${query}`, { headers: { accept } })).status
    expect(await status('application/statuslist+jwt')).toBe(200)
    expect(await status('application/statuslist+cwt, */*;q=0.1')).toBe(200)
    expect(await status('application/statuslist+cwt')).toBe(406)
    expect(await status('*/*', '?time=1')).toBe(501)
  })

  test('that never was or whose last token has expired is not found (draft-ietf-oauth-status-list §8.2)', async () => {
    const { path } = placeOf(await token())
    const [bucket = 0] = /\d+/.exec(path)?.map(Number) ?? []
    const over = Math.floor(Date.now() / 600_000) - 2
    await server.database.prisma.statusList.create({ data: { bucket: over, nextIndex: 512 } })
    const names = [
      `${bucket}-1`,
      `${bucket + 1000}-0`,
      `${over}-0`,
      `0${bucket}-0`,
      `${bucket}`,
      `${bucket}-0x`,
      '%00',
      '../jwks',
      '99999999999-0',
      '-1-0',
    ]
    for (const name of names) {
      const answer = await server.ask(`/status-lists/${name}`)
      expect([name, [400, 404].includes(answer.status), answer.headers['cache-control']]).toEqual([
        name,
        true,
        'no-store',
      ])
    }
  })

  test('is made once, however many ask at once, and anew where another key signs (KY-03)', async () => {
    const { path } = placeOf(await token())
    const answers = await Promise.all(Array.from({ length: 30 }, () => server.ask(path)))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const lists = createStatusLists({
      ...{ pool: server.database.pool, issuer: server.issuer, inFlightSeconds: 1 },
      times: statusListTimes(600),
    })
    const [one, other] = await Promise.all(['one', 'other'].map(signingKey))
    const kidOf = async (keys: JWK[]) =>
      decodeProtectedHeader((await lists.read(path.split('/').at(-1) ?? '', keys))?.token ?? '').kid
    if (!one || !other) throw new Error('two keys')
    expect([await kidOf([one, other]), await kidOf([other, one]), await kidOf([other])]).toEqual([
      'one',
      'other',
      'other',
    ])
  })

  test('is made of what every instance revoked, by each of them (RV-04, RV-05)', async () => {
    const [here, there] = server.instances
    if (!here || !there) throw new Error('two instances')
    const dead = await token(here)
    await isListed(there, dead, server.issuer)
    await giveBack(there, machine, dead)
    await rebuilt()
    for (const instance of [here, there]) expect(await isListed(instance, dead, server.issuer)).toBe(true)
  })
})

test('no two tokens have the same place, whichever instance issued them, and none tells how many came before (draft-ietf-oauth-status-list §12.5)', async () => {
  const tokens = await Promise.all(Array.from({ length: 300 }, (_, nth) => token(server.instances[nth % 2])))
  const places = tokens.map(placeOf)
  expect(new Set(places.map(({ uri, idx }) => `${uri}#${idx}`)).size).toBe(300)
  const steps = places.map(({ idx }, nth) => idx - (places[nth - 2]?.idx ?? 0)).slice(2)
  expect(steps.filter((step) => step === 1).length).toBeLessThan(30)
})

test('everything of a client whose access was revoked is listed, and what it gets afterwards is not (RV-05)', async () => {
  const before = await token()
  await server.database.transaction((tx) => revoke(tx, { clientId: machine.id }, { reason: 'test' }))
  const after = await token()
  await rebuilt()
  expect([
    await isListed(server, before, server.issuer),
    await isListed(server, after, server.issuer),
  ]).toEqual([true, false])
})

test('while the database is away, 503 when the list at hand is too old to be handed out (RV-03)', async () => {
  const one = await token()
  const { path } = placeOf(one)
  await server.ask(path)
  const { restore } = await shutDatabase(server)
  try {
    expect((await server.ask(path)).status).toBe(200)
    await rebuilt()
    const answer = await server.ask(path)
    expect([answer.status, answer.headers['cache-control']]).toEqual([503, 'no-store'])
    expect(answer.headers['retry-after']).toBeDefined()
  } finally {
    await restore()
  }
  expect((await server.ask(path)).status).toBe(200)
})
