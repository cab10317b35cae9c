import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

type Webhook = {
  webhook_id: string
  url: string
  status: string
  event_types: string[]
  previous_secrets_until: string[]
  secret: string
}

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

const create = (json: object) => stage.ask('/v1/webhooks', { token, json })
const created = async (json: object = {}) =>
  (await create({ url: 'https://hooks.example/cardea', ...json })).json<Webhook>()
const read = (id: string) => stage.ask(`/v1/webhooks/${id}`, { token })
const patch = (id: string, json: object, tag = '*') =>
  stage.ask(`/v1/webhooks/${id}`, { method: 'PATCH', token, json, headers: { 'if-match': tag } })
const post = (id: string, what: string, json?: object) =>
  stage.ask(`/v1/webhooks/${id}/${what}`, { method: 'POST', token, json })
const set = (id: string, columns: string) =>
  stage.database.pool.query(`UPDATE webhook_endpoints SET ${columns} WHERE id = $1`, [id])

describe('where a webhook may be (server-side request forgery)', () => {
  test.each([
    'https://127.0.0.1/hook',
    'https://[::1]/hook',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://192.168.1.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://localhost/',
    'https://sub.localhost/',
    'https://localhost./',
    'ftp://hooks.example/',
    'file:///etc/passwd',
    'https://user:pass@hooks.example/',
    'https://hooks.example/#part',
    'hooks.example',
  ])('%s is not taken, neither at first nor later', async (url) => {
    const answer = await create({ url })
    expect([answer.status, answer.json<{ errors: object[] }>().errors]).toEqual([
      422,
      [{ pointer: '/url', detail: expect.any(String) }],
    ])
    const { webhook_id: id } = await created()
    expect((await patch(id, { url })).status).toBe(422)
    expect((await read(id)).json<Webhook>().url).toBe('https://hooks.example/cardea')
  })

  test('what the operator allowed is', async () => {
    for (const url of ['http://hooks.internal/', 'https://10.1.2.3:8443/hook', 'https://8.8.8.8/'])
      expect((await create({ url })).status).toBe(201)
  })

  test('event types are types, beginnings of types, or all', async () => {
    for (const types of [['user.*', 'access.revoked'], ['*']])
      expect((await created({ event_types: types })).event_types).toEqual(types)
    for (const types of [[], ['user*'], ['User.x'], ['*.x'], [''], ["x'--"], ['users.disabled'], ['users.*']])
      expect((await create({ url: 'https://hooks.example/', event_types: types })).status).toBe(422)
  })
})

describe('secrets', () => {
  test('are shown once, and are nowhere else (AD-08)', async () => {
    const { webhook_id: id, secret } = await created()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const rotated = (await post(id, 'secret', { overlap_seconds: 3600 })).json<Webhook>()
    expect(rotated.secret).not.toBe(secret)
    const tables = ['webhook_endpoints', 'audit_events', 'graphile_worker._private_jobs', 'idempotency_keys']
    const rows = await Promise.all(
      tables.map(async (table) =>
        JSON.stringify((await stage.database.pool.query(`SELECT * FROM ${table}`)).rows),
      ),
    )
    const shown = [(await read(id)).text, (await stage.ask('/v1/webhooks', { token })).text]
    for (const text of [...rows, ...shown, stage.log.join('')])
      for (const one of [secret, rotated.secret]) expect(text).not.toContain(one)
  })

  test('that are replaced stay good as long as asked for, a day unless told otherwise, a week at most', async () => {
    const { webhook_id: id } = await created()
    const until = async (json?: object) =>
      (await post(id, 'secret', json)).json<Webhook>().previous_secrets_until.map((end) => Date.parse(end))
    const near = (seconds: number) => Math.abs(seconds) < 60_000
    const [end = 0] = await until()
    expect(near(end - Date.now() - 86_400_000)).toBe(true)
    // No older secret lives longer than it was told, whatever is rotated after it.
    expect(await until({ overlap_seconds: 604_800 })).toHaveLength(2)
    expect(Math.min(...(await until({ overlap_seconds: 604_800 })))).toBe(end)
    expect(await until({ overlap_seconds: 0 })).toEqual([])
    expect((await post(id, 'secret', { overlap_seconds: 604_801 })).status).toBe(422)
  })
})

describe('how a webhook does', () => {
  test('changes nothing about its entity tag, so that settings can be written on top of what was read (AD-10)', async () => {
    const { webhook_id: id } = await created()
    const tag = String((await read(id)).headers['etag'])
    await set(id, "failing_since = now(), failures = 3, next_attempt_at = now() + interval '1 hour'")
    expect((await read(id)).json()).toMatchObject({
      ...{ status: 'failing', failing_since: expect.any(String), next_attempt_at: expect.any(String) },
    })
    expect((await patch(id, { description: 'x' }, tag)).status).toBe(200)
    expect((await patch(id, { description: 'y' }, tag)).status).toBe(412)
  })

  test('goes on at once after a pause when an operator says so, from where it was', async () => {
    const { webhook_id: id } = await created()
    await set(
      id,
      "failing_since = now(), failures = 9, paused_at = now(), next_attempt_at = now() + interval '1 day', cursor = 1",
    )
    expect((await read(id)).json<Webhook>().status).toBe('paused')
    expect((await post(id, 'resume')).json()).toMatchObject({ status: 'active', failing_since: null })
    const { rows } = await stage.database.pool.query(
      'SELECT cursor::int, next_attempt_at <= now() AS due FROM webhook_endpoints WHERE id = $1',
      [id],
    )
    expect(rows).toEqual([{ cursor: 1, due: true }])
  })

  test('is in the log of its attempts, page by page, newest first, of nobody else', async () => {
    const [one, other] = [await created(), await created()]
    await stage.database.pool.query(
      `INSERT INTO webhook_deliveries (endpoint_id, message_id, event_type, duration_ms, status, error)
       SELECT id, 'evt_' || n, 'user.updated', 1, 500, 'http_500' FROM generate_series(1, 5) n, unnest($1::uuid[]) id ORDER BY n`,
      [[one.webhook_id, other.webhook_id]],
    )
    type Page = { items: { message_id: string }[]; next_cursor: string | null }
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const path = `/v1/webhooks/${one.webhook_id}/deliveries?limit=2${query}`
      const page: Page = (await stage.ask(path, { token })).json<Page>()
      seen.push(...page.items.map(({ message_id }) => message_id))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(['evt_5', 'evt_4', 'evt_3', 'evt_2', 'evt_1'])
  })
})

describe('who hears events has to be allowed to read them', () => {
  test('without audit:read nobody says where they go, nor gets a secret; stopping is free (AD-02)', async () => {
    const { webhook_id: id } = await created()
    const weak = stage.token({ scopes: ['webhooks:write', 'webhooks:read'] })
    const change = (json: object) =>
      stage.ask(`/v1/webhooks/${id}`, { method: 'PATCH', token: weak, json, headers: { 'if-match': '*' } })
    const act = (what: string) => stage.ask(`/v1/webhooks/${id}/${what}`, { method: 'POST', token: weak })
    const refused = [
      await stage.ask('/v1/webhooks', { token: weak, json: { url: 'https://mine.example/' } }),
      await change({ url: 'https://mine.example/' }),
      await change({ event_types: ['*'] }),
      await change({ disabled: false }),
      await act('secret'),
      await act('resume'),
    ]
    for (const { status, headers } of refused)
      expect([status, headers['www-authenticate']]).toEqual([403, expect.stringContaining('audit:read')])
    expect((await change({ disabled: true, description: 'stopped' })).status).toBe(200)
    expect((await read(id)).json()).toMatchObject({ url: 'https://hooks.example/cardea', status: 'disabled' })
  })

  test('resume lets one go on that a 410 disabled, and none that an operator did', async () => {
    const { webhook_id: id } = await created()
    await set(id, 'disabled_at = now(), failing_since = now(), failures = 1, cursor = 1')
    expect((await post(id, 'resume')).json()).toMatchObject({ status: 'active' })
    await set(id, 'failing_since = now(), failures = 1')
    await patch(id, { disabled: true })
    expect((await post(id, 'resume')).status).toBe(409)
    const at = async () => {
      const { rows } = await stage.database.pool.query<{ cursor: number }>(
        'SELECT cursor::int FROM webhook_endpoints WHERE id = $1',
        [id],
      )
      return rows[0]?.cursor
    }
    await stage.database.pool.query('UPDATE audit_chain SET settled = 7')
    await patch(id, { disabled: false })
    expect(await at()).toBe(1)
    await patch(id, { skip_missed: true })
    expect(await at()).toBe(7)
  })
})
