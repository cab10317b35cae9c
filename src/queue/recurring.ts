import { z } from 'zod'
import type { Db } from '../db/index.ts'
import { defineTask } from './task.ts'
import { expectTurn } from './turn.ts'
import { perform } from './worker.ts'
import type { Try, Work } from './worker.ts'

/**
 * A job that comes again: a turn is planned `everySeconds` after the last one, over all instances. Whichever process is free does it. A turn that
 * fails is told of and not tried again; the next one is planned as ever. One that resolves to `unfinished` is followed by the next at once.
 */
export function recurring(
  db: Db,
  {
    name,
    everySeconds,
    ...limits
  }: { name: string; everySeconds: number; timeoutSeconds: number; priority?: number },
  work: (attempt: Try) => Promise<'unfinished' | undefined> | Promise<void>,
): Work {
  const task = defineTask(name, z.strictObject({}), { maxAttempts: 1, ...limits })
  return {
    ...perform(task, async (_payload, attempt) => {
      if ((await work(attempt)) === 'unfinished')
        await expectTurn(db, task, {}, { name: 'next', inSeconds: 0, after: attempt.jobId })
    }),
    recurs: true,
    tend: () => expectTurn(db, task, {}, { name: 'next', inSeconds: everySeconds, keepTime: true }),
  }
}
