import type { Finding } from './finding.ts'

const ANSWER_MS = 5000

/** Whether the server answers at its own issuer address, as its users and clients reach it: name, TLS and proxy included. */
export async function examineServer(issuer: string): Promise<Finding[]> {
  const health = await examineHealth(`${new URL(issuer).origin}/health/ready`)
  return health.reached ? [health.finding, await examineDiscovery(issuer)] : [health.finding]
}

async function examineHealth(url: string): Promise<{ reached: boolean; finding: Finding }> {
  const what = 'server'
  const answer = await ask(url)
  if (typeof answer === 'string')
    return {
      reached: false,
      finding: { what, ok: false, said: `does not answer at ${url}: ${answer}`, remedy: unreached(answer) },
    }
  if (answer.status === 200) return { reached: true, finding: { what, ok: true, said: `ready at ${url}` } }
  const remedy =
    answer.status === 503
      ? 'Its log says what it waits for; the states above may too.'
      : 'Something else answers there: look at the proxy in front.'
  return {
    reached: true,
    finding: {
      what,
      ok: false,
      said: `${url} answers ${answer.status} ${answer.text.slice(0, 200)}`,
      remedy,
    },
  }
}

async function examineDiscovery(issuer: string): Promise<Finding> {
  const what = 'discovery'
  const url = `${issuer}/.well-known/openid-configuration`
  const answer = await ask(url)
  if (typeof answer === 'string')
    return { what, ok: false, said: `${url}: ${answer}`, remedy: unreached(answer) }
  if (answer.status === 421)
    return {
      what,
      ok: false,
      said: `${url} answers 421: the request was for another host or scheme when it arrived`,
      remedy:
        'Let the proxy pass the Host header on and set X-Forwarded-Proto, and name it in CARDEA_TRUSTED_PROXIES.',
    }
  if (answer.status !== 200)
    return {
      what,
      ok: false,
      said: `${url} answers ${answer.status}`,
      remedy: 'Is this server behind that address?',
    }
  const stated = issuerIn(answer.text)
  return stated === issuer
    ? { what, ok: true, said: `names the issuer ${issuer}` }
    : {
        what,
        ok: false,
        said: `names the issuer ${stated ?? 'not at all'}`,
        remedy: 'Another server answers at this address.',
      }
}

function issuerIn(text: string): string | undefined {
  try {
    const { issuer } = JSON.parse(text) as { issuer?: unknown }
    return typeof issuer === 'string' ? issuer : undefined
  } catch {
    return undefined
  }
}

async function ask(url: string): Promise<{ status: number; text: string } | string> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
    return name === 'TimeoutError'
      ? `no answer within ${ANSWER_MS} ms`
      : (cause?.code ?? cause?.message ?? message)
  }
}

function unreached(reason: string): string {
  if (reason === 'ECONNREFUSED') return 'Start the server, or give --before-start.'
  if (/CERT|SIGNATURE|SSL|TLS/.test(reason))
    return 'Does the certificate fit the name? A private authority is trusted through NODE_EXTRA_CA_CERTS.'
  return 'Can this machine reach the address that users and clients use?'
}
