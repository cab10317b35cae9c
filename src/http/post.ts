import http from 'node:http'
import https from 'node:https'
import { OutboundBlocked } from './outbound-guard.ts'
import type { OutboundGuard } from './outbound-guard.ts'

/** What became of a POST: the status (and for how many seconds it asks to be left alone), or in one stable word why there is none. */
export type Posted =
  | { status: number; retryAfter?: number | undefined; text?: string }
  | { failure: 'blocked' | 'timeout' | 'refused' | 'unreachable' | 'tls' | 'broken' }

/** Sends a form; see `post`. */
export function postForm(
  guard: OutboundGuard,
  url: URL,
  form: Record<string, string>,
  { timeoutMs }: { timeoutMs: number },
): Promise<Posted> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return post(guard, url, { body: new URLSearchParams(form).toString(), headers }, { timeoutMs })
}

/**
 * Sends a body to somebody else's server, on a connection of its own, to an address that the guard lets through. Follows no
 * redirect, reads nothing of the answer but its status (and `readUpTo` bytes of its text), and gives up after `timeoutMs` altogether.
 * Never rejects.
 */
export function post(
  guard: OutboundGuard,
  url: URL,
  { body, headers }: { body: string; headers: Record<string, string> },
  { timeoutMs, readUpTo = 0 }: { timeoutMs: number; readUpTo?: number },
): Promise<Posted> {
  return new Promise((resolve) => {
    const settle = (posted: Posted) => {
      clearTimeout(timer)
      resolve(posted)
      request?.destroy()
    }
    const timer = setTimeout(() => settle({ failure: 'timeout' }), timeoutMs)
    let request: http.ClientRequest | undefined
    try {
      guard.check(url)
      request = (url.protocol === 'https:' ? https : http).request(url, {
        method: 'POST',
        agent: false,
        lookup: guard.lookup,
        headers: {
          accept: '*/*',
          ...headers,
          'content-length': Buffer.byteLength(body),
          connection: 'close',
        },
      })
      request.on('response', (answer) => {
        const posted = {
          status: answer.statusCode ?? 0,
          retryAfter: secondsOf(answer.headers['retry-after']),
        }
        if (readUpTo === 0) settle(posted)
        else readStart(answer, readUpTo, (text) => settle({ ...posted, text }))
      })
      request.on('error', (error) => settle({ failure: failureWord(error) }))
      request.end(body)
    } catch (error) {
      settle({ failure: failureWord(error) })
    }
  })
}

/** The first bytes of an answer, or as many as came before it broke off. */
function readStart(answer: http.IncomingMessage, limit: number, done: (text: string) => void): void {
  let start = Buffer.alloc(0)
  const finish = () => done(start.toString('utf8'))
  answer.on('data', (chunk: Buffer) => {
    start = Buffer.concat([start, chunk]).subarray(0, limit)
    if (start.byteLength === limit) finish()
  })
  answer.once('end', finish)
  answer.once('error', finish)
}

function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined
}

/** In one stable word why a request of ours came to nothing. */
export function failureWord(error: unknown): Extract<Posted, { failure: string }>['failure'] {
  // Of several addresses, what the first one said.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (first instanceof OutboundBlocked) return 'blocked'
  const { code = '' } = (first ?? {}) as { code?: string }
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (/^(ENOTFOUND|EAI_.*|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN)$/.test(code)) return 'unreachable'
  if (
    /^(ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|EPROTO|HOSTNAME_MISMATCH)$/.test(
      code,
    )
  )
    return 'tls'
  return 'broken'
}
