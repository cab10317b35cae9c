import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../../src/crypto/index.ts'
import { bearer } from '../../support/http-client.ts'
import { mailsOf } from '../../support/mail.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { authorizeUrl, isActive, pkce, refresh, stepOf, tokensFor, walk } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent } from '../../support/user-agent.ts'
import { checkPassword } from '../../../src/users/index.ts'
import { cardea, cardeaHere } from './command.ts'
import type { Ran } from './command.ts'

const keys = { CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
let server: TestServer
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startTestServer({ env: keys })
  // The database and nothing else: no issuer, no keys.
  env = { DATABASE_URL: server.databaseUrl }
})
afterAll(() => server.stop())

type Revoked = { revoked: { state: string; counts: Record<string, number> } }

describe('cardea user create', () => {
  test('makes a user whose password comes from standard input, and who can sign in with it', async () => {
    const email = 'ada@example.com'
    const password = 'a fine and long password'
    const options = ['--name', 'Ada Lovelace', '--role', 'owner', '--password-stdin']
    const created = await cardea(['user', 'create', email, ...options], { env, input: `${password}\n` })
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.stdout).not.toContain(password)
    expect((await cardeaHere(['user', 'show', email, '--json'], { env })).json()).toMatchObject({
      email,
      name: 'Ada Lovelace',
      role: 'owner',
      emailVerified: false,
      hasPassword: true,
      factors: { totp: false, recoveryCodes: 0 },
    })
    const client = await addClient(server)
    const agent = createUserAgent(server)
    const person = { id: '', email, password, totpSecret: null }
    const url = authorizeUrl(client, pkce().challenge)
    // The first sign-in sets up the second factor.
    expect(stepOf(await walk(server, agent, url, person, { stopAt: /^totp-enrol$/ }))).toBe('totp-enrol')
  })

  test('prints a generated password once, and stores it nowhere in the clear (ASVS 11.4.2)', async () => {
    const args = ['user', 'create', 'gen@example.com', '--generate-password', '--json']
    const created = await cardea(args, { env })
    const { password, id } = created.json() as { password: string; id: string }
    expect(password).toMatch(/^[\w-]{24}$/)
    const row = await server.database.prisma.user.findUniqueOrThrow({ where: { id } })
    expect(await server.hasher.verify(row.passwordHash, password)).toBe(true)
    const shown = await cardeaHere(['user', 'show', id, '--json'], { env })
    expect(shown.stdout + JSON.stringify(await events(id))).not.toContain(password)
    expect(shown.stdout).not.toContain('argon2')
  })

  test.each([
    ['an address somebody has, in another spelling', 'ADA@example.com', 'long enough by far', 73],
    ['what is no address', 'ada', 'long enough by far', 65],
    ['a short password', 'eve@example.com', 'sh0rt', 65],
    ['a password made of the address', 'evelyn@example.com', 'evelyn@example.com', 65],
    ['a password everybody tries', 'eve@example.com', 'password1', 65],
    ['two lines', 'eve@example.com', 'long enough by far\nand more', 65],
  ])('refuses %s', async (_, email, password, code) => {
    const args = ['user', 'create', email, '--password-stdin', '--json']
    const refused = await cardeaHere(args, { env, input: password })
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).not.toContain(password)
    expect(JSON.parse(refused.stderr)).toEqual({
      error: code === 73 ? 'already_exists' : 'bad_data',
      message: expect.any(String),
    })
  })

  test('asks nobody where there is no terminal', async () => {
    const refused = await cardeaHere(['user', 'create', 'eve@example.com'], {
      env,
      input: 'long enough by far',
    })
    expect(refused).toMatchObject({ code: 64 })
  })
})

describe('what an operator changes takes hold with the same commit', () => {
  const verbs: [verb: string, options: string[], event: string][] = [
    ['disable', [], 'user.disabled'],
    ['set-password', ['--generate-password'], 'user.password_changed'],
    ['reset-totp', [], 'factor.totp_removed'],
  ]
  test.each(verbs)(
    '%s ends sessions, grants and tokens, and tells how many (RT-06, DI-01, ASVS 7.4.2)',
    async (verb, options, event) => {
      const [client, person] = [await addClient(server), await addPerson(server)]
      const tokens = await tokensFor(server, client, person)
      expect(await isActive(server, client, tokens.access_token)).toBe(true)

      const done = await cardea(['user', verb, person.email, ...options, '--json'], { env })
      expect(done).toMatchObject({ code: 0, stderr: '' })
      const { revoked } = done.json() as Revoked
      expect(revoked).toMatchObject({
        state: 'completed',
        counts: { sessions: 1, grants: 1, access_tokens: 1, refresh_tokens: 1 },
      })

      expect(await isActive(server, client, tokens.access_token)).toBe(false)
      expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
      const userinfo = await server.ask('/userinfo', { headers: bearer(tokens.access_token) })
      expect(userinfo.status).toBe(401)
      const silent = await tokens.agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))
      expect(silent.location).toContain('error=login_required')
      const recorded = (await events(person.id)).filter((type) => type !== 'browser.forgotten')
      expect(recorded.slice(-4).sort()).toEqual(
        ['access.revoked', event, 'grant.revoked', 'session.ended'].sort(),
      )
    },
  )

  test('set-password replaces the old password', async () => {
    const person = await addPerson(server)
    const done = await cardeaHere(['user', 'set-password', person.id, '--password-stdin'], {
      env,
      input: 'another fine password',
    })
    expect(done).toMatchObject({ code: 0 })
    const { passwordHash } = await server.database.prisma.user.findUniqueOrThrow({ where: { id: person.id } })
    expect(await server.hasher.verify(passwordHash, person.password)).toBe(false)
    expect(await server.hasher.verify(passwordHash, 'another fine password')).toBe(true)
  })

  test.each([
    ['set-password', ['--generate-password'], 'password_changed'],
    ['reset-totp', [], 'factors_reset'],
  ])(
    '%s tells the user by a mail that the server can open, and says when it cannot (MF-07)',
    async (verb, options, what) => {
      const whole = { ...env, ...keys, CARDEA_ISSUER: 'https://id.example.com' }
      const [told, untold] = [await addPerson(server), await addPerson(server)]
      const done = await cardeaHere(['user', verb, told.email, ...options], { env: whole })
      expect(done).toMatchObject({ code: 0, stderr: '' })
      expect(done.stdout).not.toContain('by mail')
      expect(await mailsOf(server, told.email)).toMatchObject([
        { template: 'security-notice', data: { what } },
      ])
      const without = await cardeaHere(['user', verb, untold.email, ...options], { env })
      expect(without).toMatchObject({ code: 0, stdout: expect.stringContaining('told nothing by mail') })
      expect(await mailsOf(server, untold.email)).toEqual([])
      const again = await cardeaHere(['user', verb, untold.email, ...options, '--json'], { env })
      expect(again.json()).toMatchObject({ told: false })
    },
  )

  test('enable lets a disabled user sign in again, and brings back nothing that ended', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const tokens = await tokensFor(server, client, person)
    await cardeaHere(['user', 'disable', person.email], { env })
    expect(await cardeaHere(['user', 'enable', person.email], { env })).toMatchObject({
      code: 0,
      stdout: `Enabled ${person.email}.\n`,
    })
    expect(await isActive(server, client, tokens.access_token)).toBe(false)
    expect((await tokensFor(server, client, person)).access_token).toBeDefined()
  })
})

test('unlock lets a user in whose attempts were used up, and records it (TH-01)', async () => {
  const person = await addPerson(server)
  const deps = { database: server.database, hasher: server.hasher, keys: [randomBytes(32)] }
  const attempt = (password: string) =>
    checkPassword(deps, { email: person.email, password, ip: '203.0.113.7' })
  for (let guess = 0; guess < 20; guess += 1) await attempt('a wrong guess')
  expect(await attempt(person.password)).toMatchObject({ ok: false, reason: 'throttled' })
  expect(await cardeaHere(['user', 'unlock', person.email], { env })).toMatchObject({ code: 0, stderr: '' })
  expect(await attempt(person.password)).toMatchObject({ ok: true })
  expect(await events(person.id)).toContain('user.unlocked')
})

describe('cardea user list', () => {
  test('reads no key, not even where one is named', async () => {
    const keys = { CARDEA_KEYRING_FILE: '/nowhere/keyring', CARDEA_COOKIE_KEYS: 'changeme' }
    expect((await cardeaHere(['user', 'list'], { env: { ...env, ...keys } })).code).toBe(0)
  })

  test('gives users page by page, and those of a status', async () => {
    const people = [await addPerson(server), await addPerson(server), await addPerson(server)]
    await cardeaHere(['user', 'disable', people[1]?.email ?? ''], { env })
    const page = async (...args: string[]) => {
      const listed = await cardeaHere(['user', 'list', '--json', ...args], { env })
      return listed.json() as { users: { email: string }[]; next: string | null }
    }
    const disabled = await page('--status', 'disabled', '--limit', '200')
    expect(disabled.users.map(({ email }) => email)).toContain(people[1]?.email)
    const first = await page('--limit', '1')
    expect(first.users).toHaveLength(1)
    const second = await page('--limit', '1', '--after', first.next ?? '')
    expect(second.users[0]?.email).not.toBe(first.users[0]?.email)
    const [row] = (await page('--prefix', people[2]?.email ?? '')).users
    expect(row?.email).toBe(people[2]?.email)
  })

  test.each(['show', 'disable', 'enable', 'unlock', 'reset-totp'])('%s of nobody is 66', async (verb) => {
    const missing: Ran[] = [
      await cardeaHere(['user', verb, 'nobody@example.com'], { env }),
      await cardeaHere(['user', verb, 'no-id'], { env }),
    ]
    for (const { code } of missing) expect(code).toBe(66)
  })
})

async function events(userId: string): Promise<string[]> {
  const rows = await server.database.prisma.auditEvent.findMany({ where: { userId }, orderBy: { id: 'asc' } })
  return rows.map(({ type }) => type)
}
