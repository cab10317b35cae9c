import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { commitPoints } from './commit-points.ts'

export type Moment = 'before' | 'after'

/** A way to somewhere that can be made to fail in every manner a network does. */
export type Proxy = {
  port: number
  /** Whether the far end took no connection for the one that came from this port; asked once, when that has ended. */
  wasRefused(fromPort: number): boolean
  /** Cuts every connection; new ones are welcome. Returns how many there were. */
  cut(): number
  /** Cuts every connection, and resets whoever comes, until told otherwise. */
  refuse(refusing: boolean): void
  /** Nothing passes any more, in either direction, and nothing is closed. */
  hold(holding: boolean): void
  /** Holds back what comes from the far end for so many milliseconds. */
  delay(ms: number): void
  /**
   * Cuts the next connections on which something becomes durable, so many of them: before the far end hears of it, or when it has
   * done it and begins to say so. Returns how to find out how many it were, and to stop.
   */
  cutCommits(count: number, moment: Moment): { stop(): number }
  close(): Promise<void>
}

type Pair = { cut(): void; sockets: Socket[] }

/** Listens on a free port of 127.0.0.1; where each connection goes is asked anew. Commits are looked for on the way to a database. */
export async function startProxy(
  target: () => number,
  { toDatabase = false }: { toDatabase?: boolean } = {},
): Promise<Proxy> {
  const pairs = new Set<Pair>()
  const turnedAway = new Set<number | undefined>()
  let [refusing, holding, delayMs] = [false, false, 0]
  let [cutsLeft, cutsDone, moment]: [number, number, Moment] = [0, 0, 'before']

  const server = createServer((inbound) => {
    if (refusing) return void inbound.resetAndDestroy()
    const outbound = connect(target(), '127.0.0.1')
    const pair: Pair = {
      sockets: [inbound, outbound],
      cut() {
        pairs.delete(pair)
        inbound.destroy()
        outbound.destroy()
      },
    }
    const pointsIn = toDatabase ? commitPoints() : () => []
    let mustCut = false
    let line = Promise.resolve()
    let waiting = 0
    pairs.add(pair)
    for (const socket of pair.sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      if (holding) socket.pause()
    }
    const spring = () => {
      cutsDone += 1
      pair.cut()
    }
    inbound.on('data', (chunk: Buffer) => {
      const [point] = pointsIn(chunk)
      if (point !== undefined && cutsLeft > 0 && !mustCut) {
        cutsLeft -= 1
        if (moment === 'before') {
          outbound.write(chunk.subarray(0, point))
          return spring()
        }
        mustCut = true
      }
      outbound.write(chunk)
    })
    const { remotePort } = inbound
    outbound.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') turnedAway.add(remotePort)
    })
    outbound.on('data', (chunk: Buffer) => {
      if (mustCut) return spring()
      if (delayMs === 0 && !waiting) return void inbound.write(chunk)
      // One after the other, so that nothing overtakes what is held back.
      waiting += 1
      line = line.then(async () => {
        await sleep(delayMs)
        inbound.write(chunk)
        waiting -= 1
      })
    })
    inbound.on('close', () => pair.cut())
    // Not before what is held back has been said.
    outbound.on('close', () => void line.then(() => inbound.end()))
  })

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    const all = [...pairs]
    for (const pair of all) pair.cut()
    return all.length
  }
  return {
    port: (server.address() as AddressInfo).port,
    wasRefused: (fromPort) => turnedAway.delete(fromPort),
    cut,
    refuse(now) {
      refusing = now
      if (now) cut()
    },
    hold(now) {
      holding = now
      for (const { sockets } of pairs) for (const socket of sockets) socket[now ? 'pause' : 'resume']()
    },
    delay: (ms) => void (delayMs = ms),
    cutCommits(count, when) {
      ;[cutsLeft, cutsDone, moment] = [count, 0, when]
      return {
        stop() {
          cutsLeft = 0
          return cutsDone
        },
      }
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
