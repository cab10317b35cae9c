import type { Context } from 'koa'
import type { Sealer } from '../../crypto/index.ts'
import type { OutboundGuard } from '../../http/index.ts'
import type { FillDeps } from '../fill.ts'
import type { Sign } from '../token.ts'
import type { Known, Receiver } from './receiver.ts'
import type { Reply } from './reply.ts'
import type { Waiting } from './waiting.ts'

export type EndpointDeps = FillDeps & {
  sealer: Sealer
  sign: Sign
  guard: OutboundGuard
  outboundAllow: readonly string[]
  defaultSubjects: 'ALL' | 'NONE'
  /** How long a poll may wait for something to happen. */
  longPollMs: number
  /** False while the process is stopping: nobody waits any longer then. */
  isAccepting(): boolean
  waiting: Waiting
  /** Throws 429 for a client that asks too often. */
  limitClient: (ctx: Context, receiver: Receiver) => Promise<void>
  /** Of polled events. */
  onOutcome: (outcome: 'taken' | 'refused', count: number) => void
}

/** What a handler gets: who asks is known, and may. */
export type Call = {
  ctx: Context
  receiver: Receiver
  /** The stream that the address or the query names. */
  streamId: string | undefined
  /** The JSON in the request; undefined where there is none to be. */
  body: unknown
  /** Whether who asks may still, for those who let them wait. */
  askAgain: () => Promise<Known>
}

export type Handler = (deps: EndpointDeps, call: Call) => Promise<Reply>
