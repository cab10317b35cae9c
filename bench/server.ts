// Our server as production runs it, in a process of its own, with every statement it sends to the database counted.
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import pg from 'pg'
import { reportUsage } from './reporter.ts'

const counted = { statements: 0, roundTrips: 0 }

type Query = (this: pg.Client, ...args: unknown[]) => unknown
// Prisma and our own statements meet in this method; the driver sends one at a time and waits for its answer.
const query = Reflect.get(pg.Client.prototype, 'query') as Query
pg.Client.prototype.query = function counting(this: pg.Client, ...args: unknown[]) {
  counted.roundTrips += 1
  const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text?: string }).text
  if (!/^(BEGIN|COMMIT|ROLLBACK)/i.test(text ?? '')) counted.statements += 1
  return query.apply(this, args)
} as typeof pg.Client.prototype.query

reportUsage(() => counted)
// As src/main.ts does both.
setFlagsFromString('--semi-space-growth-factor=1')
enableCompileCache(new URL('../node_modules/.cache/compile', import.meta.url).pathname)
const { startServer } = await import('../src/serve/index.ts')
const code = await startServer({ env: process.env, defaultMode: 'production' })
process.exit(code)
