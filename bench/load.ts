import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** An answer as far as the bench looks at it. */
export type Answer = { status: number; head: string; body: string }

export type Load = {
  port: number
  /** Connections, each kept open and sending its next request when it has the answer to the last. */
  lanes: number
  requests: number
  /** The bytes of one request: the `turn`-th of all, sent on `lane`. */
  request(turn: number, lane: number): Buffer
  /** Looks at each answer; throws on one that was not expected, which ends the load. */
  accept(answer: Answer, lane: number): void
}

/** Sends a fixed number of requests and gives the seconds until the last answer. */
export async function runLoad(load: Load): Promise<number> {
  const lanes = Array.from({ length: Math.min(load.lanes, load.requests) }, (_, lane) => lane)
  const sockets = await Promise.all(lanes.map(() => open(load.port)))
  let turn = 0
  const startedAt = performance.now()
  try {
    await Promise.all(
      sockets.map(async (socket, lane) => {
        while (turn < load.requests) {
          const bytes = load.request(turn++, lane)
          load.accept(await exchange(socket, bytes), lane)
        }
      }),
    )
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return (performance.now() - startedAt) / 1000
}

/** A request in HTTP/1.1 on the wire. */
export function encode(
  host: string,
  method: 'GET' | 'POST',
  path: string,
  { headers = {}, form }: { headers?: Record<string, string>; form?: Record<string, string> } = {},
): Buffer {
  const body = form === undefined ? '' : new URLSearchParams(form).toString()
  const all = {
    host,
    ...headers,
    ...(form === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

function exchange(socket: Socket, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = ''
    const settle = (act: () => void): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      act()
    }
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1')
      const answer = complete(received)
      if (answer) settle(() => resolve(answer))
    }
    const onClose = (): void => settle(() => reject(new Error(`the connection ended: ${received}`)))
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.write(request)
  })
}

/** The answer, once all of it is there. Both servers name the length of every answer they give. */
function complete(received: string): Answer | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = received.slice(0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without a length: ${head}`)
  const body = received.slice(end + 4)
  return body.length < Number(length) ? undefined : { status: Number(head.slice(9, 12)), head, body }
}
