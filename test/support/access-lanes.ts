import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN_API } from '../../src/clients/index.ts'
import { readBearer } from '../../src/oidc/index.ts'
import { askSilently } from './authorize.ts'
import type { Access } from './copied-access.ts'
import type { Answer } from './http-client.ts'
import type { addClient } from './people.ts'
import type { Instance, TestServer } from './server.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh } from './sign-in.ts'
import type { Tokens } from './sign-in.ts'
import { introspect, userinfo } from './tokens.ts'
import { createUserAgent } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
export type Cast = { server: TestServer; web: Client; spa: Client; resource: string }

/** What a request gave its caller. */
export type Product =
  | { kind: 'access' | 'refresh'; client: Client; token: string }
  | { kind: 'code'; client: Client; code: string; verifier: string }
  | { kind: 'session'; agent: UserAgent }
  | { kind: 'admin call' }

/** A client's or browser's way of using its access; `once` is one try, which gives products or nothing. */
export type Lane = {
  name: string
  /** Ends after its first success: a second one would be a replay. */
  single?: boolean
  once(instance: Instance): Promise<Product[] | null>
}

export type Try = { lane: string; began: number; ended: number; products: Product[] | null }

/** Every way of using what a person has, at full speed. */
export function lanesOf({ web, spa, resource }: Cast, access: Access): Lane[] {
  let rotated = access.spa.refreshToken
  const renew = async (instance: Instance, form: Record<string, string> = {}) =>
    tokensIn(web, await refresh(instance, web, access.web.refreshToken, form))
  return [
    { name: 'refresh', once: (instance) => renew(instance) },
    { name: 'refresh for an API', once: (instance) => renew(instance, { resource }) },
    {
      name: 'refresh with rotation',
      async once(instance) {
        const products = tokensIn(spa, await refresh(instance, spa, rotated))
        const next = products?.find(({ kind }) => kind === 'refresh')
        if (next?.kind === 'refresh') rotated = next.token
        return products
      },
    },
    {
      name: 'code exchange',
      single: true,
      once: async (instance) => tokensIn(web, await redeem(instance, web, access.code)),
    },
    {
      name: 'introspection',
      async once(instance) {
        const answer = await introspect(instance, web, access.web.accessToken)
        expectStatus(answer, 200)
        return answer.json<{ active: boolean }>().active ? [] : null
      },
    },
    {
      name: 'userinfo',
      async once(instance) {
        const answer = await userinfo(instance, access.spa.accessToken)
        expectStatus(answer, 200, 401)
        return answer.status === 200 ? [] : null
      },
    },
    {
      name: 'admin API',
      async once({ database }) {
        const bearer = await readBearer(database, access.adminToken, ADMIN_API)
        return bearer ? [{ kind: 'admin call' }] : null
      },
    },
    {
      name: 'silent authorization',
      async once(instance) {
        const { verifier, challenge } = pkce()
        const agent = atOnly(instance, access.agent)
        const answer = await agent.get(authorizeUrl(web, challenge, { prompt: 'none', scope: SILENT }))
        const code = codeIn(answer, 'login_required')
        return code === null ? null : [{ kind: 'code', client: web, code, verifier }]
      },
    },
    {
      name: 'sign-in being resumed',
      single: true,
      async once(instance) {
        const agent = atOnly(instance, access.resume.agent)
        const code = codeIn(await agent.get(access.resume.path), 'any')
        const { verifier } = access.resume
        return code === null
          ? null
          : [
              { kind: 'code', client: web, code, verifier },
              { kind: 'session', agent },
            ]
      },
    },
  ]
}

export function ownTokenLane({ web }: Cast): Lane {
  return {
    name: 'client credentials',
    once: async (instance) =>
      tokensIn(web, await askToken(instance, web, { grant_type: 'client_credentials' })),
  }
}

const SILENT = 'openid offline_access'

/** Goes on until told to stop; what was refused is tried again. Codes are redeemed as soon as they are there. */
export async function play(lane: Lane, instance: Instance, tries: Try[], signal: AbortSignal): Promise<void> {
  // Otherwise what can be done only once would always be done before the end.
  if (lane.single) await sleep(Math.random() * 25)
  while (!signal.aborted) {
    const began = performance.now()
    const products = await lane.once(instance)
    tries.push({ lane: lane.name, began, ended: performance.now(), products })
    const code = products?.find(({ kind }) => kind === 'code')
    if (code?.kind === 'code' && !lane.single) {
      const next = performance.now()
      const redeemed = tokensIn(code.client, await redeem(instance, code.client, code))
      tries.push({ lane: lane.name, began: next, ended: performance.now(), products: redeemed })
    }
    if (products && lane.single) return
    if (!products) await sleep(1)
  }
}

/** Whether something is still good for anything; asked of one instance. */
export async function isAlive(instance: Instance, { web }: Cast, product: Product): Promise<boolean> {
  if (product.kind === 'admin call') return false
  if (product.kind === 'session') {
    const agent = atOnly(instance, product.agent)
    return codeIn(await askSilently(agent, web), 'login_required') !== null
  }
  const { client } = product
  if (product.kind === 'code') return tokensIn(client, await redeem(instance, client, product)) !== null
  if (product.kind === 'refresh')
    return tokensIn(client, await refresh(instance, client, product.token)) !== null
  const doors = [introspect(instance, web, product.token), userinfo(instance, product.token)] as const
  const [seen, used] = await Promise.all(doors)
  return seen.text !== '{"active":false}' || used.status === 200
}

/** The products of many tries, each once. */
export function distinct(products: Product[]): Product[] {
  const known = new Map<unknown, Product>()
  for (const product of products) {
    if (product.kind === 'admin call') continue
    const key =
      product.kind === 'session' ? product.agent : product.kind === 'code' ? product.code : product.token
    known.set(key, product)
  }
  return [...known.values()]
}

function tokensIn(client: Client, answer: Answer): Product[] | null {
  expectStatus(answer, 200, 400)
  const { access_token, refresh_token, error } = answer.json<Partial<Tokens> & { error?: string }>()
  if (access_token === undefined) {
    if (error !== 'invalid_grant') throw new Error(`expected invalid_grant: ${answer.text}`)
    return null
  }
  const access: Product = { kind: 'access', client, token: access_token }
  return refresh_token === undefined ? [access] : [access, { kind: 'refresh', client, token: refresh_token }]
}

/** The code that a browser was sent away with; null when it was not, or with this error. */
function codeIn(answer: Answer, error: 'login_required' | 'any'): string | null {
  const { location } = answer
  if (location === undefined && error === 'any') {
    expectStatus(answer, 400, 409, 422)
    return null
  }
  const told = new URL(location ?? '', 'http://nowhere').searchParams
  const code = told.get('code')
  if (code === null && error !== 'any' && told.get('error') !== error)
    throw new Error(`expected ${error}: ${answer.status} ${location ?? answer.text.slice(0, 300)}`)
  return code
}

function expectStatus(answer: Answer, ...statuses: number[]): void {
  if (!statuses.includes(answer.status)) throw new Error(`${answer.status}: ${answer.text.slice(0, 300)}`)
}

/** The same browser, on one instance. */
function atOnly(instance: Instance, agent: UserAgent): UserAgent {
  const cookies = agent.cookies.map((cookie) => ({ ...cookie }))
  return createUserAgent({ instances: [instance], issuer: 'http://nowhere' }, cookies)
}
