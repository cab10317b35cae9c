import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { revoke } from '../../src/oidc/index.ts'
import { reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { mailsOf } from '../support/mail.ts'
import { untilWaiting } from '../support/outage.ts'
import { addClient, addPerson, addRecoveryCodes, codeOf, wrongCode } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { stepOf, told, walk } from '../support/sign-in.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server, { firstParty: true })
})
afterAll(() => server.stop())

type Post = { agent: UserAgent; action: string; body: Record<string, string> }

/** Both posts are let through to the row they fight for, and only then may one of them have it. */
async function twiceAtOnce(
  { agent, action, body }: Post,
  table: 'totp_credentials' | 'recovery_codes',
  { id }: Person,
): Promise<Answer[]> {
  let answers: Promise<Answer[]> | undefined
  await server.database.transaction(async (tx) => {
    await tx.$queryRawUnsafe(`SELECT 1 FROM ${table} WHERE user_id = $1::uuid FOR UPDATE`, id)
    answers = Promise.all([agent.clone().post(action, body), agent.clone().post(action, body)])
    await untilWaiting(server, { statements: 2 })
  })
  return (await answers) ?? []
}

async function failures({ id: userId }: Person) {
  const type = { in: ['sign_in.throttled', 'throttle.blocked'] }
  return server.database.prisma.auditEvent.count({ where: { userId, type } })
}

describe('a button pressed twice', () => {
  test('with the right code is one sign-in: the post that comes second follows the first (MF-03)', async () => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const { agent, page } = await reach(server, client, person, 'totp')
    const { action, fields } = formOf(page, /\/totp$/)
    const body = { ...fields, code: await codeOf(server, person) }
    const answers = await twiceAtOnce({ agent, action, body }, 'totp_credentials', person)
    const uid = action.split('/').at(-2)
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, `/interaction/${uid}`],
      [303, `/interaction/${uid}`],
    ])
    const spent = await server.database.prisma.auditEvent.count({
      where: { userId: person.id, type: 'sign_in.totp_ok' },
    })
    expect([spent, await failures(person)]).toEqual([1, 0])
    expect(told(await walk(server, agent, answers[1]?.location ?? '', person))['code']).toBeDefined()
    const activity = await walk(server, agent, '/account/activity', person)
    expect(activity.text).toContain('What happened around your account')
    expect(activity.text).not.toContain('A wrong sign-in code was entered')
  })

  test('with a recovery code is one sign-in, and costs one code (RE-01)', async () => {
    const person = await addPerson(server)
    const [code = ''] = await addRecoveryCodes(server, person)
    const { agent, page } = await reach(server, client, person, 'totp')
    const { action, fields } = formOf(page, /\/totp$/)
    const post = { agent, action: action.replace(/totp$/, 'recovery-code'), body: { ...fields, code } }
    const answers = await twiceAtOnce(post, 'recovery_codes', person)
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    const left = await server.database.prisma.recoveryCode.count({
      where: { userId: person.id, usedAt: null },
    })
    expect(left).toBe(9)
    expect(told(await walk(server, agent, answers[1]?.location ?? '', person))['code']).toBeDefined()
  })

  test('with the first code of a new authenticator sets up one, and shows its recovery codes to both (MF-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, page } = await reach(server, client, person, 'totp-enrol')
    const { action, fields } = formOf(page, /\/totp-enrol$/)
    const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    const body = { ...fields, code: await generate({ secret }) }
    const answers = await twiceAtOnce({ agent, action, body }, 'totp_credentials', person)
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(stepOf(await agent.get(answers[1]?.location ?? ''))).toBe('recovery-codes')
    expect(await server.database.prisma.recoveryCode.count({ where: { userId: person.id } })).toBe(10)
  })

  test('with the code of another sign-in is told that it is not right: it follows nobody (MF-03)', async () => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const one = await reach(server, client, person, 'totp')
    const other = await reach(server, client, person, 'totp')
    const code = await codeOf(server, person)
    const posted = async ({ agent, page }: typeof one, typed: string) => {
      const { action, fields } = formOf(page, /\/totp$/)
      return agent.post(action, { ...fields, code: typed })
    }
    expect((await posted(one, code)).status).toBe(303)
    expect((await posted(other, code)).status).toBe(422)
    expect((await posted(other, wrongCode(code))).status).toBe(422)
  })
})

test('a recovery code that is used is told to its owner by mail, once however often it was sent (MF-07, RE-01)', async () => {
  const person = await addPerson(server)
  const [code = ''] = await addRecoveryCodes(server, person)
  const { agent, page, at } = await reach(server, client, person, 'totp')
  const { fields } = formOf(page, /\/totp$/)
  const use = (typed: string) =>
    agent.post(`${at}/recovery-code`, { csrf: fields['csrf'] ?? '', code: typed })
  expect((await use('0000-0000-0000-0000')).status).toBe(422)
  const notices = async () =>
    (await mailsOf(server, person.email)).map(({ data }) => (data as { what?: string }).what)
  expect(await notices()).toEqual([])
  await Promise.all([use(code), use(code)])
  expect(await notices()).toEqual(['recovery_code_used'])
})

describe('an authenticator set up during a sign-in', () => {
  const enrolling = async (person: Person) => {
    const { agent, page } = await reach(server, client, person, 'totp-enrol')
    const { action, fields } = formOf(page, /\/totp-enrol$/)
    const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    return { agent, action, body: { ...fields, code: await generate({ secret }) } }
  }

  test('brings recovery codes that its user is told of by mail, and the audit of who made them (RE-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, action, body } = await enrolling(person)
    expect((await agent.post(action, body)).status).toBe(303)
    const told = (await mailsOf(server, person.email)).map(({ data }) => (data as { what?: string }).what)
    expect(told.toSorted()).toEqual(['recovery_codes_regenerated', 'totp_added'])
    const events = await server.database.prisma.auditEvent.findMany({
      where: { userId: person.id, type: 'factor.recovery_codes_generated' },
    })
    expect(events.map(({ actorVia, actorUserId, ip }) => [actorVia, actorUserId, ip])).toEqual([
      ['user', person.id, '127.0.0.1'],
    ])
  })

  test('is not added when all access of its user ends in that moment: the old password sets up nothing (MF-07)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, action, body } = await enrolling(person)
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${person.id}::uuid FOR UPDATE`
      await revoke(tx, { userId: person.id }, { reason: 'test' })
      answer = agent.post(action, body)
      await untilWaiting(server)
    })
    expect((await answer)?.status).toBe(400)
    const { prisma } = server.database
    const where = { userId: person.id }
    expect(await prisma.totpCredential.count({ where: { ...where, confirmedAt: { not: null } } })).toBe(0)
    expect(await prisma.recoveryCode.count({ where })).toBe(0)
    expect(await mailsOf(server, person.email)).toEqual([])
  })
})
