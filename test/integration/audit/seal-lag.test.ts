import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openWriters, record, sealAll, sealEvents, sealLag } from '../../../src/audit/index.ts'
import { examineSealing } from '../../../src/cli/doctor-sealing.ts'
import { openAuditRoom } from './room.ts'
import type { AuditRoom } from './room.ts'

let room: AuditRoom

beforeEach(async () => {
  room = await openAuditRoom()
})

afterEach(() => room.close())

/** An event of five minutes ago. */
const OLD = "INSERT INTO audit_events (type, at) VALUES ('user.disabled', now() - interval '5 minutes')"

describe('how far sealing is behind', () => {
  test('is the age of the oldest event, where nobody seals: the doctor says so', async () => {
    const { database } = room
    expect(await examineSealing(database)).toEqual({ what: 'audit', ok: true, said: 'sealed, 0 s behind' })
    await database.pool.query(OLD)
    await record(database.prisma, { type: 'user.enabled' })
    expect(await sealLag(database.prisma)).toBeGreaterThanOrEqual(300)
    expect(await examineSealing(database)).toMatchObject({
      ...{ ok: false, said: expect.stringMatching(/^not sealed for \d+ minutes/) },
      remedy: expect.stringContaining('cardea worker'),
    })
    await sealAll(database)
    expect(await sealLag(database.prisma)).toBe(0)
    expect(await examineSealing(database)).toMatchObject({ ok: true })
  })

  test('counts what is sealed and kept from being final by a transaction that somebody left open: the doctor names it', async () => {
    const { database } = room
    const forgotten = await database.pool.connect()
    await forgotten.query("BEGIN; INSERT INTO audit_events (type) VALUES ('user.created')")
    const { rows } = await forgotten.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await database.pool.query(OLD)
    for (let turn = 0; turn < 4; turn += 1) await sealEvents(database)
    expect(await database.prisma.auditLink.count()).toBe(1)
    expect(await sealLag(database.prisma)).toBeGreaterThanOrEqual(300)
    expect(await openWriters(database.prisma)).toEqual([{ pid: rows[0]?.pid, gid: null }])
    expect(await examineSealing(database)).toMatchObject({
      ...{ ok: false, said: expect.stringMatching(/transaction that is open .* \d+ minutes/) },
      remedy: expect.stringContaining(`pg_terminate_backend(${rows[0]?.pid})`),
    })
    await forgotten.query('ROLLBACK')
    forgotten.release()
    await sealAll(database)
    expect(await sealLag(database.prisma)).toBe(0)
    expect(await openWriters(database.prisma)).toEqual([])
  })
})
