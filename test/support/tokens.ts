import { createHash, randomBytes } from 'node:crypto'
import { basic, bearer } from './http-client.ts'
import type { Answer } from './http-client.ts'
import type { Instance, TestServer } from './server.ts'

type Asked = Pick<TestServer, 'ask'>
type Caller = { id: string; secret: string }

export function introspect(
  server: Asked,
  caller: Caller,
  token: string,
  form: Record<string, string> = {},
): Promise<Answer> {
  return server.ask('/introspect', { body: { token, ...form }, headers: basic(caller.id, caller.secret) })
}

/** Revocation as RFC 7009 has it: a client gives back a token of its own. */
export function giveBack(
  server: Asked,
  caller: Caller,
  token: string,
  form: Record<string, string> = {},
): Promise<Answer> {
  return server.ask('/revoke', { body: { token, ...form }, headers: basic(caller.id, caller.secret) })
}

export function userinfo(server: Asked, token: string): Promise<Answer> {
  return server.ask('/userinfo', { headers: bearer(token) })
}

/** The same thing asked many times in one moment, of every instance in turn, over connections that are open already. */
export async function atOnce<T>(
  server: TestServer,
  count: number,
  ask: (instance: Instance, nth: number) => Promise<T>,
): Promise<T[]> {
  const turns = Array.from({ length: count }, (_, nth) => nth)
  const instanceFor = (nth: number) => server.instances[nth % server.instances.length] as Instance
  await Promise.all(turns.map((nth) => instanceFor(nth).ask('/health/ready')))
  return Promise.all(turns.map((nth) => ask(instanceFor(nth), nth)))
}

export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/**
 * A second sign-in like the one behind this offline refresh token, without its browser: the same rows under another grant.
 */
export async function copyOf(
  { database }: TestServer,
  refreshToken: string,
): Promise<{ refreshToken: string; grantId: string }> {
  const [copy, grantId] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
  await database.pool.query(
    `WITH own AS (SELECT * FROM tokens WHERE digest = $1 AND kind = 'RefreshToken'),
      copied AS (INSERT INTO grants (id, user_id, client_id, payload, expires_at)
        SELECT $2, g.user_id, g.client_id, g.payload || jsonb_build_object('jti', $2::text), g.expires_at
        FROM grants g JOIN own ON own.grant_id = g.id)
      INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
        SELECT $3, kind, $2, client_id, user_id, payload || jsonb_build_object('grantId', $2::text), expires_at FROM own`,
    [digestOf(refreshToken), grantId, digestOf(copy)],
  )
  return { refreshToken: copy, grantId }
}

/** The rows that hang from a grant, by kind. */
export async function tokensOf(
  { database }: Pick<TestServer, 'database'>,
  grantId: string,
): Promise<Record<string, number>> {
  const rows = await database.prisma.token.groupBy({ by: ['kind'], where: { grantId }, _count: true })
  return Object.fromEntries(rows.map(({ kind, _count }) => [kind, _count]))
}

/** Has this bearer secret a row, and was it not used up yet? */
export async function isLive({ database }: Pick<TestServer, 'database'>, secret: string): Promise<boolean> {
  const row = await database.prisma.token.findFirst({ where: { digest: new Uint8Array(digestOf(secret)) } })
  return row !== null && row.consumedAt === null
}

/** The grant a bearer secret hangs from. */
export async function grantOf({ database }: Pick<TestServer, 'database'>, secret: string): Promise<string> {
  const row = await database.prisma.token.findFirstOrThrow({
    where: { digest: new Uint8Array(digestOf(secret)) },
  })
  if (row.grantId === null) throw new Error('this token has no grant')
  return row.grantId
}
