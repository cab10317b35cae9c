import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage

beforeAll(async () => {
  stage = await startAdmin()
  await stage.database.prisma.$executeRaw`
    INSERT INTO users (id, email, updated_at)
    SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'u' || n || '@example.com', now()
    FROM generate_series(1, 100000) n`
}, 60_000)
afterAll(() => stage.stop())

test('a hundred thousand users are paged while others are added: none twice, none lost (AD-11)', async () => {
  const token = stage.token()
  const seen: string[] = []
  let path: string | undefined = '/v1/users?limit=200'
  let added = 0
  while (path !== undefined) {
    const answer = await stage.ask(path, { token })
    const { items } = answer.json<{ items: { id: string }[] }>()
    seen.push(...items.map(({ id }) => id))
    if (seen.length % 5000 === 0 && added < 10) {
      added += 1
      await stage.addUser()
    }
    const link: string | undefined = String(answer.headers.link ?? '')
    path = /<([^>]+)>; rel="next"/.exec(link)?.[1]
  }
  expect(seen).toHaveLength(100_000 + added)
  expect(new Set(seen).size).toBe(seen.length)
}, 120_000)
