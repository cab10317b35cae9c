import { setTimeout as sleep } from 'node:timers/promises'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

const moments = ['before', 'after'] as const

/** Does one thing after another to the way to the database until told to stop; then all is well again. Returns what it did. */
export async function inflict(proxy: TcpProxy, random: () => number, signal: AbortSignal): Promise<string[]> {
  const done: string[] = []
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  while (!signal.aborted) {
    const ms = 50 + random() * 250
    const kind = Math.floor(random() * 6)
    done.push(['cut', 'down', 'hang', 'slow', 'cut at redeem', 'cut at COMMIT'][kind] ?? '')
    if (kind === 0) proxy.cut()
    if (kind === 1) {
      await proxy.close()
      await sleep(ms)
      await proxy.open()
    }
    if (kind === 2) {
      proxy.pause()
      await sleep(ms * 2)
      proxy.resume()
    }
    if (kind === 3) {
      proxy.delay(ms / 10)
      await sleep(ms)
      proxy.delay(0)
    }
    if (kind === 4) void proxy.cutAt('redeem_', pick(moments) ?? 'before')
    if (kind === 5) void proxy.cutAt('COMMIT', pick(moments) ?? 'before')
    await sleep(ms)
  }
  // What no request walked into any more must not wait for the tests that follow.
  void proxy.cutAt('nothing says this', 'before')
  return done
}
