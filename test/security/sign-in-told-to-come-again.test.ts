import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'

// 503 says that nothing was decided. A password that waited for its turn until its sender was told so must not be tried afterwards: its sender
// tries again, a wrong one would count twice, and in a crowd the line would be full of those whom nobody waits for any more.
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_REQUEST_TIMEOUT: '1500', CARDEA_DATABASE_TIMEOUT: '1000' } })
})
afterAll(() => server.stop())

test('a password that was answered 503 while it waited is not tried afterwards (FT-03, FT-26)', async () => {
  const client = await addClient(server, { firstParty: true })
  const person = await addPerson(server, { totp: false })
  const { agent, page, at } = await reach(server, client, person, 'login')
  let leave: () => void = () => undefined
  const left = new Promise<void>((resolve) => (leave = resolve))
  const there = Array.from({ length: 8 }, () => server.hasher.admit(() => left))
  const filled = { ...formOf(page, /\/login$/).fields, email: person.email, password: person.password }
  const { comparisons } = server.hasher.stats()
  expect((await agent.post(`${at}/login`, filled)).status).toBe(503)
  leave()
  await Promise.all(there)
  // Many times what it would take to be tried.
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(server.hasher.stats()).toMatchObject({ comparisons, active: 0, waiting: 0 })
  const { prisma } = server.database
  expect(
    await prisma.auditEvent.count({ where: { userId: person.id, type: { startsWith: 'sign_in' } } }),
  ).toBe(0)
  expect((await agent.post(`${at}/login`, filled)).status).toBe(303)
})
