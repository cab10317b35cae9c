import { inflateSync } from 'node:zlib'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import type { TestServer } from './server.ts'

type Asked = Pick<TestServer, 'ask'>

/** The list a token points to, and its index there. */
export function placeOf(token: string): { path: string; idx: number; uri: string } {
  const { idx, uri } = (decodeJwt(token)['status'] as { status_list: { idx: number; uri: string } })
    .status_list
  return { path: new URL(uri).pathname, idx, uri }
}

export type List = { ttl: number; iat: number; exp: number; lst: string; bits: Buffer }

/** A status list as an API gets it, with its signature and type verified. */
export async function listAt(server: Asked, path: string, issuer: string): Promise<List> {
  const answer = await server.ask(path)
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  const keys = createLocalJWKSet((await server.ask('/jwks')).json<JSONWebKeySet>())
  const rules = { typ: 'statuslist+jwt', subject: `${issuer}${path}`, algorithms: ['ES256'] }
  const { payload } = await jwtVerify(answer.text, keys, rules)
  const { lst } = payload['status_list'] as { lst: string }
  const { ttl, iat = 0, exp = 0 } = payload as { ttl: number; iat?: number; exp?: number }
  return { ttl, iat, exp, lst, bits: inflateSync(Buffer.from(lst, 'base64url')) }
}

export function bitAt({ bits }: List, idx: number): number {
  return ((bits[idx >> 3] ?? NaN) >> (idx & 7)) & 1
}

/** Is the token in the list of revoked ones, as this instance gives it out? */
export async function isListed(server: Asked, token: string, issuer: string): Promise<boolean> {
  const { path, idx } = placeOf(token)
  return bitAt(await listAt(server, path, issuer), idx) === 1
}
