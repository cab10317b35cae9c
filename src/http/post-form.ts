import http from 'node:http'
import https from 'node:https'
import { OutboundBlocked } from './outbound-guard.ts'
import type { OutboundGuard } from './outbound-guard.ts'

/** What became of a POST: the status, or in one stable word why there is none. */
export type Posted =
  { status: number } | { failure: 'blocked' | 'timeout' | 'refused' | 'unreachable' | 'tls' | 'broken' }

/**
 * Sends a form to somebody else's server, on a connection of its own, to an address that the guard lets through. Follows no
 * redirect, reads nothing of the answer but its status, and gives up after `timeoutMs` altogether. Never rejects.
 */
export function postForm(
  guard: OutboundGuard,
  url: URL,
  form: Record<string, string>,
  { timeoutMs }: { timeoutMs: number },
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
      const body = new URLSearchParams(form).toString()
      request = (url.protocol === 'https:' ? https : http).request(url, {
        method: 'POST',
        agent: false,
        lookup: guard.lookup,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
          accept: '*/*',
          connection: 'close',
        },
      })
      request.on('response', ({ statusCode }) => settle({ status: statusCode ?? 0 }))
      request.on('error', (error) => settle({ failure: failureWord(error) }))
      request.end(body)
    } catch (error) {
      settle({ failure: failureWord(error) })
    }
  })
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
