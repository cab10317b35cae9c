import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  chainHead,
  checkpointSigner,
  record,
  sealAll,
  signCheckpoint,
  verifyChain,
} from '../../../src/audit/index.ts'
import type { FindKey } from '../../../src/audit/index.ts'
import { newKey, openAuditRoom } from './room.ts'
import type { AuditRoom } from './room.ts'

let room: AuditRoom

beforeEach(async () => {
  room = await openAuditRoom()
  await room.fill(12)
  await room.fill(8)
})

afterEach(() => room.close())

/** The hash of a link, computed in SQL alone: what a forger with the database and the source can do. */
const rehash = `UPDATE audit_links l SET hash = sha256(
    coalesce((SELECT p.hash FROM audit_links p WHERE p.position = l.position - 1), decode(repeat('00', 32), 'hex'))
    || l.digest) WHERE l.position = $1`

async function rehashFrom(position: number): Promise<void> {
  for (let p = position; p <= 20; p += 1) await room.tamper(rehash, [p])
  await room.tamper(
    'UPDATE audit_chain SET hash = (SELECT hash FROM audit_links ORDER BY audit_links.position DESC LIMIT 1)',
  )
}

describe('the check of the audit chain', () => {
  test('finds nothing in a chain that nobody touched, and says how far it is signed', async () => {
    const { hash } = await chainHead(room.database)
    expect(await room.verify()).toEqual({
      ...{ ok: true, position: '20', hash, checkpoints: 2, signedUpTo: '20' },
      removed: null,
    })
  })

  test('names an event of which anything was edited: what, who, whom, when, by which request (AD-13)', async () => {
    await room.tamper('CREATE TABLE untouched AS SELECT * FROM audit_events')
    for (const edit of [
      `detail = '{"n": 999}'`,
      `detail = '{}'`,
      `type = 'user.enabled'`,
      `at = at - interval '1 millisecond'`,
      ...['user_id', 'client_id', 'grant_id', 'session_uid', 'ip', 'request_id'].map(
        (column) => `${column} = 'x'`,
      ),
      ...['via', 'client_id', 'user_id', 'token'].map((column) => `actor_${column} = 'x'`),
    ]) {
      await room.tamper(`UPDATE audit_events SET ${edit} WHERE id = 5`)
      const named = { ok: false, problem: 'event_edited', position: '5', eventId: '5' }
      expect([edit, await room.verify()]).toEqual([edit, named])
      await room.tamper('DELETE FROM audit_events')
      await room.tamper('INSERT INTO audit_events SELECT * FROM untouched')
    }
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  test('names an event that was deleted (AD-13)', async () => {
    await room.tamper('DELETE FROM audit_events WHERE id = 9')
    expect(await room.verify()).toEqual({ ok: false, problem: 'event_missing', position: '9', eventId: '9' })
  })

  test('names the place of an event that was deleted together with its link (AD-13)', async () => {
    await room.tamper('DELETE FROM audit_events WHERE id = 9')
    await room.tamper('DELETE FROM audit_links WHERE event_id = 9')
    expect(await room.verify()).toEqual({ ok: false, problem: 'link_missing', position: '9', eventId: null })
  })

  test('tells two events that were exchanged, by content or by link, from edited ones (AD-13)', async () => {
    await room.tamper(
      `UPDATE audit_events e SET detail = o.detail, at = o.at FROM audit_events o
       WHERE (e.id = 4 AND o.id = 6) OR (e.id = 6 AND o.id = 4)`,
    )
    const moved = { ok: false, problem: 'event_moved', position: '4' }
    expect(await room.verify()).toEqual({ ...moved, eventId: '4' })
    await room.tamper(
      `UPDATE audit_events e SET detail = o.detail, at = o.at FROM audit_events o
       WHERE (e.id = 4 AND o.id = 6) OR (e.id = 6 AND o.id = 4)`,
    )
    expect(await room.verify()).toMatchObject({ ok: true })
    await room.tamper('ALTER TABLE audit_links DROP CONSTRAINT audit_links_pkey')
    await room.tamper('UPDATE audit_links SET position = 10 - position WHERE position IN (4, 6)')
    // Their positions were exchanged, and with them everything of the links but the order.
    expect(await room.verify()).toEqual({ ok: false, problem: 'event_moved', position: '4', eventId: '6' })
  })

  test('names the first event whose links were exchanged but for their hashes (AD-13)', async () => {
    await room.tamper('DROP INDEX audit_links_event_id_key')
    await room.tamper(
      `UPDATE audit_links l SET event_id = o.event_id, digest = o.digest FROM audit_links o
       WHERE (l.position = 4 AND o.position = 6) OR (l.position = 6 AND o.position = 4)`,
    )
    expect(await room.verify()).toEqual({ ok: false, problem: 'event_moved', position: '4', eventId: '6' })
  })

  test('names an event that was put among the old ones (AD-13)', async () => {
    await room.tamper('DELETE FROM audit_events WHERE id = 3')
    await room.tamper(`UPDATE audit_events SET id = 3 WHERE id = 20`)
    expect(await room.verify()).toEqual({ ok: false, problem: 'event_edited', position: '3', eventId: '3' })
  })

  test('names an event that is in no link although its id is settled (AD-13)', async () => {
    await room.database.pool.query("SELECT setval('audit_events_id_seq', 30)")
    await room.fill(1)
    await room.tamper("INSERT INTO audit_events (id, type) VALUES (25, 'user.created')")
    await sealAll(room.database)
    expect(await room.verify()).toEqual({
      ...{ ok: false, problem: 'event_inserted', position: null, eventId: '25' },
    })
  })

  test('names an event that was linked in between, with everything behind it moved up (AD-13)', async () => {
    await room.database.pool.query("SELECT setval('audit_events_id_seq', 30)")
    await room.tamper("INSERT INTO audit_events (id, type) VALUES (25, 'user.created')")
    await room.tamper('UPDATE audit_links SET position = position + 1000 WHERE position >= 10')
    await room.tamper(
      `INSERT INTO audit_links SELECT 10, 25, sha256('x'), sha256('y')
       UNION ALL SELECT position - 999, event_id, digest, hash FROM audit_links WHERE false`,
    )
    await room.tamper('UPDATE audit_links SET position = position - 999 WHERE position > 1000')
    await room.tamper('UPDATE audit_chain SET position = 21')
    expect(await room.verify()).toMatchObject({ ok: false, position: '10', eventId: '25' })
  })

  test('names a link whose hash was edited (AD-13)', async () => {
    await room.tamper("UPDATE audit_links SET hash = sha256('x') WHERE position = 7")
    expect(await room.verify()).toEqual({ ok: false, problem: 'link_broken', position: '7', eventId: '7' })
  })

  test('names the checkpoint that a chain rewritten to its end contradicts (AD-13)', async () => {
    await room.tamper("UPDATE audit_links SET digest = sha256('x') WHERE position = 14")
    await rehashFrom(14)
    // The link agrees with itself now; the event does not.
    expect(await room.verify()).toEqual({ ok: false, problem: 'event_edited', position: '14', eventId: '14' })
    // Somebody who runs our own code over a changed history makes it agree in everything but the signatures.
    await room.tamper('DELETE FROM audit_links')
    await room.tamper(`UPDATE audit_events SET detail = '{}' WHERE id = 14`)
    await room.tamper(
      "UPDATE audit_chain SET position = 0, hash = decode(repeat('00', 32), 'hex'), settled = 0, candidate = 20",
    )
    await sealAll(room.database)
    expect(await room.verify()).toEqual({
      ...{ ok: false, problem: 'checkpoint_contradicts', position: '20', eventId: null },
    })
  })

  test('refuses a checkpoint by a key that is not trusted, or of a kind that is none (AD-13)', async () => {
    await room.fill(1)
    const own = newKey()
    const { rows } = await room.database.pool.query<{ signature: string }>(
      'SELECT signature FROM audit_checkpoints WHERE position = 12',
    )
    const [header = ''] = rows[0]?.signature.split('.') ?? []
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
    await room.tamper('DELETE FROM audit_checkpoints WHERE position = 21')
    await signCheckpoint(room.database, checkpointSigner([{ ...own.privateJwk, kid }]), { always: true })
    const forged = { ok: false, problem: 'checkpoint_forged', position: '21', eventId: null }
    expect(await room.verify()).toEqual(forged)
    // Nor where the forger's public key was put in the place of ours: the id is made from the key.
    const replaced: FindKey = (id) => (id === kid ? { jwk: own.publicJwk, proven: true } : null)
    await room.tamper('DELETE FROM audit_checkpoints WHERE position < 21')
    expect(await verifyChain(room.database, { findKey: replaced })).toEqual(forged)
    for (const edit of [
      "signature = replace(signature, '.', '')",
      `signature = '${rows[0]?.signature ?? ''}'`,
      "signature = 'eyJhbGciOiJub25lIn0.e30.'",
      "signature = ''",
    ]) {
      await room.tamper(`UPDATE audit_checkpoints SET ${edit} WHERE position = 21`)
      expect(await room.verify()).toEqual(forged)
    }
  })

  test('takes no key for ours whose id is not made from it, and wants the newest checkpoint by a proven one (AD-13)', async () => {
    const check = (findKey: FindKey) => verifyChain(room.database, { findKey })
    const other = newKey()
    expect(await check(() => ({ jwk: other.publicJwk, proven: true }))).toMatchObject({
      ...{ problem: 'checkpoint_forged', position: '12' },
    })
    const retired: FindKey = (kid) => ({ jwk: room.findKey(kid)?.jwk ?? other.publicJwk, proven: false })
    expect(await check(retired)).toMatchObject({ problem: 'checkpoint_unproven', position: '20' })
    await record(room.database.prisma, { type: 'user.created' })
    await sealAll(room.database)
    await signCheckpoint(room.database, checkpointSigner([other.privateJwk]), { always: true })
    const rotated: FindKey = (kid) =>
      kid === other.kid ? { jwk: other.publicJwk, proven: true } : retired(kid)
    expect(await check(rotated)).toMatchObject({ ok: true, checkpoints: 3, signedUpTo: '21' })
  })

  test('sees that the end was cut off, with or without the note of where it was (AD-13)', async () => {
    await room.tamper('DELETE FROM audit_links WHERE position > 18')
    await room.tamper('DELETE FROM audit_events WHERE id > 18')
    await room.tamper('DELETE FROM audit_checkpoints WHERE position > 18')
    expect(await room.verify()).toEqual({ ok: false, problem: 'head_changed', position: '18', eventId: null })
    await room.tamper(
      'UPDATE audit_chain c SET position = 18, hash = (SELECT hash FROM audit_links l WHERE l.position = 18), settled = 18',
    )
    // Nothing in the database tells any more; a head noted elsewhere does.
    expect(await room.verify()).toMatchObject({ ok: true, position: '18' })
  })

  test('sees that the note of where the end is was set back, or away (AD-13)', async () => {
    await room.tamper(
      'UPDATE audit_chain c SET position = 18, hash = (SELECT hash FROM audit_links l WHERE l.position = 18)',
    )
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'head_changed', position: '18' })
    await room.tamper("UPDATE audit_chain c SET position = 20, hash = sha256('x')")
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'head_changed', position: '20' })
    await room.tamper('DELETE FROM audit_chain')
    await expect(sealAll(room.database)).rejects.toThrow('lost its head')
    expect(await room.verify()).toMatchObject({ ok: false, problem: 'head_changed', position: '0' })
  })

  test('holds the chain against a head that was noted elsewhere', async () => {
    const { position, hash } = await chainHead(room.database)
    await room.fill(3)
    const against = (known: { position: string; hash: string }) =>
      verifyChain(room.database, { findKey: room.findKey, known })
    expect(await against({ position, hash })).toMatchObject({ ok: true })
    expect(await against({ position, hash: '00'.repeat(32) })).toMatchObject({ problem: 'head_changed' })
    expect(await against({ position: '99', hash })).toMatchObject({ problem: 'head_changed', position: '99' })
  })
})

describe('the audit tables', () => {
  test.each(['audit_events', 'audit_links', 'audit_checkpoints'])(
    'refuse to change or remove a row of %s, unless it is retention that removes',
    async (table) => {
      const { pool } = room.database
      const column = table === 'audit_events' ? 'type = type' : 'hash = hash'
      for (const sql of [`UPDATE ${table} SET ${column}`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
        await expect(pool.query(sql)).rejects.toMatchObject({ code: '23001' })
      const client = await pool.connect()
      await client.query("BEGIN; SET LOCAL cardea.audit_retention = 'on'")
      expect((await client.query(`DELETE FROM ${table}`)).rowCount).toBeGreaterThan(0)
      await client.query('ROLLBACK')
      client.release()
    },
  )
})
