import type { Database } from '../db/index.ts'
import { isQueueInstalled, queueStatistics } from '../queue/index.ts'
import type { Finding } from './finding.ts'

/** What is due is begun within seconds where anybody works. */
const OLD_SECONDS = 300
/** No try may take longer than ten minutes; then it is given back. */
const STUCK_SECONDS = 900
const what = 'queue'

/** The jobs of the queue: is anybody doing them, and were any given up? */
export async function examineQueue({ pool, prisma }: Database): Promise<Finding> {
  if (!(await isQueueInstalled(pool)))
    return { what, ok: false, said: 'its schema is not there', remedy: 'Run: cardea migrate' }
  const tasks = await queueStatistics(prisma)
  const given = tasks.filter(({ failed }) => failed > 0)
  if (given.length > 0)
    return {
      what,
      ok: false,
      said: `given up: ${given.map(({ task, failed }) => `${failed} of ${task}`).join(', ')}`,
      remedy: 'See why with `cardea jobs list --state failed`; then `cardea jobs retry` or `discard` each.',
    }
  const oldest = Math.max(0, ...tasks.map(({ oldestSeconds }) => oldestSeconds))
  if (oldest > OLD_SECONDS)
    return {
      what,
      ok: false,
      said: `the oldest due job has waited for ${Math.round(oldest / 60)} minutes`,
      remedy: 'Does a server with CARDEA_JOBS=true run, or `cardea worker`?',
    }
  const stuck = tasks.find(({ runningSeconds }) => runningSeconds > STUCK_SECONDS)
  if (stuck)
    return {
      what,
      ok: false,
      said: `a job of ${stuck.task} was begun ${Math.round(stuck.runningSeconds / 60)} minutes ago and has not ended`,
      remedy:
        'Its process is gone, and nobody takes it over: does a server with CARDEA_JOBS=true run, or `cardea worker`?',
    }
  const sum = (of: 'waiting' | 'running') => tasks.reduce((total, task) => total + task[of], 0)
  return { what, ok: true, said: `${sum('waiting')} waiting, ${sum('running')} being done, none given up` }
}
