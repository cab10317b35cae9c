import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sealedColumns, shortLived } from '../../../src/cli/reseal/sealed-columns.ts'
import { createSealer, parseKeyring, randomSecret } from '../../../src/crypto/index.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { redeem, signIn } from '../../support/sign-in.ts'
import { createTestDatabase } from '../../support/database.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { cardeaHere } from './command.ts'

const [keyA, keyB] = [randomSecret(), randomSecret()]
const env = { CARDEA_ISSUER: 'http://localhost:4998', CARDEA_COOKIE_KEYS: randomSecret() }

let url: string
let drop: () => Promise<void>
let running: TestServer[]
beforeEach(async () => {
  ;({ url, drop } = await createTestDatabase())
  running = []
})
afterEach(async () => {
  for (const server of running) await server.stop()
  await drop()
})

async function serverWith(keyring: string): Promise<TestServer> {
  const server = await startTestServer({ databaseUrl: url, env: { ...env, CARDEA_KEYRING: keyring } })
  running.push(server)
  return server
}

const reseal = (keyring: string, ...args: string[]) =>
  cardeaHere(['keys', 'reseal', '--json', ...args], {
    env: { ...env, CARDEA_MODE: 'production', CARDEA_KEYRING: keyring, DATABASE_URL: url },
  })
type Outcome = { dry_run: boolean; tables: Record<string, { resealed: number; unreadable: string[] }> }

describe('cardea keys reseal', () => {
  test('frees what there is from the old key: seeds and signing keys work with the new one alone', async () => {
    const before = await serverWith(keyA)
    const [person, client] = [await addPerson(before), await addClient(before)]
    const both = `${keyB},${keyA}`
    const counted = (await reseal(both, '--dry-run')).json() as Outcome
    expect(counted).toMatchObject({ dry_run: true, tables: { totp_credentials: { resealed: 1 } } })
    const done = await reseal(both)
    expect(done.code).toBe(0)
    expect((done.json() as Outcome).tables).toEqual(counted.tables)
    const again = (await reseal(both)).json() as Outcome
    for (const { resealed, unreadable } of Object.values(again.tables))
      expect([resealed, unreadable]).toEqual([0, []])

    const after = await serverWith(keyB)
    expect((await redeem(after, client, await signIn(after, client, person))).status).toBe(200)
    expect((await after.ask('/jwks')).text).toBe((await before.ask('/jwks')).text)
    const events = await after.database.prisma.auditEvent.findMany({
      where: { type: 'sealing_keys.changed' },
    })
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({
      actorVia: 'cli',
      detail: expect.objectContaining({ totp_credentials: 1 }),
    })
  })

  test('leaves alone what was erased: a mail that was sent, a key that was retired', async () => {
    const { database } = await serverWith(keyA)
    await database.pool.query(
      `INSERT INTO mails (id, template, language, recipient, sealed_data, state, expires_at)
       VALUES (gen_random_uuid(), 'security-notice', 'en', 'ada@example.com', '', 'sent', now())`,
    )
    await database.pool.query(
      `UPDATE signing_keys SET sealed_private = '', retired_at = now() WHERE alg = 'EdDSA'`,
    )
    const outcome = await reseal(`${keyB},${keyA}`)
    expect(outcome.code).toBe(0)
    expect((outcome.json() as Outcome).tables['mails']).toEqual({ resealed: 0, unreadable: [] })
  })

  test('while servers with either order of keys go on serving (FT-24)', async () => {
    const old = await serverWith(`${keyA},${keyB}`)
    const renewed = await serverWith(`${keyB},${keyA}`)
    const client = await addClient(old)
    const people = [await addPerson(old), await addPerson(renewed), await addPerson(old)]
    const [outcome] = await Promise.all([
      reseal(`${keyB},${keyA}`),
      ...people.map((person, n) => signIn(n % 2 === 0 ? renewed : old, client, person)),
    ])
    expect(outcome.code).toBe(0)
    for (const person of people) await signIn(old, client, person)
  })

  test('names what no key of the ring opens, changes nothing of it, and goes on with the rest', async () => {
    const before = await serverWith(keyA)
    const { id } = await addPerson(before)
    await addPerson(before)
    const stranger = createSealer(parseKeyring(randomSecret()))
    const credential = await before.database.prisma.totpCredential.findFirstOrThrow({ where: { userId: id } })
    const sealedSeed = stranger.seal('ABC', `totp_credentials:${credential.id}`)
    await before.database.prisma.totpCredential.update({ where: { id: credential.id }, data: { sealedSeed } })
    const outcome = await reseal(`${keyB},${keyA}`)
    expect(outcome.code).toBe(1)
    expect((outcome.json() as Outcome).tables['totp_credentials']).toEqual({
      resealed: 1,
      unreadable: [credential.id],
    })
    expect(
      await before.database.prisma.totpCredential.findFirst({ where: { id: credential.id } }),
    ).toMatchObject({
      sealedSeed,
    })
  })

  test('knows every sealed column that the database has', async () => {
    const server = await serverWith(keyA)
    const { rows } = await server.database.pool.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name LIKE 'sealed\\_%'`,
    )
    const known = [...sealedColumns.map(({ table, column }) => `${table}.${column}`), ...shortLived]
    expect(rows.map(({ name }) => name).toSorted()).toEqual(known.toSorted())
  })
})
