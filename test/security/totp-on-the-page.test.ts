import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { generateRecoveryCodes, unlockUser } from '../../src/users/index.ts'
import { at, atForm, from, verdictOf } from '../support/attempts.ts'
import { reach } from '../support/authorize.ts'
import { addClient, addPerson, codeOf, wrongCode } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { stepOf } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

const STEP_SECONDS = 30

/** The code of a step before or after the current one, or of another seed. */
function codeAt(secret: string, offset: number): Promise<string> {
  return generate({ secret, epoch: Math.floor(Date.now() / 1000) + offset * STEP_SECONDS })
}

/** Waits until this step of the clock has some seconds left, so that it is still the same one when a code arrives. */
async function earlyInStep(): Promise<void> {
  const left = STEP_SECONDS * 1000 - (Date.now() % (STEP_SECONDS * 1000))
  if (left < 5000) await sleep(left + 50)
}

const verdicts = async (sent: Promise<Awaited<ReturnType<Awaited<ReturnType<typeof atForm>>>>>[]) =>
  (await Promise.all(sent)).map(verdictOf)

describe('enrolling an authenticator', () => {
  test('shows a seed of 160 bits until a code of it is sent, and never again (MF-01, RFC 6238 §5.1, ASVS 6.5.3)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, page, at: here } = await reach(server, client, person, 'totp-enrol')
    const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect((await agent.get(here)).text).toContain(secret)
    const { action, fields } = formOf(page, /totp-enrol$/)
    const confirmed = await agent.post(action, { ...fields, code: await codeAt(secret, 0) })
    expect(confirmed.status).toBe(303)
    for (const path of [here, `${here}/recovery-code`]) {
      const after = await agent.get(path)
      expect(after.text).not.toContain(secret)
      expect(stepOf(after)).not.toBe('totp-enrol')
    }
    expect(stepOf(await agent.post(action, { ...fields, code: await codeAt(secret, 1) }))).toBeNull()
    // Nor is it in the database, where only a sealed form of it lies.
    const credential = await server.database.prisma.totpCredential.findFirstOrThrow({
      where: { userId: person.id },
    })
    expect(JSON.stringify(credential)).not.toContain(secret)
    expect(credential.sealedSeed).toMatch(/^v1\./)
  })

  test('that was given up counts for nothing: the next one has another seed, and the old one opens nothing (MF-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const abandoned = await reach(server, client, person, 'totp-enrol')
    const old = /secret=([A-Z2-7]+)/.exec(abandoned.page.text)?.[1] ?? ''
    const next = await reach(server, client, person, 'totp-enrol')
    expect(next.page.text).not.toContain(old)
    const { action, fields } = formOf(next.page, /totp-enrol$/)
    const answer = await next.agent.post(action, { ...fields, code: await codeAt(old, 0) })
    expect(answer.status).toBe(422)
  })

  test('in two windows links one app: the second window says so and asks for its code (MF-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const windows = []
    for (let nth = 0; nth < 2; nth += 1) windows.push(await reach(server, client, person, 'totp-enrol'))
    const [first, second] = windows
    if (!first || !second) throw new Error('no windows')
    const secretOn = ({ page }: typeof first) => /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    const finish = async (window: typeof first) => {
      const { action, fields } = formOf(window.page, /totp-enrol$/)
      return window.agent.post(action, { ...fields, code: await codeAt(secretOn(window), 0) })
    }
    expect((await finish(first)).status).toBe(303)
    const overtaken = await finish(second)
    expect([overtaken.status, stepOf(overtaken)]).toEqual([422, 'totp'])
    expect(overtaken.text).toContain('linked in another window meanwhile')
    const { prisma } = server.database
    expect(await prisma.totpCredential.count({ where: { userId: person.id } })).toBe(1)
    const { action, fields } = formOf(overtaken, /totp$/)
    // Of the next half minute: the one that linked it is spent.
    const code = await codeAt(secretOn(first), 1)
    expect((await second.agent.post(action, { ...fields, code })).status).toBe(303)
  })

  test('is not done by a wrong code (MF-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, page, at: here } = await reach(server, client, person, 'totp-enrol')
    const { action, fields } = formOf(page, /totp-enrol$/)
    const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    const code = wrongCode(await codeAt(secret, 0))
    expect((await agent.post(action, { ...fields, code })).status).toBe(422)
    expect(stepOf(await agent.get(here))).toBe('totp-enrol')
  })
})

describe('a code', () => {
  test.each([
    [-2, 'wrong'],
    [-1, 'accepted'],
    [0, 'accepted'],
    [1, 'accepted'],
    [2, 'wrong'],
  ] as const)('%i steps from now is %s (MF-02, RFC 6238 §5.2, CVE-2024-7318)', async (offset, verdict) => {
    const person = await addPerson(server)
    const send = await atForm(server, client, person, 'totp')
    await earlyInStep()
    expect(verdictOf(await send({ code: await codeAt(person.totpSecret ?? '', offset) }))).toBe(verdict)
  })

  test('sent in twenty sign-ins at one moment, on two instances, opens one of them (MF-03, FT-14, RFC 6238 §5.2)', async () => {
    const person = await addPerson(server)
    const forms = await Promise.all(Array.from({ length: 20 }, () => atForm(server, client, person, 'totp')))
    await earlyInStep()
    const code = await codeOf(server, person)
    const all = await verdicts(forms.map((send) => send({ code })))
    expect(all.filter((verdict) => verdict === 'accepted')).toHaveLength(1)
    expect(all.filter((verdict) => verdict === 'wrong' || verdict === 'throttled')).toHaveLength(19)
  })

  test('is good once: not again in another sign-in, and none older than it (MF-03, CVE-2026-82470)', async () => {
    const person = await addPerson(server)
    const [first, second, third] = [
      await atForm(server, client, person, 'totp'),
      await atForm(server, client, person, 'totp'),
      await atForm(server, client, person, 'totp'),
    ]
    await earlyInStep()
    const secret = person.totpSecret ?? ''
    const [older, current, newer] = [
      await codeAt(secret, -1),
      await codeAt(secret, 0),
      await codeAt(secret, 1),
    ]
    expect(verdictOf(await first({ code: current }))).toBe('accepted')
    expect(verdictOf(await second({ code: current }))).toBe('wrong')
    expect(verdictOf(await second({ code: older }))).toBe('wrong')
    expect(verdictOf(await second({ code: newer }))).toBe('accepted')
    expect(verdictOf(await third({ code: current }))).toBe('wrong')
  })

  test('used to enrol does not sign in as well (MF-03)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, page } = await reach(server, client, person, 'totp-enrol')
    const { action, fields } = formOf(page, /totp-enrol$/)
    person.totpSecret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    await earlyInStep()
    const code = await codeAt(person.totpSecret, 0)
    expect((await agent.post(action, { ...fields, code })).status).toBe(303)
    const send = await atForm(server, client, person, 'totp')
    expect(verdictOf(await send({ code }))).toBe('wrong')
  })

  test.each(['', ' ', '12345', '1234567', '12 34 5a', 'abcdef', '-00000', '1e5', '000000\u0000'])(
    'that is none is wrong and costs nothing: %j',
    async (code) => {
      const person = await addPerson(server)
      const send = await atForm(server, client, person, 'totp')
      for (let nth = 0; nth < 6; nth += 1)
        expect(verdictOf(await send({ code }))).toBe(code.includes('\0') ? 'unexpected 400' : 'wrong')
      expect(verdictOf(await send({ code: await codeOf(server, person) }))).toBe('accepted')
    },
  )
})

describe('guessing codes', () => {
  /** Five wrong codes and five more, each in a sign-in of its own. */
  async function guess(person: Person): Promise<string[]> {
    const all: string[] = []
    for (let nth = 0; nth < 10; nth += 1) {
      const send = await atForm(at(server, `198.51.100.${nth}`), client, person, 'totp')
      all.push(verdictOf(await send({ code: wrongCode(await codeOf(server, person), nth) })))
    }
    return all
  }

  test('over ten sign-ins, ten addresses and two instances ends after five; the right code waits too, until somebody unlocks (MF-05, TH-05)', async () => {
    const person = await addPerson(server)
    expect(await guess(person)).toEqual([
      ...Array<string>(5).fill('wrong'),
      ...Array<string>(5).fill('throttled'),
    ])
    const send = await atForm(server, client, person, 'totp')
    expect(verdictOf(await send({ code: await codeOf(server, person) }))).toBe('throttled')
    await unlockUser(server.database.prisma, person.id)
    expect(verdictOf(await send({ code: await codeOf(server, person) }))).toBe('accepted')
  })

  test('forty at one moment is five guesses, and the right one is refused while the rest are still under way (TH-02, MF-05)', async () => {
    const person = await addPerson(server)
    const send = await atForm(server, client, person, 'totp')
    await earlyInStep()
    const right = await codeOf(server, person)
    const guesses = Array.from({ length: 39 }, async (_, nth) =>
      verdictOf(await send({ code: wrongCode(right, nth) }, from(`198.51.101.${nth}`))),
    )
    // Sent with them it might be one of the five; once a single guess is refused, it cannot.
    await Promise.any(
      guesses.map(async (guess) => {
        if ((await guess) !== 'throttled') throw new Error('one of the five')
      }),
    )
    expect(verdictOf(await send({ code: right }, from('198.51.101.39')))).toBe('throttled')
    const all = await Promise.all(guesses)
    expect(all.filter((verdict) => verdict === 'wrong')).toHaveLength(5)
    expect(all.filter((verdict) => verdict === 'throttled')).toHaveLength(34)
  })

  test('recovery codes is counted as well, apart from them (TH-01, RE-01)', async () => {
    const person = await addPerson(server)
    const [code = ''] = await generateRecoveryCodes(server.database.prisma, person.id)
    const send = await atForm(server, client, person, 'recovery-code')
    const all: string[] = []
    for (let nth = 0; nth < 7; nth += 1) all.push(verdictOf(await send({ code: '0000-0000-0000-0000' })))
    expect(all).toEqual([...Array<string>(5).fill('wrong'), 'throttled', 'throttled'])
    expect(verdictOf(await send({ code }))).toBe('throttled')
    const other = await atForm(server, client, person, 'totp')
    expect(verdictOf(await other({ code: await codeOf(server, person) }))).toBe('accepted')
  })
})

test('a recovery code sent in twenty sign-ins at one moment, on two instances, opens one of them (RE-01, FT-14)', async () => {
  const person = await addPerson(server)
  const [code = ''] = await generateRecoveryCodes(server.database.prisma, person.id)
  const forms = await Promise.all(
    Array.from({ length: 20 }, () => atForm(server, client, person, 'recovery-code')),
  )
  const all = await verdicts(forms.map((send) => send({ code })))
  expect(all.filter((verdict) => verdict === 'accepted')).toHaveLength(1)
})
