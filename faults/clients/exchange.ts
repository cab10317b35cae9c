import http from 'node:http'
import type { Answer, Ask } from '../../test/support/http-client.ts'
import type { RequestEntry } from '../journal.ts'

export type Exchanged = Answer | { loss: NonNullable<RequestEntry['loss']> }

/**
 * One request on a connection of its own, so that no answer is lost to a race about an idle one. Never rejects: says how the answer
 * was lost, and after `giveUpMs` waits no longer. `wasRefused` knows of the connections behind a proxy, by their ports on this side.
 */
export function exchange(
  {
    port,
    host,
    wasRefused,
  }: { port: number; host: string; wasRefused?: ((ownPort: number) => boolean) | undefined },
  path: string,
  { method, headers = {}, body }: Ask,
  giveUpMs: number,
): Promise<Exchanged> {
  const isText = typeof body === 'string'
  const payload = body === undefined || isText ? body : new URLSearchParams(body).toString()
  return new Promise((resolve) => {
    let begun = false
    let ownPort = 0
    const settle = (exchanged: Exchanged) => {
      clearTimeout(timer)
      resolve(exchanged)
      request.destroy()
    }
    const timer = setTimeout(() => settle({ loss: begun ? 'broken' : 'gave_up' }), giveUpMs)
    const request = http.request({
      ...{ host: '127.0.0.1', port, path, agent: false },
      method: method ?? (payload === undefined ? 'GET' : 'POST'),
      headers: {
        host,
        connection: 'close',
        ...(payload !== undefined && { 'content-length': Buffer.byteLength(payload) }),
        ...(payload !== undefined && !isText && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
    })
    request.on('socket', (socket) => socket.on('connect', () => (ownPort = socket.localPort ?? 0)))
    request.on('error', ({ code }: NodeJS.ErrnoException) => {
      const isRefused = code === 'ECONNREFUSED' || wasRefused?.(ownPort)
      settle({ loss: begun ? 'broken' : isRefused ? 'refused' : 'lost' })
    })
    request.on('response', (response) => {
      begun = true
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', () => settle({ loss: 'broken' }))
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered, complete } = response
        if (!complete) return settle({ loss: 'broken' })
        const json = () => JSON.parse(text) as never
        settle({ status, headers: answered, text, location: answered.location, json })
      })
    })
    request.end(payload)
  })
}
