import { readFileSync } from 'node:fs'
import { Refusal } from '../refusal.ts'
import { clean } from './clean.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const USER_AGENT = `cardea/${version}`

/** Longer than the server gives itself: its own 503 says more than our silence. */
const ANSWER_MS = 60_000

/** The connection broke or could not be made: nobody knows whether the request was carried out. */
export class ConnectionLost extends Error {}

/**
 * One request. Redirects are not followed: a token goes only where it was meant for. Throws ConnectionLost when there is no
 * answer; its message says why.
 */
export async function send(
  url: URL,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { 'user-agent': USER_AGENT, accept: 'application/json, application/problem+json', ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  } catch (error) {
    throw new ConnectionLost(reasonOf(error), { cause: error })
  }
}

export function unreachable(address: string, reason: string): Refusal {
  const remedy = /ECONNREFUSED/.test(reason)
    ? ' Is the server running, and is this its operations listener?'
    : ''
  return new Refusal('unavailable', `${address} cannot be reached: ${clean(reason)}.${remedy}`)
}

/** Why a connection did not come about, in the system's word where there is one. */
export function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  if (name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`
  return cause?.code ?? cause?.message ?? message
}
