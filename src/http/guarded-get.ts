import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import type { OutboundGuard } from './outbound-guard.ts'

/**
 * Gets a document on a connection of its own, to an address that the guard lets through: the name is resolved once, so what was
 * judged is what is connected to. Rejects for an address out of bounds, a redirect, and when `signal` aborts, also half-way.
 */
export function guardedGet(
  guard: OutboundGuard,
  url: URL,
  { headers, signal }: { headers: Headers; signal?: AbortSignal | null | undefined },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    guard.check(url)
    const request = (url.protocol === 'https:' ? https : http).get(url, {
      ...{ agent: false, lookup: guard.lookup },
      headers: Object.fromEntries(headers),
      ...(signal && { signal }),
    })
    request.on('error', reject)
    request.on('response', (answer) => {
      const { statusCode: status = 0 } = answer
      if (status >= 200 && status < 300 && status !== 204 && status !== 205)
        resolve(new Response(Readable.toWeb(answer) as ReadableStream, { status, headers: typeOf(answer) }))
      else {
        request.destroy()
        reject(new Error(`answered ${status}`))
      }
    })
  })
}

function typeOf({ headers }: http.IncomingMessage): Record<string, string> {
  const type = headers['content-type']
  return type === undefined ? {} : { 'content-type': type }
}
