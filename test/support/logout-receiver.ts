import { createServer } from 'node:http'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { path: string; method: string; headers: IncomingHttpHeaders; token: string }

export type LogoutReceiver = {
  /** http://127.0.0.1:port */
  origin: string
  received: Received[]
  /** What it answers from now on. */
  answer: RequestListener
  /** Resolves with all that were received once there are so many (at this path); rejects after a while. */
  until(count: number, path?: string): Promise<Received[]>
  stop(): Promise<void>
}

/** A relying party's end of back-channel logout: writes down what it is sent, and answers 200 unless told otherwise. */
export async function startLogoutReceiver(): Promise<LogoutReceiver> {
  const waiting = new Set<() => void>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? ''
      receiver.received.push({ path: req.url ?? '', method: req.method ?? '', headers: req.headers, token })
      for (const look of waiting) look()
      receiver.answer(req, res)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: LogoutReceiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: (_req, res) => res.end(),
    until: (count, path) =>
      new Promise((resolve, reject) => {
        const mine = () => receiver.received.filter((one) => path === undefined || one.path === path)
        const look = () => {
          if (mine().length < count) return
          waiting.delete(look)
          clearTimeout(timer)
          resolve(mine())
        }
        const timer = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`waited for ${count} logout tokens, got ${mine().length}`))
        }, 10_000)
        waiting.add(look)
        look()
      }),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}
