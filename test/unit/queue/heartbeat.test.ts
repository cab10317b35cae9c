import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { Pool } from '../../../src/db/index.ts'
import { startHeartbeat } from '../../../src/queue/heartbeat.ts'

type Statement = { query_timeout?: number; text: string; values: unknown[] }

/** A database that takes statements and never answers, until it is let go. */
function frozenPool() {
  const asked: Statement[] = []
  const waiting: (() => void)[] = []
  const query = (statement: Statement) => {
    asked.push(statement)
    return new Promise((resolve) => waiting.push(() => resolve({ rows: [] })))
  }
  return { asked, waiting, pool: { query } as unknown as Pool }
}

test('while the database is frozen one beat waits, for a bounded time, and a stop does not wait for it (FT-03)', async () => {
  const { asked, pool } = frozenPool()
  const heartbeat = startHeartbeat({ pool, beatMs: 5, onTrouble: () => undefined })
  for (const name of ['one', 'two', 'three']) heartbeat.add(name)
  await sleep(100)
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ query_timeout: 5000 })
  const startedAt = performance.now()
  await heartbeat.stop()
  expect(performance.now() - startedAt).toBeLessThan(10_000)
}, 20_000)

test('a name that is added while a beat is under way is told by the one that follows at once', async () => {
  const { asked, waiting, pool } = frozenPool()
  const heartbeat = startHeartbeat({ pool, beatMs: 60_000, onTrouble: () => undefined })
  heartbeat.add('one')
  heartbeat.add('two')
  const names = () => asked.filter(({ text }) => text.startsWith('INSERT')).map(({ values }) => values[1])
  for (let tries = 0; tries < 200 && names().length < 2; tries += 1) {
    waiting.shift()?.()
    await sleep(5)
  }
  expect(names().at(-1)).toEqual(['one', 'two'])
  const goodbye = heartbeat.stop()
  for (let nth = 0; nth < 10; nth += 1) {
    waiting.shift()?.()
    await sleep(1)
  }
  await goodbye
})
