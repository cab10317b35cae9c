import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import { openForms } from './crowd.ts'
import { percentile } from './statistics.ts'
import { tokensAside } from './tokens-aside.ts'

/** How many send their password at the same moment. */
export const STAMPEDE = 500
/** Refreshes of others a second: what a server of this size has to do anyway. */
const PER_SECOND = 40

/** Latencies of tokens in milliseconds; `refused` are tokens that were not given. */
export type Stampede = {
  quiet: { p50: number; p99: number; worst: number }
  meanwhile: { p50: number; p99: number; worst: number }
  seconds: number
  isIn: number
  waited: number
  refused: Record<number, number>
  rssBefore: number
  rssMost: number
}

/** `stampedeMs`: who is not in by then stops trying, so that a slow machine is done too. */
export async function stampede(
  ours: Contender,
  refreshTokens: string[],
  { quietMs, stampedeMs }: { quietMs: number; stampedeMs: number },
): Promise<Stampede> {
  const crowd = new http.Agent({ keepAlive: true, maxSockets: STAMPEDE })
  const forms = await openForms(ours, STAMPEDE, crowd)
  await sleep(1000)
  const tokens = tokensAside(ours, { refreshTokens, perSecond: PER_SECOND })
  await sleep(1500)
  const quietFrom = performance.now()
  await sleep(quietMs)
  const rssBefore = (await ours.usage()).rssBytes
  let rssMost = rssBefore
  const watch = { isOver: false }
  const watching = (async () => {
    while (!watch.isOver) {
      rssMost = Math.max(rssMost, (await ours.usage()).rssBytes)
      await sleep(250)
    }
  })()
  const from = performance.now()
  const sent = await Promise.all(forms.map((sendForm) => sendForm(from + stampedeMs)))
  const to = performance.now()
  watch.isOver = true
  await watching
  const { samples, refused } = await tokens.stop()
  crowd.destroy()
  const between = (begin: number, end: number) => {
    const there = samples.filter(
      ({ at }) => at >= performance.timeOrigin + begin && at < performance.timeOrigin + end,
    )
    const ms = there.map((sample) => sample.ms)
    return { p50: percentile(ms, 50), p99: percentile(ms, 99), worst: percentile(ms, 100) }
  }
  return {
    quiet: between(quietFrom, from),
    meanwhile: between(from, to),
    seconds: (to - from) / 1000,
    isIn: sent.filter(({ isIn }) => isIn).length,
    waited: sent.reduce((sum, { waited }) => sum + waited, 0),
    ...{ refused, rssBefore, rssMost },
  }
}
