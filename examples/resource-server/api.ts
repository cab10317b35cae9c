// A small API: its own answers, and the refusals of RFC 6750 and RFC 9470. Everything about tokens is in verifier.ts.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { stepUpChallenge } from './step-up.ts'
import { createVerifier } from './verifier.ts'

const orders = [
  { id: 1, item: 'Three oranges' },
  { id: 2, item: 'A bicycle bell' },
]

const invoices = [{ id: 'R-1', order: 1, paid: true }]

/**
 * `GET /orders` and `GET /invoices` for bearers of an access token with the scope `orders:read`. Invoices want a strong sign-in, by one of
 * `acrValues` (the weakest first), that is at most five minutes old.
 */
export function createApi({
  acrValues = ['urn:cardea:acr:mfa'],
  ...trusted
}: {
  issuer: string
  audience: string
  acrValues?: readonly string[]
}): Server {
  const verify = createVerifier(trusted)
  const forInvoices = { acrValues, maxAge: 300 }

  return createServer((request, response) => {
    answer(request, response).catch(() => {
      reply(response, 500, { error: 'server_error' })
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== '/orders' && request.url !== '/invoices') {
      reply(response, 404, { error: 'not_found' })
      return
    }
    const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined) {
      reply(response, 401, {}, 'Bearer')
      return
    }
    const verdict = await verify(token)
    if (!verdict.ok && verdict.reason === 'unavailable') {
      reply(response, 503, { error: 'temporarily_unavailable' })
      return
    }
    if (!verdict.ok) {
      reply(response, 401, { error: 'invalid_token' }, 'Bearer error="invalid_token"')
      return
    }
    const { sub, scope } = verdict.claims
    if (typeof scope !== 'string' || !scope.split(' ').includes('orders:read')) {
      reply(
        response,
        403,
        { error: 'insufficient_scope' },
        'Bearer error="insufficient_scope", scope="orders:read"',
      )
      return
    }
    if (request.url === '/orders') {
      reply(response, 200, { sub, orders })
      return
    }
    const missing = stepUpChallenge(verdict.claims, forInvoices)
    if (missing) {
      const parameters = Object.entries(missing).map(([name, value]) => `${name}="${value}"`)
      reply(response, 401, { error: missing['error'] }, `Bearer ${parameters.join(', ')}`)
      return
    }
    reply(response, 200, { sub, invoices })
  }
}

function reply(response: ServerResponse, status: number, body: object, challenge?: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    ...(challenge === undefined ? {} : { 'WWW-Authenticate': challenge }),
    ...(status === 503 ? { 'Retry-After': '2' } : {}),
  })
  response.end(JSON.stringify(body))
}
