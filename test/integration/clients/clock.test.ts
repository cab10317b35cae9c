import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { rotateClientSecret } from '../../../src/clients/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { openTestDatabase } from '../../support/database.ts'

let database: Database
let close: () => Promise<void>
beforeAll(async () => {
  const own = await openTestDatabase({ poolMax: 2 })
  database = own.database
  close = own.close
})
afterEach(() => {
  jest.useRealTimers()
})
afterAll(async () => {
  await close()
})

const HOUR = 3_600_000

/** Our clock, so much away from the database's. Timers go on as they do. */
function setOurClockOff(ms: number): void {
  const now = Date.now.bind(Date)
  jest.useFakeTimers({
    now: now() + ms,
    doNotFake: [
      ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
      ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
    ],
  })
}

test.each([HOUR, -HOUR])(
  "a new client's tokens count from its first moment on, whatever our clock says (%d ms off)",
  async (off) => {
    setOurClockOff(off)
    const id = await madeClient({ database })
    jest.useRealTimers()
    const { rows } = await database.pool.query<{ counts: boolean; past: boolean }>(
      `SELECT clock_timestamp() > tokens_not_before AS counts,
         clock_timestamp() - interval '1 minute' < tokens_not_before AS past FROM clients WHERE id = $1`,
      [id],
    )
    expect(rows).toEqual([{ counts: true, past: true }])
  },
)

test.each([HOUR, -HOUR])(
  'an overlap ends by the clock of the database, whatever ours says (%d ms off, CA-09)',
  async (off) => {
    const id = await madeClient({ database })
    setOurClockOff(off)
    await rotateClientSecret(database.prisma, id, { overlapSeconds: 100 })
    jest.useRealTimers()
    const { rows } = await database.pool.query<{ left: number }>(
      `SELECT extract(epoch FROM previous_secret_expires_at - clock_timestamp())::float8 AS left FROM clients WHERE id = $1`,
      [id],
    )
    expect(rows[0]?.left).toBeGreaterThan(90)
    expect(rows[0]?.left).toBeLessThanOrEqual(100)
  },
)
