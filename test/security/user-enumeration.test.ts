import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setDisabled } from '../../src/users/index.ts'
import { atForm, from, verdictOf } from '../support/attempts.ts'
import { authorize } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { shareAbove } from '../support/mail-forms.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let send: Awaited<ReturnType<typeof atForm>>
/** One address of each kind; what they have in common is that the password sent is not good. */
let people: Record<string, { email: string; password: string }>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  client = await addClient(server)
  send = await atForm(server, client, null, 'login')
  const [known, unverified, disabled, passwordless, withoutTotp] = [
    await addPerson(server),
    await addPerson(server),
    await addPerson(server),
    await addPerson(server),
    await addPerson(server, { totp: false }),
  ]
  const { prisma } = server.database
  await prisma.user.update({ where: { id: unverified.id }, data: { emailVerified: false } })
  await prisma.user.update({ where: { id: passwordless.id }, data: { passwordHash: null } })
  await server.database.transaction((tx) => setDisabled(tx, disabled.id, true))
  const nobody = { email: 'nobody@example.com', password: 'guess' }
  const wrong = { password: 'guess' }
  people = {
    unknown: nobody,
    known: { ...known, ...wrong },
    'without second factor': { ...withoutTotp, ...wrong },
    unverified: { ...unverified, ...wrong },
    'disabled, wrong password': { ...disabled, ...wrong },
    'disabled, right password': disabled,
    passwordless,
    'empty password': { ...withoutTotp, password: '' },
  }
})
afterAll(() => server.stop())

let serial = 0
/** An address nobody has used, so that no counter of another attempt stands in the way. */
const fresh = () => from(`198.51.${100 + Math.floor((serial += 1) / 250)}.${serial % 250}`)

/** All of an answer that anybody can see, without what differs from one request to the next anyway. */
function seen({ status, headers, text, location }: Answer, email: string): unknown {
  const varying = ['date', 'x-request-id', 'connection', 'keep-alive', 'content-length']
  const kept = Object.entries(headers).filter(([name]) => !varying.includes(name))
  const page = text
    .replaceAll(email, 'EMAIL')
    .replaceAll(/name="csrf" value="[^"]+"/g, 'CSRF')
    .replaceAll(/(&quot;challenge&quot;:&quot;)[\w-]+/g, '$1CHALLENGE')
    .replaceAll(/(\/interaction\/|[?]interaction=)[\w-]+/g, 'UID')
  return { status, location, headers: Object.fromEntries(kept), page }
}

describe('a password that is not good tells nothing about the account (TH-04, ASVS 6.3.8, CVE-2026-4633)', () => {
  test('by status, page, headers or cookies', async () => {
    const answers = new Map<string, unknown>()
    for (const [kind, { email, password }] of Object.entries(people))
      answers.set(kind, seen(await send({ email, password }, fresh()), email))
    const expected = answers.get('unknown')
    expect(expected).toMatchObject({ status: 422, location: undefined })
    for (const [kind, answer] of answers) expect({ kind, answer }).toEqual({ kind, answer: expected })
  })

  test('by when it is blocked, and what is said then', async () => {
    const answers = new Map<string, unknown>()
    for (const [kind, { email }] of Object.entries(people)) {
      const address = fresh()
      for (let nth = 0; nth < 10; nth += 1)
        expect({
          kind,
          verdict: verdictOf(await send({ email, password: `guess ${nth}` }, address)),
        }).toEqual({
          kind,
          verdict: 'wrong',
        })
      answers.set(kind, seen(await send({ email, password: 'guess' }, address), email))
    }
    const expected = answers.get('unknown')
    expect(JSON.stringify(expected)).toContain('too many attempts')
    for (const [kind, answer] of answers) expect({ kind, answer }).toEqual({ kind, answer: expected })
  })

  test('by how long it takes', async () => {
    const kinds = ['unknown', 'known', 'disabled, right password', 'passwordless', 'empty password']
    const times = new Map(kinds.map((kind): [string, number[]] => [kind, []]))
    for (let round = 0; round < 30; round += 1) {
      // Taken in turns, so that a machine that slows down does so for all; each by an address of its own.
      for (const kind of kinds) {
        const { email = '', password = '' } = people[kind] ?? {}
        const attempt = kind === 'unknown' ? `nobody-${round}@example.com` : email
        const before = process.cpuUsage()
        await send({ email: attempt, password }, fresh())
        const { user, system } = process.cpuUsage(before)
        times.get(kind)?.push(user + system)
      }
    }
    const unknown = times.get('unknown') ?? []
    for (const kind of kinds.slice(1)) {
      const share = shareAbove(times.get(kind) ?? [], unknown)
      // No difference is a half; an answer without a hash, or with two, would be 0 or 1. Four standard deviations either way.
      expect({ kind, telling: Math.abs(share - 0.5) > 0.3 }).toEqual({ kind, telling: false })
    }
  }, 120_000)
})

describe('a sign-in page', () => {
  test('looks the same whoever is hinted at (TH-04)', async () => {
    const pages: unknown[] = []
    for (const email of ['nobody@example.com', people['known']?.email ?? '']) {
      const agent = createUserAgent(server)
      const { location = '' } = await authorize(agent, client, { login_hint: email })
      pages.push(seen(await agent.get(location), email))
    }
    expect(pages[1]).toEqual(pages[0])
  })
})
