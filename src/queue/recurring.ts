import { z } from 'zod'
import type { Db } from '../db/index.ts'
import { defineTask } from './task.ts'
import { expectTurn } from './turn.ts'
import { perform } from './worker.ts'
import type { Try, Work } from './worker.ts'

/**
 * A job that comes again: a turn is planned `everySeconds` after the last one, over all instances. Whichever process is free does it. A turn that
 * fails is told of and not tried again; the next one is planned as ever.
 */
export function recurring(
  db: Db,
  {
    name,
    everySeconds,
    ...limits
  }: { name: string; everySeconds: number; timeoutSeconds: number; priority?: number },
  work: (attempt: Try) => Promise<void>,
): Work {
  const task = defineTask(name, z.strictObject({}), { maxAttempts: 1, ...limits })
  return {
    ...perform(task, (_payload, attempt) => work(attempt)),
    recurs: true,
    tend: () => expectTurn(db, task, {}, { name: 'next', inSeconds: everySeconds, keepTime: true }),
  }
}
