import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { untilWaiting } from '../support/outage.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { signIn, told } from '../support/sign-in.ts'
import { formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

/** Every sign-in under way is ended when the request has done everything but the last: give the engine its result. */
async function cutWhile(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  let answer: Promise<Answer> | undefined
  await server.database.transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM interactions FOR UPDATE`
    answer = ask()
    await untilWaiting(server)
    await tx.$executeRaw`DELETE FROM interactions`
  })
  return answer
}

describe('a sign-in that is ended while its last step is taken leaves nothing behind', () => {
  test('whoever was signed in stays, and no browser is known for the newcomer (SE-05, SE-07)', async () => {
    const [alice, bob] = [await addPerson(server, { totp: false }), await addPerson(server, { totp: false })]
    const { agent } = await signIn(server, client, alice)
    const params = { prompt: 'login' }
    const { page } = await reach(server, client, bob, 'login', { agent, params })
    const { action, fields } = formOf(page, /\/login$/)
    const proven = await agent.post(action, { ...fields, email: bob.email, password: bob.password })
    const answer = await cutWhile(() => agent.get(proven.location ?? ''))
    expect([answer?.status, answer?.location]).toEqual([400, undefined])
    expect(told(await askSilently(agent, client))['code']).toBeDefined()
    const { prisma } = server.database
    expect(await prisma.session.count({ where: { userId: alice.id, revokedAt: null } })).toBe(1)
    expect(await prisma.trustedBrowser.count({ where: { userId: bob.id } })).toBe(0)
  })

  test('no answer at the consent page is on record that the app never got (AZ-21)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent, page } = await reach(server, client, person, 'consent')
    const { action, fields } = formOf(page, /\/consent$/)
    const answer = await cutWhile(() => agent.post(action, { ...fields, decision: 'deny' }))
    expect([answer?.status, answer?.location]).toEqual([400, undefined])
    const where = { userId: person.id, type: 'consent.denied' }
    expect(await server.database.prisma.auditEvent.count({ where })).toBe(0)
  })
})
