import { createSealer } from '../../../src/crypto/index.ts'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ensureSigningKeys } from '../../../src/oidc/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import type { Answer } from '../../support/http-client.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
  await ensureSigningKeys({ database: stage.database, sealer: createSealer([Buffer.alloc(32, 1)]) })
})
afterAll(() => stage.stop())

type Key = { kid: string; alg: string; state: string; activate_at: string; retire_at: string | null }
const keys = async () => (await stage.ask('/v1/signing-keys', { token })).json<{ items: Key[] }>().items
const active = async (alg: string) => {
  const found = (await keys()).find((key) => key.alg === alg && key.state === 'active')
  if (!found) throw new Error(`no ${alg} key signs`)
  return found
}
const rotate = (json: object) => stage.ask('/v1/signing-keys/rotate', { token, json })
const retire = (kid: string, json?: object) =>
  stage.ask(`/v1/signing-keys/${kid}/retire`, { method: 'POST', token, json })
const problemOf = (answer: Answer) => [answer.status, answer.json()['type']]
const problem = (status: number, name: string) => [status, `urn:cardea:problem:${name}`]

test('are shown by their public parts alone, each and all (AD-08, KY-01)', async () => {
  const all = await keys()
  expect(all.map(({ alg, state }) => `${alg} ${state}`).sort()).toEqual([
    'ES256 active',
    'EdDSA active',
    'RS256 active',
  ])
  const sealed = (await stage.database.prisma.signingKey.findMany()).map(({ sealedPrivate }) => sealedPrivate)
  for (const { kid } of all) {
    const one = await stage.ask(`/v1/signing-keys/${kid}`, { token })
    const { public_jwk: jwk } = one.json<{ public_jwk: object }>()
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) expect(jwk).not.toHaveProperty(member)
    for (const secret of sealed) expect(one.text).not.toContain(secret)
  }
  expect((await stage.ask('/v1/signing-keys/unknown', { token })).status).toBe(404)
})

test('are paged without a repetition or a gap', async () => {
  const seen: string[] = []
  let path = '/v1/signing-keys?limit=1'
  while (path) {
    const answer = await stage.ask(path, { token })
    seen.push(...answer.json<{ items: Key[] }>().items.map(({ kid }) => kid))
    path = /<([^>]+)>/.exec(String(answer.headers['link']))?.[1] ?? ''
  }
  expect(seen).toEqual((await keys()).map(({ kid }) => kid))
})

test('a new one is announced for ten minutes, the old one gets its end, and a second rotation waits (KY-03)', async () => {
  const before = await active('ES256')
  const answer = await rotate({ alg: 'ES256' })
  const key = answer.json<Key>()
  expect([answer.status, answer.location]).toEqual([201, `/v1/signing-keys/${key.kid}`])
  expect(key).toMatchObject({ alg: 'ES256', state: 'announced', retire_at: null })
  expect(Date.parse(key.activate_at) - Date.now()).toBeGreaterThan(590_000)
  const now = await active('ES256')
  expect(now.kid).toBe(before.kid)
  expect(Date.parse(now.retire_at ?? '') - Date.parse(key.activate_at)).toBe(660_000)
  expect(problemOf(await rotate({ alg: 'ES256' }))).toEqual(problem(409, 'rotation_under_way'))
  const hurried = await rotate({ alg: 'ES256', immediately: true })
  expect(hurried.json()).toMatchObject({ kid: key.kid, state: 'announced' })
  expect(Date.parse(hurried.json<Key>().activate_at) - Date.now()).toBeLessThan(15_500)
  const event = await stage.database.prisma.auditEvent.findFirst({
    where: { type: 'signing_key.created', actorVia: 'admin_api' },
  })
  expect(event?.detail).toMatchObject({ kid: key.kid, alg: 'ES256' })
})

test('the only one that signs stays, and the attempt is recorded; with a replacement it goes (AD-05)', async () => {
  const { kid } = await active('EdDSA')
  expect(problemOf(await retire(kid))).toEqual(problem(409, 'last_signing_key'))
  expect((await active('EdDSA')).kid).toBe(kid)
  const denied = await stage.database.prisma.auditEvent.findFirst({ where: { type: 'admin.denied' } })
  expect(denied?.detail).toMatchObject({ operation: 'retireSigningKey', problem: 'last_signing_key' })
  const answer = await retire(kid, { replace: true, reason: 'its backup was lost' })
  expect(answer.json()).toMatchObject({ kid, state: 'retired' })
  expect((await active('EdDSA')).kid).not.toBe(kid)
  const event = await stage.database.prisma.auditEvent.findFirst({ where: { type: 'signing_key.retired' } })
  expect(event?.detail).toEqual({ kid, alg: 'EdDSA', reason: 'its backup was lost' })
  expect((await retire(kid)).json()).toMatchObject({ kid, state: 'retired' })
  expect(problemOf(await retire('unknown'))).toEqual(problem(404, 'not_found'))
})

test('an algorithm that is not ours is not valid', async () => {
  for (const alg of ['none', 'HS256', 'ES512', 1]) expect((await rotate({ alg })).status).toBe(422)
})
