import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { revoke } from '../../src/oidc/index.ts'
import { setPasswordHash } from '../../src/users/index.ts'
import { addClient, addPerson, codeOf } from '../support/people.ts'
import { authorizeUrl, pkce, stepOf, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

/** Whoever knew the old password has passed its page, and waits with the next. */
async function halfWay() {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const agent = createUserAgent(server)
  const url = authorizeUrl(client, pkce().challenge)
  const page = await walk(server, agent, url, person, { stopAt: /^totp$/ })
  expect(stepOf(page)).toBe('totp')
  const { action, fields } = formOf(page, /\/totp$/)
  const send = async () => agent.post(action, { ...fields, code: await codeOf(server, person) })
  return { person, send }
}

async function changePassword(userId: string): Promise<void> {
  const passwordHash = await server.hasher.hash('an entirely new password')
  await server.database.transaction(async (tx) => {
    await setPasswordHash(tx, userId, passwordHash)
    await revoke(tx, { userId }, { reason: 'password_changed' })
  })
}

test('a sign-in that passed the password page ends when the password is changed (ASVS 7.4.2, RE-02)', async () => {
  const { person, send } = await halfWay()
  await changePassword(person.id)
  const answer = await send()
  expect(answer.location).toBeUndefined()
  expect(answer.status).toBe(400)
})

test('a sign-in with all factors proven, but not yet resumed, ends as well (RE-02)', async () => {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const agent = createUserAgent(server)
  const url = authorizeUrl(client, pkce().challenge)
  const { location = '' } = await walk(server, agent, url, person, { stopAt: /^\/authorize\/./ })
  expect(location).toMatch(/^\/authorize\//)
  await changePassword(person.id)
  expect(await agent.get(location)).toMatchObject({ status: 400, location: undefined })
  expect(await server.database.prisma.session.count({ where: { userId: person.id, revokedAt: null } })).toBe(
    0,
  )
})

test("another person's sign-in goes on (RE-02)", async () => {
  const [one, other] = [await halfWay(), await halfWay()]
  await changePassword(one.person.id)
  expect((await other.send()).status).toBe(303)
})
