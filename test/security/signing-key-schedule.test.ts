import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createSealer } from '../../src/crypto/index.ts'
import { connectDatabase } from '../../src/db/index.ts'
import type { Database } from '../../src/db/index.ts'
import { ensureSigningKeys, keepKeysFresh, keyAges, listSigningKeys } from '../../src/oidc/index.ts'
import { createTestDatabase } from '../support/database.ts'

const DAY = 86_400
const schedule = { everySeconds: 90 * DAY, signedSeconds: DAY }
const sealer = createSealer([randomBytes(32)])

let databases: [Database, Database]
let database: Database
let drop: () => Promise<void>
beforeEach(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  const options = {
    ...{ url: made.url, poolMax: 6, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  }
  databases = [connectDatabase(options), connectDatabase(options)]
  database = databases[0]
  await ensureSigningKeys({ database, sealer })
})
afterEach(async () => {
  for (const one of databases) await one.close()
  await drop()
})

const look = (on = database, asked = schedule) => keepKeysFresh({ database: on, sealer }, asked)

/** As if this much time had passed for every key. */
async function pass(seconds: number): Promise<void> {
  await database.pool.query(
    `UPDATE signing_keys SET created_at = created_at - make_interval(secs => $1), activate_at = activate_at - make_interval(secs => $1),
       retire_at = retire_at - make_interval(secs => $1)`,
    [seconds],
  )
}

async function statesOf(alg: string): Promise<string[]> {
  return (await listSigningKeys(database.prisma)).filter((key) => key.alg === alg).map(({ state }) => state)
}

describe('signing keys follow their schedule by themselves (KY-03)', () => {
  test('announced a day before, signing on time, verifying as long as anything it signed lives, then erased', async () => {
    expect(await look()).toEqual([])
    await pass(89 * DAY - 60)
    expect(await look()).toEqual([])
    expect(await statesOf('ES256')).toEqual(['active'])
    await pass(120)
    expect((await look()).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256'])
    expect(await statesOf('ES256')).toEqual(['announced', 'active'])
    expect(await look()).toEqual([])
    await pass(DAY)
    expect(await statesOf('ES256')).toEqual(['active', 'retiring'])
    await pass(DAY - 60)
    await look()
    expect(await statesOf('ES256')).toEqual(['active', 'retiring'])
    await pass(300)
    await look()
    expect(await statesOf('ES256')).toEqual(['active', 'retired'])
    const { rows } = await database.pool.query<{ sealed: string }>(
      'SELECT sealed_private AS sealed FROM signing_keys WHERE retired_at IS NOT NULL',
    )
    expect(rows.map(({ sealed }) => sealed)).toEqual(['', '', ''])
  })

  test('a key stays longer when tokens are made to live longer after its end was planned, and never shorter', async () => {
    const ends = async () =>
      (
        await database.prisma.signingKey.findFirst({ where: { alg: 'ES256', retireAt: { not: null } } })
      )?.retireAt?.getTime() ?? 0
    await pass(89 * DAY + 60)
    await look()
    const planned = await ends()
    await look(database, { ...schedule, signedSeconds: 2 * DAY })
    expect(await ends()).toBe(planned + DAY * 1000)
    await look()
    expect(await ends()).toBe(planned + DAY * 1000)
  })

  test('done by two instances at the same moment it is done once', async () => {
    await pass(95 * DAY)
    const done = await Promise.all(Array.from({ length: 6 }, (_, nth) => look(databases[nth % 2])))
    expect(done.flat().toSorted()).toEqual(['ES256', 'EdDSA', 'RS256'])
    expect(await statesOf('RS256')).toEqual(['announced', 'active'])
  })

  test('an instance that was paused for months does not rotate twice', async () => {
    await pass(400 * DAY)
    await look(databases[0])
    expect(await look(databases[1])).toEqual([])
    expect(await statesOf('RS256')).toEqual(['announced', 'active'])
  })

  test('with a schedule of 0 nothing is rotated, and how old a key is can still be told', async () => {
    await pass(400 * DAY)
    const never = { ...schedule, everySeconds: 0 }
    expect(await look(database, never)).toEqual([])
    const ages = await keyAges(database.prisma, 0)
    expect(ages.map(({ alg, announced, dueInSeconds }) => [alg, announced, dueInSeconds])).toEqual([
      ['ES256', false, null],
      ['EdDSA', false, null],
      ['RS256', false, null],
    ])
    expect(Math.round((ages[0]?.ageSeconds ?? 0) / DAY)).toBe(400)
  })

  test('that rotation is overdue shows as a negative number of days', async () => {
    await pass(100 * DAY)
    const [first] = await keyAges(database.prisma, schedule.everySeconds)
    expect(Math.round((first?.dueInSeconds ?? 0) / DAY)).toBe(-10)
  })
})
