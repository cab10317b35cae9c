import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rotateClientSecret } from '../../src/clients/index.ts'
import { basic } from '../support/http-client.ts'
import { addClient, machineClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer({ instances: 2 })))
afterAll(() => server.stop())

/** What each instance answers to this secret, in the header and in the form. */
async function answersTo(id: string, secret: string): Promise<number[]> {
  const asked = server.instances.flatMap((at) => [
    at.ask('/introspect', { body: { token: 'x' }, headers: basic(id, secret) }),
    at.ask('/introspect', { body: { token: 'x', client_id: id, client_secret: secret } }),
  ])
  return (await Promise.all(asked)).map(({ status }) => status)
}

const everywhere = (status: number) => [status, status, status, status]

async function rotate(id: string, overlapSeconds?: number): Promise<string> {
  const options = overlapSeconds === undefined ? {} : { overlapSeconds }
  const rotated = await server.database.transaction((tx) => rotateClientSecret(tx, id, options))
  if (!rotated.ok) throw new Error(rotated.reason)
  return rotated.secret
}

const machine = () => addClient(server, { metadata: machineClient })

test('the old secret and the new are both good until the overlap is over, on every instance (CA-09)', async () => {
  const { id, secret } = await machine()
  const next = await rotate(id, 2)
  expect(await answersTo(id, secret)).toEqual(everywhere(200))
  expect(await answersTo(id, next)).toEqual(everywhere(200))
  await sleep(2100)
  expect(await answersTo(id, secret)).toEqual(everywhere(401))
  expect(await answersTo(id, next)).toEqual(everywhere(200))
})

test('without an overlap the old secret is worth nothing at once (CA-09)', async () => {
  const { id, secret } = await machine()
  const next = await rotate(id)
  expect(await answersTo(id, secret)).toEqual(everywhere(401))
  expect(await answersTo(id, next)).toEqual(everywhere(200))
})

test('a second rotation ends the overlap of the first: two secrets are good, never three (CA-09)', async () => {
  const { id, secret } = await machine()
  const second = await rotate(id, 3600)
  const third = await rotate(id, 3600)
  expect(await answersTo(id, secret)).toEqual(everywhere(401))
  expect(await answersTo(id, second)).toEqual(everywhere(200))
  expect(await answersTo(id, third)).toEqual(everywhere(200))
  const fourth = await rotate(id, 0)
  for (const old of [second, third]) expect(await answersTo(id, old)).toEqual(everywhere(401))
  expect(await answersTo(id, fourth)).toEqual(everywhere(200))
})

test('rotations at the same moment leave two good secrets at most, and the last is one of them (CA-09)', async () => {
  const { id, secret } = await machine()
  const made = await Promise.all(Array.from({ length: 6 }, () => rotate(id, 3600)))
  const good = await Promise.all([secret, ...made].map(async (one) => (await answersTo(id, one))[0] === 200))
  expect(good.filter(Boolean)).toHaveLength(2)
})

test('neither digests nor both secrets together open anything, and none is stored (CA-09)', async () => {
  const { id, secret } = await machine()
  const next = await rotate(id, 3600)
  const row = await server.database.prisma.client.findUniqueOrThrow({ where: { id } })
  const digests = [row.secretDigest ?? '', row.previousSecretDigest ?? '']
  expect(new Set(digests).size).toBe(2)
  for (const guess of [...digests, digests.join('.'), `${secret}.${next}`, `${next}.${secret}`, '.', ''])
    expect(await answersTo(id, guess)).not.toContain(200)
  const { rows } = await server.database.pool.query<{ row: string }>('SELECT c::text AS row FROM clients c')
  for (const one of [secret, next]) expect(rows.map(({ row: text }) => text).join()).not.toContain(one)
})

test.each([-1, 1.5, Number.NaN, 30 * 86_400 + 1])(
  'an overlap of %p seconds is none',
  async (overlapSeconds) => {
    const { id, secret } = await machine()
    await expect(rotateClientSecret(server.database.prisma, id, { overlapSeconds })).rejects.toThrow(
      RangeError,
    )
    expect(await answersTo(id, secret)).toEqual(everywhere(200))
  },
)
