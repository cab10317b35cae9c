import { SIGNALS_SCOPES } from '../clients/index.ts'
import { liveStream, waitingEvents } from '../receivers/index.ts'
import type { DueStream, WaitingEvent } from '../receivers/index.ts'
import { fillStream } from './fill.ts'
import type { FillDeps } from './fill.ts'

/** `unfinished`: there is more in the audit that was not looked at. */
export type NextEvents = { stream: DueStream; events: WaitingEvent[]; more: boolean; unfinished: boolean }

/** Pages of the audit that are looked at in one call. */
const MOST_PAGES = 10

/**
 * What a stream's receiver is to be sent now, the oldest first, at most `limit`. Of many events of the audit few may be for it: it looks on
 * until there is enough, or all was seen, or it was long enough for one call. Null for a stream that is gone, whose client may not hear of anything, or, where it must be
 * `due`, that is to be left alone for now.
 */
export async function nextEvents(
  deps: FillDeps,
  streamId: string,
  { limit, due, goesOn }: { limit: number; due: boolean; goesOn: () => boolean },
): Promise<NextEvents | null> {
  const { prisma } = deps.database
  for (let page = 1; ; page += 1) {
    const stream = await liveStream(prisma, streamId, { scopes: SIGNALS_SCOPES, due })
    if (!stream) return null
    const asked = { streamId, onlyControl: stream.status !== 'enabled', limit }
    const waiting = await waitingEvents(prisma, asked)
    if (waiting.more) return { stream, ...waiting, unfinished: false }
    const unfinished = await fillStream(deps, stream)
    if (!unfinished || page === MOST_PAGES || !goesOn())
      return { stream, ...(await waitingEvents(prisma, asked)), unfinished }
  }
}
