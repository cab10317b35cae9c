// Begins a job of the kind `greet` and never ends it; says so. To be killed.
import { z } from 'zod'
import { connectDatabase } from '../../src/db/index.ts'
import { defineTask, perform, startWorker } from '../../src/queue/index.ts'

const { pool } = connectDatabase({
  ...{ url: process.argv[2] ?? '', poolMax: 4, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
  ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
})
startWorker({
  pool,
  work: [
    perform(defineTask('greet', z.strictObject({ name: z.string() })), () => {
      process.stdout.write('begun\n')
      return new Promise(() => undefined)
    }),
  ],
  onFailure: () => undefined,
  onTrouble: () => undefined,
})
