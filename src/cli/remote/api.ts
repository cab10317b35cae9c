import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { machineOf, machineToken } from './machine.ts'
import { refusalOf } from './problem.ts'
import { ConnectionLost, send, unreachable } from './send.ts'
import { currentSignIn } from './sign-in.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type ApiRequest = {
  method: Method
  /** From /v1 on. */
  path: string
  query?: Record<string, string>
  body?: unknown
  ifMatch?: string
}
export type ApiAnswer = { status: number; headers: Headers; body: unknown }

/** The admin API as one command sees it. */
export type Api = {
  address: string
  /** Sends a request and gives the answer's JSON. Throws a Refusal for every answer that is not a success. */
  ask(request: ApiRequest): Promise<ApiAnswer>
  /** The same, with the answer as it streams in. */
  stream(request: ApiRequest): Promise<Response>
}

/** The longest that a command waits when the API tells it to. */
const PATIENCE_SECONDS = 65

/** Prepares the way to the API at an address, as the machine that the environment names or else as the person signed in. */
export function createApi(terminal: Terminal, address: string): Api {
  const token = tokenSource(terminal, address)

  async function answered(request: ApiRequest): Promise<Response> {
    const headers = headersOf(request)
    let bearer = await token()
    let again = true
    for (;;) {
      const response = await attempt(terminal, address, request, {
        ...headers,
        authorization: `Bearer ${bearer}`,
      })
      if (response.status !== 401 || !again || !isInvalidToken(response)) return response
      again = false
      await response.body?.cancel()
      bearer = await token(bearer)
    }
  }

  async function ask(request: ApiRequest): Promise<ApiAnswer> {
    const response = await answered(request)
    const { status, headers } = response
    const text = await response.text()
    const body = isJson(headers) ? (JSON.parse(text) as unknown) : undefined
    if (!response.ok) throw refusalOf(address, status, body)
    return { status, headers, body }
  }

  return {
    address,
    ask,
    async stream(request) {
      const response = await answered(request)
      if (!response.ok)
        throw refusalOf(address, response.status, await response.json().catch(() => undefined))
      return response
    },
  }
}

/** Gives the access token to use; called again with one that the API refused, another. */
function tokenSource(terminal: Terminal, address: string): (rejected?: string) => Promise<string> {
  const machine = machineOf(terminal)
  if (!machine) return async (rejected) => (await currentSignIn(terminal, address, rejected)).access_token
  let known: Promise<string> | undefined
  return (rejected) => {
    if (rejected !== undefined) known = undefined
    known ??= machineToken(machine, address).then((granted) => granted.token)
    return known
  }
}

// Every POST carries its own key, so that the server knows the second of two as the same (Idempotency-Key).
function headersOf({ method, body, ifMatch }: ApiRequest): Record<string, string> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  return {
    ...(body !== undefined && { 'content-type': type }),
    ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
  }
}

/**
 * One request, and once more when that is safe and may help: after a lost connection or a 503 if the request changes nothing or
 * carries its key, and after a 429, which carried nothing out, as soon as the API says.
 */
async function attempt(
  { stderr }: Terminal,
  address: string,
  { method, path, query = {}, body }: ApiRequest,
  headers: Record<string, string>,
): Promise<Response> {
  const url = new URL(path, address)
  // A path may begin with two slashes, and would then name another host.
  if (url.origin !== address) throw new Refusal('usage', `${path} is no path at ${address}.`)
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value)
  const once = () => send(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const isRepeatable = method === 'GET' || method === 'POST'
  try {
    const response = await once()
    const seconds = Number(response.headers.get('retry-after') ?? NaN)
    const isWorthIt = response.status === 429 || (response.status === 503 && isRepeatable)
    if (!isWorthIt || !(seconds <= PATIENCE_SECONDS)) return response
    await response.body?.cancel()
    if (seconds > 2) stderr.write(`The server asks to wait ${seconds} s …\n`)
    await sleep(seconds * 1000)
    return await once()
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error
    if (!isRepeatable) throw lost(address, error, method)
    await sleep(300)
    return await once().catch((second: unknown) => {
      throw second instanceof ConnectionLost ? lost(address, second, method) : second
    })
  }
}

function lost(address: string, { message }: ConnectionLost, method: Method) {
  const unsure =
    method === 'GET' || message === 'ECONNREFUSED' ? '' : ' Whether it was done is not known: look.'
  const refusal = unreachable(address, message)
  refusal.message += unsure
  return refusal
}

function isInvalidToken({ headers }: Response): boolean {
  return /error="invalid_token"/.test(headers.get('www-authenticate') ?? '')
}

function isJson(headers: Headers): boolean {
  return /^application\/(\w+\+)?json\b/.test(headers.get('content-type') ?? '')
}
