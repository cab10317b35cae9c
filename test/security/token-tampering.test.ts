import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import { refresh, signIn, redeem, tokensFor } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
let web: Client, spa: Client
let tokens: Tokens
let rotating: string
let waiting: SignedIn
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  spa = await addClient(server, { metadata: publicClient })
  const person = await addPerson(server)
  const offline = { scope: 'openid offline_access', prompt: 'consent' }
  tokens = await tokensFor(server, web, person, offline)
  rotating = (await tokensFor(server, spa, person, offline)).refresh_token
  waiting = await signIn(server, web, person)
})
afterAll(() => server.stop())

/** The token with each of its characters changed, cut at each end, or with something before or behind it. */
function mutants(token: string): string[] {
  const flipped = Array.from(token).map(
    (char, at) => `${token.slice(0, at)}${char === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`,
  )
  const cased = Array.from(token).flatMap((char, at) => {
    const other = char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase()
    return other === char ? [] : [`${token.slice(0, at)}${other}${token.slice(at + 1)}`]
  })
  const cut = Array.from(token).flatMap((_, at) => (at === 0 ? [] : [token.slice(0, at), token.slice(at)]))
  const more = ['=', ' ', '\t', '.', '%00', 'A', '/', '\u200b'].flatMap((extra) => [
    token + extra,
    extra + token,
  ])
  const doubled = [
    `${token}${token}`,
    `${token},${token}`,
    `["${token}"]`,
    `"${token}"`,
    `${token}\n`,
    token.split('').reverse().join(''),
  ]
  return [...flipped, ...cased, ...cut, ...more, ...doubled].filter((mutant) => mutant !== token)
}

test('a token that differs in one character, in case or in length is nobody at introspection (TO-06, CVE-2026-27840)', async () => {
  for (const mutant of [...mutants(tokens.access_token), ...mutants(tokens.refresh_token)]) {
    const answer = await introspect(server, web, mutant)
    expect([mutant, answer.status, answer.text]).toEqual([mutant, 200, '{"active":false}'])
  }
})

test('and opens nothing at userinfo (TO-06)', async () => {
  for (const mutant of mutants(tokens.access_token)) {
    // Node itself trims a header and refuses what is not Latin-1.
    if (/[^\x21-\x7e]/.test(mutant)) continue
    const answer = await userinfo(server, mutant)
    expect([mutant, answer.status]).toEqual([mutant, 401])
  }
  for (const mutant of mutants(tokens.access_token)) {
    const { status } = await server.ask('/userinfo', { body: { access_token: mutant } })
    expect([mutant, status]).toEqual([mutant, 401])
  }
})

test('and refreshes nothing, and ends nothing (TO-06)', async () => {
  for (const mutant of mutants(rotating)) {
    const answer = await refresh(server, spa, mutant)
    expect([mutant, answer.status, answer.json()['error']]).toEqual([mutant, 400, 'invalid_grant'])
  }
  expect((await refresh(server, spa, rotating)).status).toBe(200)
})

test('and redeems nothing, and costs the code nothing (TO-06)', async () => {
  for (const mutant of mutants(waiting.code)) {
    const answer = await redeem(server, web, { ...waiting, code: mutant })
    expect([mutant, answer.status, answer.json()['error']]).toEqual([mutant, 400, 'invalid_grant'])
  }
  expect((await redeem(server, web, waiting)).status).toBe(200)
})

test('and takes nothing away when it is given back (TO-06)', async () => {
  for (const mutant of mutants(tokens.refresh_token))
    expect((await giveBack(server, web, mutant)).status).toBe(200)
  expect((await introspect(server, web, tokens.refresh_token)).json()).toMatchObject({ active: true })
})

describe('the bearer secrets', () => {
  test('are 256 random bits each, and no two are alike (CO-07, RFC 6749 §10.10)', async () => {
    const { access_token: a, refresh_token: r } = tokens
    for (const secret of [a, r, rotating, waiting.code]) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const more = await Promise.all(Array.from({ length: 50 }, () => refresh(server, web, r)))
    const all = more.map((answer) => answer.json<Tokens>().access_token)
    expect(new Set(all).size).toBe(50)
    const positions = Array.from({ length: 43 }, (_, at) => new Set(all.map((token) => token[at])).size)
    expect(Math.min(...positions.slice(0, 42))).toBeGreaterThan(15)
  })

  test('are in no column of the database and in no line of the log (CO-07, ASVS 11.4.2)', async () => {
    const { rows } = await server.database.pool.query<{ dump: string }>(
      `SELECT string_agg(t::text, ' ') AS dump FROM tokens t UNION ALL SELECT string_agg(g::text, ' ') FROM grants g
       UNION ALL SELECT string_agg(s::text, ' ') FROM sessions s UNION ALL SELECT string_agg(i::text, ' ') FROM interactions i
       UNION ALL SELECT string_agg(a::text, ' ') FROM audit_events a`,
    )
    const everything = rows.map(({ dump }) => dump).join('\n') + server.log.join('\n')
    expect(everything).toContain(web.id)
    for (const secret of [tokens.access_token, tokens.refresh_token, rotating, waiting.code])
      expect(everything).not.toContain(secret)
  })
})
