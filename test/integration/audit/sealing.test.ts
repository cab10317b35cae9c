import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  exportEvents,
  listEvents,
  record,
  sealAll,
  sealEvents,
  signCheckpoint,
} from '../../../src/audit/index.ts'
import type { KnownHead, ListedEvent } from '../../../src/audit/index.ts'
import { startSealing } from '../../../src/jobs/index.ts'
import { openAuditRoom } from './room.ts'
import type { AuditRoom } from './room.ts'

let room: AuditRoom

beforeEach(async () => {
  room = await openAuditRoom()
})

afterEach(() => room.close())

async function links(): Promise<{ position: number; event_id: number }[]> {
  const { rows } = await room.database.pool.query<{ position: number; event_id: number }>(
    'SELECT position::int, event_id::int FROM audit_links ORDER BY position',
  )
  return rows
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 200) throw new Error('it did not come to pass')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('the sealer', () => {
  test('takes events in the order in which they become visible, one that commits late included', async () => {
    const { pool, prisma } = room.database
    const late = await pool.connect()
    await late.query("BEGIN; INSERT INTO audit_events (type) VALUES ('user.created')")
    await record(prisma, { type: 'user.enabled' })
    await sealAll(room.database)
    expect(await links()).toEqual([{ position: 1, event_id: 2 }])
    await late.query('COMMIT')
    late.release()
    await sealAll(room.database)
    expect(await links()).toEqual([
      { position: 1, event_id: 2 },
      { position: 2, event_id: 1 },
    ])
    expect(await room.verify()).toMatchObject({ ok: true, position: '2' })
  })

  test('makes no writer wait: events are written while a seal is under way, and sealed while a write is', async () => {
    const [one, other] = room.databases
    await record(one.prisma, { type: 'user.created' })
    const writer = await one.pool.connect()
    await writer.query("BEGIN; INSERT INTO audit_events (type) VALUES ('user.enabled')")
    // The sealer's whole transaction, up to its commit, while the writer holds its own open.
    const sealer = await other.pool.connect()
    await sealer.query('BEGIN; SELECT * FROM audit_chain FOR UPDATE')
    await sealer.query(
      `INSERT INTO audit_links SELECT 1, id, sha256('d'), sha256('h') FROM audit_events; UPDATE audit_chain SET position = 1`,
    )
    // Now three more, each in a transaction of its own: one that waited would wait for us.
    for (let n = 0; n < 3; n += 1) await record(one.prisma, { type: 'user.disabled' })
    await writer.query('COMMIT')
    await sealer.query('ROLLBACK')
    writer.release()
    sealer.release()
    await sealAll(other)
    expect(await links()).toHaveLength(5)
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  test('is one at a time: two instances that seal at once make one chain', async () => {
    const write = async (n: number) => {
      const [a, b] = room.databases
      for (let i = 0; i < 40; i += 1)
        await record((i % 2 ? a : b).prisma, { type: 'user.created', detail: { n, i } })
    }
    let writing = true
    const seal = async (database: AuditRoom['database'], wait: boolean) => {
      let sealed = 0
      while (writing) sealed += (await sealEvents(database, { batch: 7, wait })).sealed
      return sealed
    }
    const sealers = [
      seal(room.databases[0], false),
      seal(room.databases[1], true),
      seal(room.databases[1], false),
    ]
    await Promise.all([write(1), write(2), write(3)])
    writing = false
    const counts = await Promise.all(sealers)
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1)
    await sealAll(room.database)
    expect((await links()).map(({ position }) => position)).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    )
    await signCheckpoint(room.database, room.sign)
    expect(await room.verify()).toMatchObject({ ok: true, position: '120', checkpoints: 1 })
  })

  test('leaves it to the other one when that is at it', async () => {
    await record(room.database.prisma, { type: 'user.created' })
    const client = await room.databases[1].pool.connect()
    await client.query('BEGIN; SELECT * FROM audit_chain FOR UPDATE')
    expect(await sealEvents(room.database)).toEqual({ sealed: 0, more: false, busy: true })
    await client.query('ROLLBACK')
    client.release()
    expect(await sealEvents(room.database)).toEqual({ sealed: 1, more: false, busy: false })
  })

  test('goes on where it was, in batches, and leaves nothing half done when it fails', async () => {
    for (let n = 0; n < 25; n += 1)
      await record(room.database.prisma, { type: 'user.created', detail: { n } })
    expect(await sealEvents(room.database, { batch: 10 })).toEqual({ sealed: 10, more: true, busy: false })
    await room.tamper("INSERT INTO audit_links VALUES (15, 999, 'x', 'y')")
    await expect(sealEvents(room.database, { batch: 10 })).rejects.toThrow('position 15 for event 999')
    expect((await links()).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15])
    await room.tamper('DELETE FROM audit_links WHERE position = 15')
    await sealAll(room.database)
    expect(await room.verify()).toMatchObject({ ok: true, position: '25' })
  })
})

describe('checkpoints', () => {
  test('are signed when the head has moved on and the last one is old, and not twice', async () => {
    await room.fill(1)
    await record(room.database.prisma, { type: 'user.created' })
    await sealAll(room.database)
    const nothing = { ok: true, signed: null }
    expect(await signCheckpoint(room.database, room.sign)).toEqual(nothing)
    await room.tamper("UPDATE audit_checkpoints SET at = at - interval '61 seconds'")
    const both = await Promise.all(room.databases.map((database) => signCheckpoint(database, room.sign)))
    expect(both).toContainEqual({ ok: true, signed: { position: '2', hash: expect.any(String) } })
    expect(await signCheckpoint(room.database, room.sign, { always: true })).toEqual(nothing)
    expect(await room.verify()).toMatchObject({ ok: true, checkpoints: 2, signedUpTo: '2' })
  })
})

describe('the sealing job', () => {
  test('signs the head although nobody can be asked to tell of the events, and asks although it cannot be signed', async () => {
    const signed: KnownHead[] = []
    const errors: string[] = []
    let asked = 0
    const stop = startSealing(room.database, {
      signer: () => Promise.resolve(room.sign),
      onSigned: (head) => signed.push(head),
      onSealed: () => {
        asked += 1
        return Promise.reject(new Error('nobody asked'))
      },
      onError: (error) => errors.push(String(error)),
      everyMs: 20,
    })
    await record(room.database.prisma, { type: 'user.created' })
    await eventually(() => signed.length === 1 && errors.length > 0)
    expect(errors[0]).toBe('Error: nobody asked')
    await room.tamper("UPDATE audit_checkpoints SET at = at - interval '61 seconds'")
    await room.tamper("UPDATE audit_links SET hash = sha256('x')")
    await record(room.database.prisma, { type: 'user.created' })
    await eventually(() => errors.some((error) => error.includes('no longer passes')))
    const before = asked
    await eventually(() => asked > before)
    await stop()
  })

  test('seals and signs by itself, and signs no chain that was rewritten behind it', async () => {
    const signed: KnownHead[] = []
    const errors: string[] = []
    const stop = startSealing(room.database, {
      signer: () => Promise.resolve(room.sign),
      onSigned: (head) => signed.push(head),
      onError: (error) => errors.push(String(error)),
      everyMs: 20,
    })
    await record(room.database.prisma, { type: 'user.created' })
    await eventually(() => signed.length === 1)
    expect(await room.verify()).toMatchObject({ ok: true, ...signed[0], checkpoints: 1 })
    await room.tamper("UPDATE audit_checkpoints SET at = at - interval '61 seconds'")
    await room.tamper("UPDATE audit_links SET hash = sha256('x')")
    await record(room.database.prisma, { type: 'user.created' })
    await eventually(() => errors.length > 0)
    await stop()
    expect(errors[0]).toContain('no longer passes through position 1')
    expect(signed).toHaveLength(1)
    const { rowCount } = await room.database.pool.query('SELECT FROM audit_checkpoints')
    expect(rowCount).toBe(1)
  })
})

describe('a follower of the audit events', () => {
  test('sees each once, also those whose transactions commit late (AD-11)', async () => {
    const [reader, writer] = room.databases
    const writers = Array.from({ length: 5 }, async (_, n) => {
      for (let i = 0; i < 30; i += 1)
        await writer.transaction(async (tx) => {
          await record(tx, { type: 'user.created', detail: { n, i } })
          // Ids and commits come in different orders.
          await tx.$executeRaw`SELECT pg_sleep(${Math.random() * 0.03})`
        })
    })
    const writing = new AbortController()
    const { signal: done } = writing
    const seen: ListedEvent[] = []
    let after: string | undefined
    const follow = async () => {
      const page = await listEvents(reader, { order: 'oldest', limit: 7, after })
      seen.push(...page.events)
      after = page.last ?? undefined
      return page.events.length
    }
    const following = (async () => {
      while (!done.aborted) {
        await sealEvents(reader)
        await follow()
      }
    })()
    await Promise.all(writers)
    writing.abort()
    await following
    expect(seen.length).toBeGreaterThan(10)
    await sealAll(reader)
    while ((await follow()) > 0);
    const ids = seen.map(({ id }) => Number(id))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(ids).toHaveLength(150)
    expect(new Set(ids).size).toBe(150)
  })

  test('is shown nothing behind a transaction that may still come before it', async () => {
    const { pool, prisma } = room.database
    await room.fill(2)
    const late = await pool.connect()
    await late.query("BEGIN; INSERT INTO audit_events (type) VALUES ('user.created')")
    await record(prisma, { type: 'user.enabled' })
    await sealAll(room.database)
    const ids = async (order: 'newest' | 'oldest') =>
      (await listEvents(room.database, { order, limit: 10 })).events.map(({ id }) => id)
    expect(await ids('oldest')).toEqual(['1', '2'])
    expect(await ids('newest')).toEqual(['4', '2', '1'])
    await late.query('COMMIT')
    late.release()
    await sealAll(room.database)
    expect(await ids('oldest')).toEqual(['1', '2', '3', '4'])
  })
})

describe('listing and exporting events', () => {
  test('finds by whom, about what, of which type and when, in both directions and in pages', async () => {
    const { database } = room
    const about = { userId: 'u1', clientId: 'c1', grantId: 'g1', sessionUid: 's1', ip: '192.0.2.1' }
    const actor = { via: 'admin_api', clientId: 'ac', userId: 'au', token: 'tok_x', requestId: 'r1' } as const
    await record(database.prisma, { type: 'user.created', ...about, actor, detail: { a: 1 } })
    await record(database.prisma, { type: 'user.disabled', userId: 'u2' })
    await record(database.prisma, { type: 'client.created', clientId: 'c2', actor: { via: 'cli' } })
    await room.fill(3, { type: 'sign_in.password_ok' })
    const find = async (query: object) =>
      (await listEvents(database, { limit: 10, ...query })).events.map(({ id }) => id)
    for (const [query, ids] of [
      [{ userId: 'u1' }, ['1']],
      [{ clientId: 'c2' }, ['3']],
      [{ grantId: 'g1' }, ['1']],
      [{ sessionUid: 's1' }, ['1']],
      [{ actorClientId: 'ac' }, ['1']],
      [{ actorUserId: 'au' }, ['1']],
      [{ actorUserId: 'nobody' }, []],
      [{ type: 'user.disabled' }, ['2']],
      [{ typePrefix: 'user.' }, ['2', '1']],
      [{ typePrefix: 'user.', order: 'oldest' }, ['1', '2']],
      [{ typePrefix: 'nothing.' }, []],
      [{ typePrefix: 'user.', userId: 'u2', type: 'user.disabled' }, ['2']],
      [{ from: new Date(Date.now() + 60_000) }, []],
      [{ to: new Date(Date.now() - 60_000) }, []],
      [{ from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000), clientId: 'c1' }, ['1']],
    ] as const)
      expect([query, await find(query)]).toEqual([query, ids])
    expect((await listEvents(database, { limit: 1, userId: 'u1' })).events).toEqual([
      {
        ...{ id: '1', at: expect.stringMatching(/Z$/), type: 'user.created' },
        ...{ user_id: 'u1', client_id: 'c1', grant_id: 'g1', session_id: 's1', ip: '192.0.2.1' },
        actor: { via: 'admin_api', client_id: 'ac', user_id: 'au', token: 'tok_x' },
        ...{ request_id: 'r1', detail: { a: 1 } },
        chain: { position: '1', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
    ])
    const first = await listEvents(database, { limit: 4 })
    expect(first).toMatchObject({ next: '3', last: '3' })
    const second = await listEvents(database, { limit: 4, after: '3' })
    expect(second.events.map(({ id }) => id)).toEqual(['2', '1'])
    expect(second.next).toBeNull()
  })

  test('reads an export batch by batch, as it is taken, up to the events there were at its beginning', async () => {
    await room.fill(10)
    const { pool } = room.database
    let queries = 0
    const counting = {
      pool: new Proxy(pool, {
        get(target, name) {
          if (name === 'query') queries += 1
          return Reflect.get(target, name, target) as unknown
        },
      }),
    }
    const batches = exportEvents(counting, { batch: 3 })
    expect((await batches.next()).value).toHaveLength(3)
    const afterOne = queries
    await room.fill(5)
    expect(queries).toBe(afterOne)
    const sizes: number[] = []
    for await (const batch of batches) sizes.push(batch.length)
    expect(sizes).toEqual([3, 3, 1])
    expect(queries).toBe(afterOne + 3)
  })

  test('reads a span of time out of a long history, all of it and nothing else', async () => {
    const { pool } = room.database
    // One event a minute for a week, each a little out of order, as transactions of different lengths leave them.
    await pool.query(
      `INSERT INTO audit_events (type, at) SELECT 'user.created',
         '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 minute' - (n % 7) * interval '5 minutes'
       FROM generate_series(1, 10080) n`,
    )
    await sealAll(room.database)
    const [from, to] = [new Date('2026-01-03T10:00:00Z'), new Date('2026-01-04T10:00:00Z')]
    const { rows } = await pool.query<{ id: string }>(
      'SELECT id::text FROM audit_events WHERE at >= $1 AND at < $2 ORDER BY audit_events.id',
      [from, to],
    )
    const exported: string[] = []
    for await (const batch of exportEvents(room.database, { from, to, batch: 100 }))
      exported.push(...batch.map(({ id }) => id))
    expect(exported).toEqual(rows.map(({ id }) => id))
    expect(exported.length).toBeGreaterThan(1400)
    expect(await room.verify()).toMatchObject({ ok: true, position: '10080' })
  })
})
