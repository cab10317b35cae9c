import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way from the server to its database that can be made to fail in every manner a network does. */
export type TcpProxy = {
  /** The same database, reached through here. */
  url: string
  /** Lets connections in again after `close`. */
  open(): Promise<void>
  /** Nobody listens any more, and what was connected is cut: the database is down. */
  close(): Promise<void>
  /** Cuts what is connected; new connections are welcome: the database was restarted. */
  cut(): void
  /** Nothing passes any more, in either direction, and nothing is closed: the database hangs. */
  pause(): void
  resume(): void
  /** Holds back what the database says for so many milliseconds. */
  delay(ms: number): void
  /**
   * Cuts the connection on which the text is sent next: before it reaches the database, or when the database has done what was
   * said and begins to answer. Resolves when that has happened.
   */
  cutAt(text: string, moment: 'before' | 'after'): Promise<void>
}

type Trap = { text: string; moment: 'before' | 'after'; sprung: () => void }

/** Listens on a free port of 127.0.0.1 in front of a database; closed at first if told so. */
export async function startTcpProxy(databaseUrl: string, { closed = false } = {}): Promise<TcpProxy> {
  const target = new URL(databaseUrl)
  const pairs = new Set<() => void>()
  const held = new Set<Socket>()
  let [paused, delayMs] = [false, 0]
  let trap: Trap | undefined

  const server = createServer((inbound) => {
    const outbound = connect(Number(target.port), target.hostname)
    const cut = () => {
      inbound.destroy()
      outbound.destroy()
    }
    let [tail, mustCut] = ['', false]
    let line = Promise.resolve()
    pairs.add(cut)
    for (const socket of [inbound, outbound]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        cut()
        pairs.delete(cut)
        held.delete(socket)
      })
      held.add(socket)
      if (paused) socket.pause()
    }
    inbound.on('data', (chunk: Buffer) => {
      // The text may come in two pieces; what was whole before the trap was set is not what it waits for.
      const text = `${trap ? tail.slice(1 - trap.text.length) : ''}${chunk.toString('latin1')}`
      tail = text.slice(-100)
      if (trap && text.includes(trap.text)) {
        if (trap.moment === 'before') return spring(cut)
        mustCut = true
      }
      outbound.write(chunk)
    })
    outbound.on('data', (chunk: Buffer) => {
      if (mustCut) return spring(cut)
      // One after the other, so that nothing overtakes what is held back.
      line = line.then(async () => {
        if (delayMs > 0) await sleep(delayMs)
        inbound.write(chunk)
      })
    })
  })

  function spring(cut: () => void): void {
    const sprung = trap?.sprung
    trap = undefined
    cut()
    sprung?.()
  }
  const cutAll = () => {
    for (const cut of pairs) cut()
  }
  const listenOn = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      cutAll()
    })

  await listenOn(0)
  const { port } = server.address() as AddressInfo
  if (closed) await close()
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    open: () => listenOn(port),
    close,
    cut: cutAll,
    pause() {
      paused = true
      for (const socket of held) socket.pause()
    },
    resume() {
      paused = false
      for (const socket of held) socket.resume()
    },
    delay(ms) {
      delayMs = ms
    },
    cutAt: (text, moment) => new Promise((sprung) => (trap = { text, moment, sprung })),
  }
}
