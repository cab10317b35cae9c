import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { revoke } from '../../../src/oidc/index.ts'
import type { Selector } from '../../../src/oidc/index.ts'
import { createCutWatch } from '../../../src/oidc/status-list/watch-cuts.ts'
import { addApi, addClient, addPerson, machineClient } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { askToken, redeem, refresh, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { isListed } from '../../support/status-list.ts'
import { grantOf, introspect } from '../../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
const LIFETIME = 5
let server: TestServer
let web: Client, machine: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_STATUS_LIST_TTL: `${LIFETIME}` } })
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server, { format: 'jwt' })
  person = await addPerson(server)
  await server.database.pool.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.6); RETURN NEW; END $$`)
})
afterAll(() => server.stop())
afterEach(async () => {
  await server.database.prisma.revocation.updateMany({ data: { state: 'completed' } })
})

const rebuilt = () => sleep((LIFETIME / 4) * 1000 + 50)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const end = (selector: Selector) =>
  server.database.transaction((tx) => revoke(tx, selector, { reason: 'test' }))
const listed = (token: string) => isListed(server, token, server.issuer)

async function machinesToken(): Promise<string> {
  const form = { grant_type: 'client_credentials', resource: API }
  return (await askToken(server, machine, form)).json<Tokens>().access_token
}

async function personsTokens(): Promise<Tokens> {
  const scope = 'openid offline_access orders:read'
  const signedIn = await signIn(server, web, person, { scope, resource: API, prompt: 'consent' })
  return (await redeem(server, web, signedIn, { resource: API })).json<Tokens>()
}

/** While a token is on its way into the database, something else happens and is done first. */
async function overtaken(issue: () => Promise<string>, act: () => Promise<unknown>): Promise<string> {
  const { pool } = server.database
  await pool.query('CREATE TRIGGER slow BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION slow()')
  try {
    const issuing = issue()
    await sleep(200)
    await act()
    return await issuing
  } finally {
    await pool.query('DROP TRIGGER slow ON tokens')
  }
}

describe('a JWT issued by a request in flight while access was revoked', () => {
  const refreshed = async (tokens: Tokens) =>
    (await refresh(server, web, tokens.refresh_token, { resource: API })).json<Tokens>().access_token

  test('of the client is listed all the same, and by its introspection never was (RV-05, AD-06)', async () => {
    await listed(await machinesToken())
    const late = await overtaken(machinesToken, () => end({ clientId: machine.id }))
    expect((await introspect(server, machine, late)).text).toBe('{"active":false}')
    const row = () => server.database.prisma.token.count({ where: { clientId: machine.id, revokedAt: null } })
    expect(await row()).toBe(1)
    await rebuilt()
    expect(await listed(late)).toBe(true)
    expect(await row()).toBe(0)
    expect(await listed(await machinesToken())).toBe(false)
  })

  test.each<[string, (tokens: Tokens) => Promise<Selector>]>([
    ['of the user', () => Promise.resolve({ userId: person.id })],
    ['of the user at this client', () => Promise.resolve({ userId: person.id, clientId: web.id })],
    ['of the grant', async (tokens) => ({ grantId: await grantOf(server, tokens.refresh_token) })],
    ['of everybody', () => Promise.resolve({ everything: true })],
  ])('%s is listed all the same (RV-05, AD-06)', async (_, selector) => {
    const tokens = await personsTokens()
    const chosen = await selector(tokens)
    const late = await overtaken(
      () => refreshed(tokens),
      () => end(chosen),
    )
    await rebuilt()
    expect([await listed(late), await listed(tokens.access_token)]).toEqual([true, true])
    expect(await listed((await personsTokens()).access_token)).toBe(false)
  })
})

/** Everything issued so far was issued longer ago than any request takes. */
async function growOld(): Promise<void> {
  const { pool } = server.database
  for (const table of ['tokens', 'grants'])
    await pool.query(`UPDATE ${table} SET issued_at = issued_at - interval '5 minutes'`)
}

test('what a process that was killed left unmarked, the next one finds (RV-05)', async () => {
  const { database } = server
  const tokens = await personsTokens()
  const grantId = await grantOf(server, tokens.refresh_token)
  await growOld()
  await database.pool.query('UPDATE grants SET revoked_at = now() WHERE id = $1', [grantId])
  await createCutWatch(database.pool, 1).unmarked(0)
  const where = { grantId, kind: 'JwtAccessToken', revokedAt: { not: null } }
  for (let tries = 0; (await database.prisma.token.count({ where })) === 0 && tries < 100; tries += 1)
    await sleep(20)
  await rebuilt()
  expect(await listed(tokens.access_token)).toBe(true)
})

describe('while the rows of a large revocation are still being marked', () => {
  const running = (selector: Record<string, string>) =>
    server.database.prisma.revocation.create({
      data: { effectiveAt: new Date(), state: 'running', selector, reason: 'test', actor: {}, counts: {} },
    })
  const cutNow = (table: string, id: string) =>
    server.database.pool.query(
      `UPDATE ${table} SET tokens_not_before = clock_timestamp() + interval '1 millisecond' WHERE id::text = $1`,
      [id],
    )

  test('everything its cut covers is listed, and left to be marked and counted (RV-05)', async () => {
    const [own, tokens] = [await machinesToken(), await personsTokens()]
    await growOld()
    await running({ client_id: machine.id })
    await cutNow('clients', machine.id)
    await cutNow('users', person.id)
    await sleep(5)
    const next = await machinesToken()
    await rebuilt()
    expect([await listed(own), await listed(tokens.access_token), await listed(next)]).toEqual([
      true,
      true,
      false,
    ])
    const where = { kind: 'JwtAccessToken', revokedAt: null, clientId: { in: [machine.id, web.id] } }
    expect(await server.database.prisma.token.count({ where })).toBeGreaterThanOrEqual(3)
  })

  test('everything signed with a key that is given up is listed (RV-05, KY-03)', async () => {
    const own = await machinesToken()
    await running({ signing_key: decodeProtectedHeader(own).kid ?? '' })
    await rebuilt()
    expect(await listed(own)).toBe(true)
  })
})
