import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { record, sealAll } from '../../../src/audit/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

type Event = { id: string; type: string; chain?: { position: string }; [member: string]: unknown }
type Page = { items: Event[]; next_cursor: string | null }

let stage: AdminStage
let token: string

beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token({ scopes: ['audit:read'] })
  const actor = { via: 'admin_api', clientId: 'console', userId: 'boss', requestId: 'r-1' } as const
  await record(stage.database.prisma, { type: 'user.disabled', userId: 'pat', ip: '192.0.2.1', actor })
  for (let n = 0; n < 5; n += 1)
    await record(stage.database.prisma, { type: 'sign_in.password_failed', detail: { n } })
  await sealAll(stage.database)
})
afterAll(() => stage.stop())

const page = async (path: string): Promise<Page> => (await stage.ask(path, { token })).json<Page>()
const idsOf = ({ items }: Page) => items.map(({ id }) => id)

describe('audit events over the admin API', () => {
  test('are listed with who did it, the newest first, in pages (AD-11)', async () => {
    const answer = await stage.ask('/v1/audit/events?limit=4', { token })
    expect(answer.status).toBe(200)
    const first = answer.json<Page>()
    expect(idsOf(first)).toEqual(['6', '5', '4', '3'])
    const second = await stage.ask(/<([^>]+)>; rel="next"/.exec(String(answer.headers.link))?.[1] ?? '', {
      token,
    })
    expect(second.headers.link).toBeUndefined()
    const { items, next_cursor: next } = second.json<Page>()
    expect(next).toBeNull()
    expect(items.map(({ id }) => id)).toEqual(['2', '1'])
    expect(items.at(-1)).toEqual({
      ...{ id: '1', type: 'user.disabled', user_id: 'pat', ip: '192.0.2.1', request_id: 'r-1', detail: {} },
      actor: { via: 'admin_api', client_id: 'console', user_id: 'boss' },
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      chain: { position: '1', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  test('are found by every filter, and by several at once', async () => {
    for (const [query, ids] of [
      ['user_id=pat', ['1']],
      ['actor_user_id=boss&actor_client_id=console', ['1']],
      ['actor_user_id=boss&type=user.enabled', []],
      ['client_id=x', []],
      ['grant_id=x', []],
      ['session_id=x', []],
      ['type=user.disabled', ['1']],
      ['type_prefix=sign_in.&order=oldest&limit=2', ['2', '3']],
      ['after_id=4&order=oldest', ['5', '6']],
      ['after_id=6&order=oldest', []],
      ['from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z', []],
      ['from=2026-01-01T00:00:00Z&limit=1', ['6']],
    ] as const)
      expect([query, idsOf(await page(`/v1/audit/events?${query}`))]).toEqual([query, ids])
  })

  test('refuse filters that cannot be meant, with 400 and never a 5xx', async () => {
    for (const query of [
      'user_id=',
      'user_id=%00',
      'type=a%20b',
      'from=yesterday',
      'from=2026-01-01',
      'order=random',
      'after_id=-1',
      'after_id=9999999999999999999999',
      'user=pat',
      'limit=0',
      'limit=1000',
      'cursor=x',
    ]) {
      const answer = await stage.ask(`/v1/audit/events?${query}`, { token })
      expect([query, answer.status, answer.headers['content-type']]).toEqual([
        ...[query, 400, 'application/problem+json'],
      ])
    }
  })

  test('are exported one a line, the oldest first, all of the filter', async () => {
    const answer = await stage.ask('/v1/audit/events.ndjson?type_prefix=sign_in.', { token })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
    const lines = answer.text.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => (JSON.parse(line) as Event).id)).toEqual(['2', '3', '4', '5', '6'])
    const listed = await page('/v1/audit/events?order=oldest&after_id=5')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual(listed.items[0])
    expect((await stage.ask('/v1/audit/events.ndjson?user_id=nobody', { token })).text).toBe('')
  })

  test('are exported whole, however many they are', async () => {
    await stage.database.pool.query(
      `INSERT INTO audit_events (type, client_id) SELECT 'client.updated', 'big' FROM generate_series(1, 5000)`,
    )
    await sealAll(stage.database)
    const { text } = await stage.ask('/v1/audit/events.ndjson?client_id=big', { token })
    const ids = text
      .split('\n')
      .slice(0, -1)
      .map((line) => Number((JSON.parse(line) as Event).id))
    expect(ids).toEqual(Array.from({ length: 5000 }, (_, n) => n + 7))
  })

  test('tell the head of their chain', async () => {
    const head = (await stage.ask('/v1/audit/head', { token })).json()
    const { rows } = await stage.database.pool.query<{ position: string; hash: string }>(
      "SELECT position::text, encode(hash, 'hex') AS hash FROM audit_links ORDER BY audit_links.position DESC LIMIT 1",
    )
    expect(head).toEqual({ ...rows[0], checkpoint: null })
  })
})

describe('a change that cannot be recorded', () => {
  test('does not happen: 503, and nothing changed (AD-13)', async () => {
    const { pool, prisma } = stage.database
    const all = stage.token()
    const user = await stage.addUser()
    await pool.query(
      `CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
       CREATE TRIGGER disk_full BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION disk_full()`,
    )
    const etag = String((await stage.ask(`/v1/users/${user.id}`, { token: all })).headers.etag)
    const count = await prisma.user.count()
    const changes = [
      { path: '/v1/users', ask: { json: { email: 'nobody@example.com' } } },
      { path: `/v1/users/${user.id}/disable`, ask: { method: 'POST' } },
      {
        path: `/v1/users/${user.id}`,
        ask: { method: 'PATCH', json: { name: 'New' }, headers: { 'if-match': etag } },
      },
      { path: `/v1/users/${user.id}`, ask: { method: 'DELETE', headers: { 'if-match': etag } } },
    ]
    for (const { path, ask } of changes) {
      const answer = await stage.ask(path, { token: all, ...ask })
      expect([ask, answer.status, answer.headers['retry-after']]).toEqual([ask, 503, expect.anything()])
    }
    // Nor is a denial told that nobody would hear of.
    const denied = await stage.ask(`/v1/users`, { token, json: { email: 'x@example.com' } })
    await pool.query('DROP TRIGGER disk_full ON audit_events')
    expect(denied.status).toBe(503)
    expect(await prisma.user.count()).toBe(count)
    expect(await prisma.user.findUnique({ where: { id: user.id } })).toMatchObject({
      name: 'Pat',
      disabledAt: null,
    })
    expect((await stage.ask(`/v1/users/${user.id}/disable`, { token: all, method: 'POST' })).status).toBe(200)
  })
})
