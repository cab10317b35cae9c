import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  chainHead,
  exportEvents,
  listEvents,
  removeOldEvents,
  resealFloor,
  sealAll,
  signCheckpoint,
  verifyChain,
} from '../../../src/audit/index.ts'
import { createSealer, parseKeyring, randomSecret } from '../../../src/crypto/index.ts'
import type { Sealer } from '../../../src/crypto/index.ts'
import { openAuditRoom } from './room.ts'
import type { AuditRoom } from './room.ts'

let room: AuditRoom

beforeEach(async () => {
  room = await openAuditRoom()
})

afterEach(() => room.close())

/** Events that happened so many days ago, sealed and signed for. */
async function happened(count: number, daysAgo: number): Promise<void> {
  await room.database.pool.query(
    `INSERT INTO audit_events (type, at, detail)
     SELECT 'user.created', now() - make_interval(days => $2) + n * interval '1 millisecond', '{}' FROM generate_series(1, $1::int) n`,
    [count, daysAgo],
  )
  await sealAll(room.database)
  await signCheckpoint(room.database, room.sign, { always: true })
}

const remove = (options: { days?: number; batch?: number } = {}) =>
  removeOldEvents({ ...room.database, sealer: room.sealer }, { days: 90, ...options })

async function removeAll(batch?: number): Promise<number> {
  for (let removed = 0; ;) {
    const step = await remove(batch === undefined ? {} : { batch })
    removed += step.removed
    if (!step.more) return removed
  }
}

async function left(): Promise<{ events: number; links: number; first: string | null }> {
  await sealAll(room.database)
  const { rows } = await room.database.pool.query<{ events: number; links: number; first: string | null }>(
    `SELECT (SELECT count(*) FROM audit_events)::int AS events, (SELECT count(*) FROM audit_links)::int AS links,
       (SELECT min(position) FROM audit_links)::text AS first`,
  )
  return rows[0] ?? { events: -1, links: -1, first: null }
}

describe('retention', () => {
  test('removes what is too old, and what is left proves itself and says where it begins (AD-13)', async () => {
    await happened(10, 100)
    await happened(6, 10)
    await happened(2, 0)
    expect(await removeAll()).toBe(10)
    expect(await left()).toEqual({ events: 9, links: 9, first: '11' })
    expect(await room.verify()).toMatchObject({ ok: true, position: '19', removed: { upTo: '10' } })
    const { events } = await listEvents(room.database, { type: 'audit.events_removed', limit: 5 })
    expect(events).toMatchObject([{ detail: { up_to: '10', count: 10 }, actor: { via: 'system' } }])
  })

  test('goes on in batches, each of them proven (AD-13)', async () => {
    await happened(10, 100)
    await happened(3, 0)
    expect(await remove({ batch: 4 })).toEqual({ removed: 4, more: true })
    await sealAll(room.database)
    expect(await room.verify()).toMatchObject({ ok: true, removed: { upTo: '4' } })
    expect(await removeAll(4)).toBe(6)
    await sealAll(room.database)
    expect(await room.verify()).toMatchObject({ ok: true, removed: { upTo: '10' } })
  })

  test('removes only a beginning of the chain: behind an event of today nothing, however old it says it is', async () => {
    await happened(5, 200)
    await happened(1, 0)
    await happened(5, 100)
    await happened(1, 0)
    expect(await removeAll()).toBe(5)
    expect(await removeAll()).toBe(0)
    expect(await left()).toMatchObject({ events: 8, first: '6' })
    expect(await room.verify()).toMatchObject({ ok: true, removed: { upTo: '5' } })
  })

  test('leaves what no checkpoint stands behind, and a young prefix altogether', async () => {
    await room.database.pool.query(
      `INSERT INTO audit_events (type, at, detail) SELECT 'user.created', now() - interval '100 days', '{}' FROM generate_series(1, 5)`,
    )
    await sealAll(room.database)
    expect(await removeAll()).toBe(0)
    await signCheckpoint(room.database, room.sign, { always: true })
    // The signed place itself stays: the signature is checked against it.
    expect(await removeAll()).toBe(4)
    expect(await left()).toMatchObject({ first: '5' })
    await sealAll(room.database)
    expect(await room.verify()).toMatchObject({ ok: true, checkpoints: 1 })
  })

  test('keeps at least thirty days, whatever is asked', async () => {
    await expect(remove({ days: 29 })).rejects.toThrow('30 days')
    await expect(remove({ days: Number.NaN })).rejects.toThrow('30 days')
  })

  test('at two instances at once removes each event once (FT-07)', async () => {
    await happened(40, 100)
    await happened(1, 0)
    const both = await Promise.all(
      room.databases.map((database) =>
        removeOldEvents({ ...database, sealer: room.sealer }, { days: 90, batch: 100 }),
      ),
    )
    expect(both.reduce((sum, { removed }) => sum + removed, 0)).toBe(40)
    await sealAll(room.database)
    expect(await room.verify()).toMatchObject({ ok: true, removed: { upTo: '40' } })
  })

  test('is no cover: who removes more, or edits what was said of it, is named (AD-13)', async () => {
    await happened(10, 100)
    await happened(6, 10)
    await removeAll()
    await sealAll(room.database)
    await room.tamper('DELETE FROM audit_events WHERE id = 12')
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'event_missing', position: '12' })
    await room.tamper('DELETE FROM audit_links WHERE position IN (11, 12)')
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'link_missing', position: '11' })
    const hash = "(SELECT encode(hash, 'hex') FROM audit_links WHERE position = 13)"
    await room.tamper('DELETE FROM audit_events WHERE id <= 13')
    await room.tamper(
      `UPDATE audit_events SET detail = detail || jsonb_build_object('up_to', '13', 'hash', ${hash}) WHERE type = 'audit.events_removed'`,
    )
    await room.tamper('DELETE FROM audit_links WHERE position <= 13')
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'event_edited' })
  })

  test('is no cover for who has the database alone: a removal that retention did not record is named (AD-13)', async () => {
    await happened(10, 100)
    await happened(6, 40)
    await happened(2, 0)
    /** What the server's own role can do, and what it records of it. */
    const removeAsRetention = async (upTo: number, record: string) => {
      const client = await room.database.pool.connect()
      await client.query(`BEGIN; SET LOCAL cardea.audit_retention = 'on'`)
      const { rows } = await client.query<{ hash: string }>(
        `SELECT encode(hash, 'hex') AS hash FROM audit_links WHERE position = $1`,
        [upTo],
      )
      await client.query('DELETE FROM audit_events WHERE id <= $1', [upTo])
      await client.query('DELETE FROM audit_links WHERE position <= $1', [upTo])
      await client.query(
        `INSERT INTO audit_events (type, actor_via, detail) VALUES ('audit.events_removed', 'system', ${record})`,
        [String(upTo), rows[0]?.hash],
      )
      await client.query('COMMIT')
      client.release()
      await sealAll(room.database)
    }
    const said = (before: string) =>
      `jsonb_build_object('up_to', $1::text, 'hash', $2::text, 'count', 1, 'before', ${before})`
    const old = said(`now() - interval '90 days'`)
    await removeAsRetention(7, old)
    const forged = { ok: false, problem: 'removal_forged', position: '7', eventId: '19' }
    expect(await room.verify()).toEqual(forged)
    // Nor with the seal left unopened, where there is no key ring; and retention does not go on from there.
    expect(await verifyChain(room.database, { findKey: room.findKey })).toEqual(forged)
    await expect(remove()).rejects.toThrow('removal_forged, event 19')
    const stranger = createSealer(parseKeyring(randomSecret()))
    for (const [upTo, sealer, problem] of [
      [8, stranger, 'removal_unproven'],
      [9, room.sealer, 'removal_forged'],
    ] as const) {
      const seal = sealer.seal('{}', 'audit.events_removed')
      await removeAsRetention(upTo, `${old} || '{"seal": "${seal}"}'`)
      expect(await room.verify()).toMatchObject({ ok: false, problem, position: String(upTo) })
      await expect(remove()).rejects.toThrow(problem)
    }
    // Fewer than thirty days ago: retention never does that.
    await removeAsRetention(17, `${said('now()')} || '{"seal": "x"}'`)
    expect(await verifyChain(room.database, { findKey: room.findKey })).toMatchObject({
      ...{ ok: false, problem: 'removal_forged', position: '17' },
    })
  })

  test('removes nothing that was made to look old, and leaves it to be named (AD-13)', async () => {
    await happened(10, 100)
    await happened(3, 1)
    await happened(1, 0)
    await room.tamper(`UPDATE audit_events SET at = now() - interval '95 days' WHERE id IN (11, 12)`)
    await expect(remove()).rejects.toThrow('event_edited, position 11')
    expect(await left()).toMatchObject({ events: 14 })
  })

  test('says once more where the chain begins when the key ring changes, so that the old key may go', async () => {
    await happened(10, 100)
    await happened(6, 10)
    await removeAll()
    await sealAll(room.database)
    const key = randomSecret()
    const fresh = createSealer(parseKeyring(key))
    const check = (sealer: Sealer) => verifyChain(room.database, { findKey: room.findKey, sealer })
    const reseal = (sealer: Sealer, dryRun = false) =>
      resealFloor({ ...room.database, sealer }, { by: { actor: { via: 'cli' } }, dryRun })
    expect(await check(fresh)).toMatchObject({ problem: 'removal_unproven', position: '10' })
    expect(await reseal(fresh)).toEqual({ resealed: 0, unreadable: ['17'] })
    const both: Sealer = {
      ...fresh,
      open: (sealed, context) => (fresh.isCurrent(sealed) ? fresh : room.sealer).open(sealed, context),
    }
    expect(await reseal(both, true)).toEqual({ resealed: 1, unreadable: [] })
    expect(await reseal(both)).toEqual({ resealed: 1, unreadable: [] })
    expect(await reseal(both)).toEqual({ resealed: 0, unreadable: [] })
    await sealAll(room.database)
    expect(await check(fresh)).toMatchObject({ ok: true, removed: { upTo: '10' } })
  })

  test('holds the rest against a head noted later, and says of an older one that it is gone', async () => {
    await happened(10, 100)
    const older = await chainHead(room.database)
    await happened(6, 10)
    const newer = await chainHead(room.database)
    await removeAll()
    await sealAll(room.database)
    const against = ({ position, hash }: { position: string; hash: string }) =>
      verifyChain(room.database, { findKey: room.findKey, known: { position, hash } })
    expect(await against(newer)).toMatchObject({ ok: true })
    expect(await against(older)).toMatchObject({ ok: true })
    expect(await against({ ...older, hash: '0'.repeat(64) })).toMatchObject({ problem: 'head_changed' })
    expect(await against({ ...older, position: '9' })).toMatchObject({ problem: 'head_removed' })
  })

  test('does not disturb who reads, follows or verifies meanwhile', async () => {
    await happened(30, 100)
    await happened(5, 10)
    const reader = exportEvents(room.database, { batch: 10 })
    const first = await reader.next()
    const verifying = verifyChain(room.database, { findKey: room.findKey, batch: 3 })
    await removeAll(10)
    expect(await verifying).toMatchObject({ ok: true })
    const rest: string[] = []
    for await (const events of reader) rest.push(...events.map(({ id }) => id))
    expect((first.value ?? []).length).toBe(10)
    expect(rest.slice(-5)).toEqual(['31', '32', '33', '34', '35'])
  })
})
