import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { handleOf } from '../../../src/oidc/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

type Page = { items: Record<string, unknown>[]; next_cursor: string | null }
const get = (path: string) => stage.ask(path, { token })

/** The names of everything on all pages of a list; `meanwhile` is done every ten pages. */
async function pages(path: string, meanwhile: (nth: number) => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}limit=200`
  for (let nth = 0; next !== undefined; nth += 1) {
    const answer = await get(next)
    expect(answer.status).toBe(200)
    seen.push(...answer.json<Page>().items.map((item) => String(item['handle'] ?? item['client_id'])))
    if (nth % 10 === 0) await meanwhile(nth)
    next = /<([^>]+)>; rel="next"/.exec(String(answer.headers.link ?? ''))?.[1]
  }
  return seen
}

function expectEach(seen: string[], there: string[]): void {
  const found = new Set(seen)
  expect(found.size).toBe(seen.length)
  expect(there).toHaveLength(100_000)
  expect(there.filter((one) => !found.has(one))).toEqual([])
}

describe('paging through 100,000 while more come in (AD-11)', () => {
  test('clients: none twice, none lost', async () => {
    const insert = (from: number, to: number) =>
      stage.database.pool.query<{ id: string }>(
        `INSERT INTO clients (id, name, metadata, updated_at)
         SELECT 'c_' || md5(n::text), 'Client ' || n, '{"redirect_uris": [], "post_logout_redirect_uris": [],
           "grant_types": [], "token_endpoint_auth_method": "none", "application_type": "web"}', now()
         FROM generate_series($1::int, $2::int) n RETURNING id`,
        [from, to],
      )
    const { rows } = await insert(1, 100_000)
    const seen = await pages('/v1/clients', (nth) => insert(200_000 + nth * 10, 200_009 + nth * 10))
    expectEach(
      seen,
      rows.map(({ id }) => id),
    )
  }, 120_000)

  test("a client's tokens, its users' and its own: none twice, none lost", async () => {
    const clientId = await madeClient(stage)
    const { id: userId } = await stage.addUser()
    const insert = async (seed: string, grants: number, perGrant: number, own: number) => {
      await stage.database.pool.query(
        `INSERT INTO grants (id, user_id, client_id, payload, expires_at)
         SELECT md5($1 || n), $2::uuid, $3, '{}', now() + interval '1 hour' FROM generate_series(1, $4::int) n`,
        [seed, userId, clientId, grants],
      )
      const { rows } = await stage.database.pool.query<{ digest: Buffer }>(
        `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
         SELECT sha256(($1 || g || '-' || n)::bytea), 'RefreshToken', md5($1 || g), $3, $2::uuid, '{}'::jsonb,
           now() + interval '1 hour' FROM generate_series(1, $4::int) g, generate_series(1, $5::int) n
         UNION ALL SELECT sha256(($1 || 'own' || n)::bytea), 'ClientCredentials', NULL, $3, NULL, '{}'::jsonb,
           now() + interval '1 hour' FROM generate_series(1, $6::int) n RETURNING digest`,
        [seed, userId, clientId, grants, perGrant, own],
      )
      return rows.map(({ digest }) => handleOf(digest))
    }
    const there = await insert('first', 1000, 60, 40_000)
    // What PostgreSQL does by itself a minute after so many rows came in at once.
    await stage.database.pool.query('ANALYZE')
    expectEach(
      await pages(`/v1/tokens?client_id=${clientId}`, (nth) => insert(`later${nth}`, 2, 3, 4)),
      there,
    )
  }, 120_000)

  test('a cursor that was changed, or made for another list, is refused (AD-11)', async () => {
    await Promise.all([madeClient(stage), madeClient(stage)])
    const first = (await get('/v1/clients?limit=1')).json<Page>().next_cursor ?? ''
    expect((await get(`/v1/clients?limit=1&cursor=${first}`)).status).toBe(200)
    const [position = '', seal = ''] = first.split('.')
    const other = Buffer.from('c_other').toString('base64url')
    for (const cursor of [`${other}.${seal}`, `${position}.`, position, `${first}x`, 'x'])
      expect((await get(`/v1/clients?limit=1&cursor=${cursor}`)).status).toBe(400)
    for (const path of ['/v1/grants', '/v1/sessions', '/v1/resource-servers', '/v1/signing-keys'])
      expect((await get(`${path}?cursor=${first}`)).status).toBe(400)
  })
})
