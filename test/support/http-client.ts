import http from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { noteSecrets } from './issued-secrets.ts'

export type Answer = {
  status: number
  headers: IncomingHttpHeaders
  text: string
  location: string | undefined
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the test says what it expects, as with a cast
  json<T = Record<string, unknown>>(): T
}

export type Ask = {
  method?: string
  headers?: OutgoingHttpHeaders
  /** A form; or raw text, whose type the headers then tell. */
  body?: URLSearchParams | Record<string, string> | string
  /** Whose connections to use; those of this file when left out. */
  agent?: http.Agent
}

const connections = new http.Agent({ keepAlive: true, maxSockets: 200 })

/** One request to a port on 127.0.0.1 under the issuer's name: so that two instances behind one name can be told apart. */
export function send(
  { port, host }: { port: number; host: string },
  path: string,
  { method, headers = {}, body, agent = connections }: Ask = {},
): Promise<Answer> {
  const isText = typeof body === 'string'
  const payload = body === undefined || isText ? body : new URLSearchParams(body).toString()
  const type = payload === undefined || isText ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent,
        method: method ?? (payload === undefined ? 'GET' : 'POST'),
        headers: {
          host,
          ...type,
          ...headers,
          ...(payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const { statusCode = 0, headers: answered } = response
          const { authorization } = headers
          noteSecrets({ status: statusCode, body: payload, authorization, headers: answered, text })
          resolve({
            status: statusCode,
            headers: answered,
            text,
            location: answered.location,
            json: () => JSON.parse(text) as never,
          })
        })
      },
    )
    request.on('error', reject)
    request.end(payload)
  })
}

export function basic(id: string, secret: string): { authorization: string } {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
