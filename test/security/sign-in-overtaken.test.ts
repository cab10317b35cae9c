import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { text, translate } from '../../src/language/index.ts'
import { saveProgress } from '../../src/oidc/interactions.ts'
import { reach } from '../support/authorize.ts'
import { makePasskey, usePasskey } from '../support/authenticator.ts'
import type { Answer } from '../support/http-client.ts'
import { mailsOf } from '../support/mail.ts'
import { untilWaiting } from '../support/outage.ts'
import { addClient, addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { stepOf, told, walk } from '../support/sign-in.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

// One browser may send two forms of the same sign-in: a button pressed twice, two tabs, a reload. What one of them has done stands, and
// the other one does nothing but follow.
let server: TestServer
let firstParty: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  firstParty = await addClient(server, { firstParty: true })
})
afterAll(() => server.stop())

type Post = { action: string; body: Record<string, string> }

/** Both posts have done all they can without the sign-in's row, and only then may one of them have it. */
async function atOnce(agent: UserAgent, posts: readonly Post[]): Promise<Answer[]> {
  let answers: Promise<Answer[]> | undefined
  await server.database.transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM interactions FOR UPDATE`
    answers = Promise.all(posts.map(({ action, body }) => agent.clone().post(action, body)))
    await untilWaiting(server, { statements: posts.length })
  })
  return (await answers) ?? []
}

const events = (userId: string, type: string) =>
  server.database.prisma.auditEvent.count({ where: { userId, type } })

const optionsOn = ({ text }: Answer) =>
  (/data-options="([^"]*)"/.exec(text)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

describe('of two requests of one sign-in', () => {
  test('one keeps its progress, and the other, which began where the first one did, keeps nothing (MF-03)', async () => {
    const person = await addPerson(server)
    const { uid } = await reach(server, firstParty, person, 'login')
    const { prisma } = server.database
    const [first, second] = [{ proven: { pwd: 1 } }, { proven: { pwd: 2 } }]
    expect(await saveProgress(prisma, { uid, progress: null }, first)).toBe('kept')
    expect(await saveProgress(prisma, { uid, progress: null }, second)).toBe('moved_on')
    expect(await saveProgress(prisma, { uid, progress: first }, second)).toBe('kept')
    expect(await saveProgress(prisma, { uid: 'another', progress: null }, first)).toBe('gone')
  })

  test('with a code and a recovery code, both right, one is spent (MF-03, RE-01)', async () => {
    const person = await addPerson(server)
    const [recovery = ''] = await addRecoveryCodes(server, person)
    const { agent, page, at } = await reach(server, firstParty, person, 'totp')
    const { fields } = formOf(page, /\/totp$/)
    const answers = await atOnce(agent, [
      { action: `${at}/totp`, body: { ...fields, code: await codeOf(server, person) } },
      { action: `${at}/recovery-code`, body: { ...fields, code: recovery } },
    ])
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, at],
      [303, at],
    ])
    const used = await server.database.prisma.recoveryCode.count({
      where: { userId: person.id, usedAt: { not: null } },
    })
    expect((await events(person.id, 'sign_in.totp_ok')) + used).toBe(1)
    expect(told(await walk(server, agent, at, person))['code']).toBeDefined()
  })

  test('that both say "Allow", one makes a grant, and both lead to the same place (AZ-21)', async () => {
    const client = await addClient(server)
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const { agent, page } = await reach(server, client, person, 'consent')
    const { action, fields } = formOf(page, /\/consent$/)
    const post = { action, body: { ...fields, decision: 'allow', scope: 'openid' } }
    const answers = await atOnce(agent, [post, post])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(answers[0]?.location).toBe(answers[1]?.location)
    expect(await events(person.id, 'consent.granted')).toBe(1)
    expect(told(await walk(server, agent, answers[1]?.location ?? '', person))['code']).toBeDefined()
  })

  test('that says "Allow" when the sign-in is gone leaves no grant and no word of it (AZ-21)', async () => {
    const client = await addClient(server)
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const { agent, page } = await reach(server, client, person, 'consent')
    const { action, fields } = formOf(page, /\/consent$/)
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM interactions FOR UPDATE`
      answer = agent.post(action, { ...fields, decision: 'allow', scope: 'openid' })
      await untilWaiting(server)
      await tx.$executeRaw`DELETE FROM interactions`
    })
    const { status, location } = (await answer) ?? {}
    // Back to the sign-in, which says that it is over.
    expect([status, (await agent.get(location ?? '')).status]).toEqual([303, 400])
    expect(await events(person.id, 'consent.granted')).toBe(0)
    expect(await server.database.prisma.grant.count({ where: { userId: person.id } })).toBe(0)
  })

  test('that bring the same answer of a passkey, the second follows the first and counts as no wrong one (MF-06)', async () => {
    const person = await addPerson(server, { totp: false })
    await addRecoveryCodes(server, person)
    const first = await reach(server, firstParty, person, 'totp-enrol')
    const { passkey, response: made } = makePasskey(optionsOn(first.page), server.issuer)
    const { fields } = formOf(first.page, /\/totp-enrol$/)
    await first.agent.post(`${first.at}/passkey-enrol`, { ...fields, response: made })
    const { agent, page, at } = await reach(server, firstParty, null, 'login')
    const body = {
      ...formOf(page, /\/login$/).fields,
      response: usePasskey(optionsOn(page), server.issuer, passkey),
    }
    const post = { action: `${at}/passkey`, body }
    const answers = await atOnce(agent, [post, post])
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, at],
      [303, at],
    ])
    // It is on record, but as no attempt, and not among what their user is shown.
    const { prisma } = server.database
    expect(
      await prisma.attemptCounter.count({ where: { key: { contains: 'passkey' }, failures: { gt: 0 } } }),
    ).toBe(0)
    expect(told(await walk(server, agent, at, null))['code']).toBeDefined()
    const activity = await walk(server, agent, '/account/activity', null)
    expect(activity.text).toContain('What happened around your account')
    expect(activity.text).not.toContain(translate('en', text('account:self.event.passkeyFailed')))
  })
})

describe('an authenticator that is set up during a sign-in', () => {
  test('is not added to an account that got a second factor meanwhile: that one is asked for first (MF-01, MF-07)', async () => {
    const [person, other] = [await addPerson(server, { totp: false }), await addPerson(server)]
    const { agent, page, at } = await reach(server, firstParty, person, 'totp-enrol')
    const { action, fields } = formOf(page, /\/totp-enrol$/)
    const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? ''
    const body = { ...fields, code: await generate({ secret }) }
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${person.id}::uuid FOR UPDATE`
      answer = agent.post(action, body)
      await untilWaiting(server)
      await tx.$executeRaw`
        INSERT INTO totp_credentials (id, user_id, sealed_seed, confirmed_at)
        SELECT gen_random_uuid(), ${person.id}::uuid, sealed_seed, now() FROM totp_credentials WHERE user_id = ${other.id}::uuid`
    })
    const { status, location } = (await answer) ?? {}
    expect([status, location]).toEqual([303, at])
    const where = { userId: person.id, confirmedAt: { not: null } }
    expect(await server.database.prisma.totpCredential.count({ where })).toBe(1)
    expect(await mailsOf(server, person.email)).toEqual([])
    expect(stepOf(await agent.get(at))).toBe('totp')
  })
})
