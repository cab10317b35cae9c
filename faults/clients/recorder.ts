import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Ask } from '../../test/support/http-client.ts'
import type { Journal, RequestEntry } from '../journal.ts'
import { limits } from '../limits.ts'
import type { Stage } from '../stage.ts'
import { exchange } from './exchange.ts'

/** What a request is about, and how its answer is to be read. */
export type Asked = Ask & {
  what: string
  instance: number
  /** To the operations listener, past the proxy. */
  ops?: boolean
  presents?: RequestEntry['presents'] | undefined
  ends?: RequestEntry['ends'] | undefined
  reopens?: string | undefined
  tells?: RequestEntry['tells'] | undefined
  read?: (answer: Answer) => Pick<RequestEntry, 'verdict' | 'issues' | 'acknowledged'>
}

export type Recorder = ReturnType<typeof createRecorder>

/** Beyond its deadline and everything we add to it, an answer is of no use to a client. */
const GIVE_UP_MS = limits.deadlineMs + limits.airMs + 7000
const RETRY_MS = 150

/** Sends requests and writes down what became of each. */
export function createRecorder(stage: Pick<Stage, 'issuer' | 'instances' | 'fronts'>, journal: Journal) {
  const { host } = new URL(stage.issuer)

  /** Resolves with the answer, or null when there was none. */
  async function ask(path: string, asked: Asked): Promise<Answer | null> {
    const { what, instance, ops, presents, ends, reopens, tells, read, ...rest } = asked
    const opsPort = stage.instances[instance]?.opsPort ?? 0
    const front = stage.fronts[instance]
    const to = ops
      ? { port: opsPort, host: `127.0.0.1:${opsPort}` }
      : { port: front?.port ?? 0, host, wasRefused: (ownPort: number) => front?.wasRefused(ownPort) ?? false }
    const sentAt = journal.now()
    const answer = await exchange(to, path, rest, GIVE_UP_MS)
    const entry = {
      ...{ type: 'request' as const, what, instance, sentAt, endedAt: journal.now() },
      ...(presents && { presents }),
      ...(ends && { ends }),
      ...(reopens !== undefined && { reopens }),
      ...(tells && { tells }),
    }
    if ('loss' in answer) {
      journal.add({ ...entry, status: null, loss: answer.loss, retryAfter: false })
      return null
    }
    const { status, headers } = answer
    journal.add({ ...entry, status, retryAfter: headers['retry-after'] !== undefined, ...read?.(answer) })
    return answer
  }

  /** Asks until somebody says something, another instance each time; null when that takes too long. */
  async function insist(path: string, asked: Asked, tries = 40): Promise<Answer | null> {
    for (let turn = 0; turn < tries; turn += 1) {
      const answer = await ask(path, { ...asked, instance: (asked.instance + turn) % stage.instances.length })
      if (answer && answer.status !== 503) return answer
      await sleep(RETRY_MS)
    }
    return null
  }

  return { ask, insist, journal }
}

/** What a secret is called in the journal. */
export function nameOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url').slice(0, 16)
}
