import { createHmac, randomBytes } from 'node:crypto'
import { ADMIN_API } from '../../src/clients/index.ts'
import type { addClient, Person } from './people.ts'
import type { TestServer } from './server.ts'
import { authorizeUrl, pkce, redeem, signIn, walk } from './sign-in.ts'
import type { AuthorizeParams, Tokens } from './sign-in.ts'
import { digestOf } from './tokens.ts'
import { createUserAgent } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
type Held = { grantId: string; accessToken: string; refreshToken: string }

/** Everything a person has in one browser, with two clients: made in one statement, so that thousands can be had. */
export type Access = {
  sessionUid: string
  agent: UserAgent
  web: Held
  spa: Held
  /** Not redeemed yet; of a grant of its own. */
  code: { grantId: string; code: string; verifier: string }
  /** For the admin API, under the grant of `web`. */
  adminToken: string
  /** Another sign-in of the person, which needs nothing but its last redirect. */
  resume: { agent: UserAgent; path: string; verifier: string }
}

const fresh = () => randomBytes(32).toString('base64url')

/**
 * One real sign-in at each client (`params` go with the one at `web`), and how to get as many more like it as wanted: the same rows
 * under other names, and as old as their insertion. The cookies are signed with the server's key.
 */
export async function prepareAccess(
  server: TestServer,
  { web, spa, person, cookieKey }: { web: Client; spa: Client; person: Person; cookieKey: string },
  params: AuthorizeParams = {},
): Promise<() => Promise<Access>> {
  const agent = createUserAgent(server)
  const offline = { scope: 'openid offline_access', prompt: 'consent', ...params }
  const first = await signIn(server, web, person, offline, { agent })
  const held = (await redeem(server, web, first)).json<Tokens>()
  const second = await signIn(
    server,
    spa,
    person,
    { scope: 'openid offline_access', prompt: 'consent' },
    { agent },
  )
  const rotating = (await redeem(server, spa, second)).json<Tokens>()
  const late = await signIn(server, web, person, offline, { agent })
  const sitting = createUserAgent(server)
  const { verifier, challenge } = pkce()
  const { location } = await walk(server, sitting, authorizeUrl(web, challenge), person, {
    stopAt: /^\/authorize\//,
  })
  const uid = location?.split('/').at(-1) ?? ''
  const secrets = [
    held.access_token,
    held.refresh_token,
    rotating.access_token,
    rotating.refresh_token,
    late.code,
  ]
  const rows = await templates(server, { person, secrets, uid })
  const [grant, spaGrant] = [rows.grantOf(held.refresh_token), rows.grantOf(rotating.refresh_token)]
  const signed = (name: string, value: string, path: string) => [
    { name, value, path },
    { name: `${name}.sig`, value: signature(cookieKey, `${name}=${value}`), path },
  ]
  const others = (cookies: UserAgent['cookies']) =>
    cookies.filter(({ path }) => path === '/').filter(isNotSession)

  return async () => {
    const names = new Map([...secrets, rows.sessionUid, grant, spaGrant, uid].map((old) => [old, fresh()]))
    const named = (old: string) => names.get(old) ?? ''
    const [cookie, codeGrant, adminToken] = [fresh(), fresh(), fresh()]
    await insert(server, rows, { named, cookie, codeGrant, adminToken, code: late.code, uid, grant })
    const resuming = `/authorize/${named(uid)}`
    return {
      sessionUid: named(rows.sessionUid),
      agent: createUserAgent(server, [...others(agent.cookies), ...signed('cardea_session', cookie, '/')]),
      web: {
        grantId: named(grant),
        accessToken: named(held.access_token),
        refreshToken: named(held.refresh_token),
      },
      spa: {
        grantId: named(spaGrant),
        accessToken: named(rotating.access_token),
        refreshToken: named(rotating.refresh_token),
      },
      code: { grantId: codeGrant, code: named(late.code), verifier: late.verifier },
      adminToken,
      resume: {
        agent: createUserAgent(server, [
          ...others(sitting.cookies),
          ...signed('cardea_resume', named(uid), resuming),
        ]),
        path: resuming,
        verifier,
      },
    }
  }
}

function isNotSession({ name }: { name: string }): boolean {
  return !name.startsWith('cardea_session')
}

/** As the server signs its cookies. */
function signature(key: string, text: string): string {
  return createHmac('sha1', key).update(text).digest('base64url')
}

type Row = Record<string, unknown> & { payload: object }
type Templates = {
  sessionUid: string
  session: Row
  grants: Row[]
  tokens: (Row & { secret: string; grant_id: string })[]
  interaction: Row
  grantOf(secret: string): string
}

async function templates(
  { database: { pool } }: TestServer,
  { person, secrets, uid }: { person: Person; secrets: string[]; uid: string },
): Promise<Templates> {
  const tokens: Templates['tokens'] = []
  for (const secret of secrets) {
    const { rows } = await pool.query<Templates['tokens'][number]>('SELECT * FROM tokens WHERE digest = $1', [
      digestOf(secret),
    ])
    for (const row of rows) tokens.push({ ...row, secret })
  }
  const one = async (text: string, values: unknown[]) => (await pool.query<Row>(text, values)).rows
  const [session] = await one('SELECT * FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [person.id])
  const [interaction] = await one('SELECT * FROM interactions WHERE digest = $1', [digestOf(uid)])
  const ids = tokens.map(({ grant_id }) => grant_id)
  const grants = await one('SELECT * FROM grants WHERE id = ANY($1)', [ids])
  if (!session || !interaction) throw new Error('the sign-in to be copied is not there')
  const grantOf = (secret: string) => tokens.find((row) => row.secret === secret)?.grant_id ?? ''
  return { sessionUid: String(session['uid']), session, interaction, grants, tokens, grantOf }
}

const text = `WITH
  s AS (INSERT INTO sessions (uid, digest, user_id, payload, expires_at)
    SELECT uid, digest, user_id, payload, now() + interval '1 hour' FROM jsonb_populate_recordset(NULL::sessions, $1)),
  g AS (INSERT INTO grants (id, user_id, client_id, payload, expires_at)
    SELECT id, user_id, client_id, payload, now() + interval '1 hour' FROM jsonb_populate_recordset(NULL::grants, $2)),
  i AS (INSERT INTO interactions (digest, client_id, user_id, payload, progress, expires_at)
    SELECT digest, client_id, user_id, payload, progress, now() + interval '1 hour' FROM jsonb_populate_recordset(NULL::interactions, $4))
  INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, session_uid, audience, payload, expires_at)
    SELECT digest, kind, grant_id, client_id, user_id, session_uid, audience, payload, now() + interval '1 hour'
    FROM jsonb_populate_recordset(NULL::tokens, $3)`

async function insert(
  { database }: TestServer,
  rows: Templates,
  to: {
    named: (old: string) => string
    cookie: string
    codeGrant: string
    adminToken: string
    code: string
    uid: string
    grant: string
  },
): Promise<void> {
  const { named } = to
  const hex = (secret: string) => `\\x${digestOf(secret).toString('hex')}`
  /** Every old id in a row becomes the new one. */
  const renamed = (row: Row): Row => {
    const { digest: _digest, secret: _secret, ...rest } = row
    return JSON.parse(JSON.stringify(rest).replaceAll(/[\w-]{43}/g, (id) => named(id) || id)) as Row
  }
  const tokens = rows.tokens.map((row): Row => {
    const copy = { ...renamed(row), digest: hex(named(row.secret)) }
    const grantId = to.codeGrant
    return row.secret === to.code
      ? { ...copy, grant_id: grantId, payload: { ...copy.payload, grantId } }
      : copy
  })
  const access = tokens.find((row) => row['kind'] === 'AccessToken' && row['grant_id'] === named(to.grant))
  const aud = ADMIN_API
  tokens.push({
    ...access,
    digest: hex(to.adminToken),
    audience: aud,
    payload: { ...access?.payload, aud },
  })
  const grants = rows.grants.map(renamed)
  const own = grants.find((row) => row['id'] === named(to.grant))
  grants.push({ ...own, id: to.codeGrant, payload: { ...own?.payload, jti: to.codeGrant } })
  await database.pool.query({
    name: 'copy_access',
    text,
    values: [
      JSON.stringify([{ ...renamed(rows.session), digest: hex(to.cookie) }]),
      JSON.stringify(grants),
      JSON.stringify(tokens),
      JSON.stringify([{ ...renamed(rows.interaction), digest: hex(named(to.uid)) }]),
    ],
  })
}
