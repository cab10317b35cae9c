import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { record, removeOldEvents, sealAll, sealEvents, sealLag } from '../../../src/audit/index.ts'
import { openAuditRoom } from './room.ts'
import type { AuditRoom } from './room.ts'

let room: AuditRoom

beforeEach(async () => {
  room = await openAuditRoom()
})

afterEach(() => room.close())

/** A link of no meaning, by an ordinary INSERT: no trigger refuses it. */
const linked = (position: number, eventId: number) =>
  room.database.pool.query(
    `INSERT INTO audit_links (position, event_id, digest, hash) VALUES ($1, $2, ''::bytea, ''::bytea)`,
    [position, eventId],
  )

/** As in a database from before the checks, or by somebody who may drop them. */
async function withoutChecks(): Promise<void> {
  await room.tamper('ALTER TABLE audit_links DROP CONSTRAINT audit_links_position_positive')
  await room.tamper('ALTER TABLE audit_events DROP CONSTRAINT audit_events_id_positive')
}

const forge = (id: number) =>
  room.database.pool.query(
    `INSERT INTO audit_events (id, type, user_id) VALUES ($1, 'consent.granted', 'victim')`,
    [id],
  )

const outside = (position: string, eventId: string) => ({
  ...{ ok: false, problem: 'link_outside', position, eventId },
})
const inserted = (eventId: string) => ({ ok: false, problem: 'event_inserted', position: null, eventId })

describe('what stands outside the audit chain', () => {
  test('is not below 1: neither an event nor a link', async () => {
    await expect(linked(0, 6)).rejects.toMatchObject({ code: '23514' })
    await expect(forge(-5)).rejects.toMatchObject({ code: '23514' })
  })

  test.each([-1, 0, 5000])(
    'a link at %d keeps no event to come out of the chain: it is named, and sealing stops aloud (AD-13)',
    async (position) => {
      await withoutChecks()
      await room.fill(5)
      await linked(position, 6)
      expect(await room.verify()).toEqual(outside(String(position), '6'))
      await record(room.database.prisma, { type: 'access.revoked', userId: 'victim' })
      await expect(sealEvents(room.database)).rejects.toThrow(`position ${position} for event 6`)
      expect(await sealLag(room.database.prisma)).toBeGreaterThan(0)
      expect(await room.verify()).toEqual(outside(String(position), '6'))
      await room.tamper('DELETE FROM audit_links WHERE event_id = 6')
      await sealAll(room.database)
      expect(await room.verify()).toMatchObject({ ok: true, position: '6' })
    },
  )

  test('a link where the next one belongs is named, and so by who cannot seal (AD-13)', async () => {
    await room.fill(5)
    await linked(6, 900)
    await record(room.database.prisma, { type: 'access.revoked', userId: 'victim' })
    await expect(sealAll(room.database)).rejects.toThrow('position 6 for event 900; see cardea audit verify')
    expect(await room.verify()).toEqual(outside('6', '900'))
  })

  test('an event put into a gap is not in the chain by a link at 0 (AD-13)', async () => {
    await withoutChecks()
    await room.fill(5)
    await room.database.pool.query(`SELECT nextval('audit_events_id_seq')`)
    await room.fill(5)
    await forge(6)
    await linked(0, 6)
    expect(await room.verify()).toEqual(outside('0', '6'))
    await room.tamper('DELETE FROM audit_links WHERE position = 0')
    expect(await room.verify()).toEqual(inserted('6'))
  })

  test('an event below the first id is named, however far below (AD-13)', async () => {
    await withoutChecks()
    await room.fill(5)
    for (const id of ['-5', '-9223372036854775808']) {
      await room.tamper(`INSERT INTO audit_events (id, type) VALUES ($1, 'consent.granted')`, [id])
      expect(await room.verify()).toEqual(inserted(id))
    }
  })

  test('what retention removed does not come back, with a link or without (AD-13)', async () => {
    await room.database.pool.query(
      `INSERT INTO audit_events (type, at) SELECT 'user.created', now() - interval '100 days' FROM generate_series(1, 10)`,
    )
    await room.fill(5)
    expect(await removeOldEvents({ ...room.database, sealer: room.sealer }, { days: 90 })).toMatchObject({
      removed: 10,
    })
    await sealAll(room.database)
    await forge(3)
    expect(await room.verify()).toEqual(inserted('3'))
    await linked(3, 3)
    expect(await room.verify()).toEqual(outside('3', '3'))
    await linked(4, 17)
    await record(room.database.prisma, { type: 'access.revoked', userId: 'victim' })
    await expect(sealAll(room.database)).rejects.toThrow('position 4 for event 17')
  })

  test('is not what a sealer appends while it is verified', async () => {
    await room.fill(60)
    const verifying = (async () => {
      for (let n = 0; n < 10; n += 1) expect(await room.verify()).toMatchObject({ ok: true })
    })()
    for (let n = 0; n < 60; n += 1) {
      await record(room.database.prisma, { type: 'user.created' })
      await sealEvents(room.databases[1])
    }
    await verifying
  })
})
