import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { issuePasswordTicket } from '../../src/users/index.ts'
import { addClient, addPerson } from '../support/people.ts'
import { authorizeUrl, pkce, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

/** Processor time that this process spends on it, in milliseconds; whatever else the machine does meanwhile. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

describe('a password of a megabyte (PW-03)', () => {
  const huge = 'aA1!'.repeat(250_000)

  test('is refused at the sign-in before anything is hashed, whoever it is for', async () => {
    const person = await addPerson(server)
    const client = await addClient(server)
    const agent = createUserAgent(server)
    const page = await walk(server, agent, authorizeUrl(client, pkce().challenge), null)
    const { action, fields } = formOf(page, /\/login$/)
    const before = server.hasher.stats().comparisons
    for (const email of [person.email, 'nobody@example.com']) {
      const cost = await costOf(async () => {
        expect((await agent.post(action, { ...fields, email, password: huge })).status).toBe(413)
      })
      expect(cost).toBeLessThan(1000)
      // As long as a form may be, and longer than any password is.
      const long = await agent.post(action, { ...fields, email, password: 'aA1!'.repeat(300) })
      expect(long.status).toBe(422)
    }
    expect(server.hasher.stats().comparisons).toBe(before)
    expect(
      (await agent.post(action, { ...fields, email: person.email, password: person.password })).status,
    ).toBe(303)
  })

  test('is refused as a new one before it is judged; one of 1 KiB is taken and counts to the last character', async () => {
    const { id, email } = await addPerson(server)
    const issued = await server.database.transaction((tx) =>
      issuePasswordTicket(tx, { userId: id, purpose: 'reset' }),
    )
    const agent = createUserAgent(server)
    const page = await agent.get(`/account/password?ticket=${issued?.ticket ?? ''}`)
    const { action, fields } = formOf(page, /\/account\/password$/)
    const cost = await costOf(async () => {
      expect((await agent.post(action, { ...fields, password: huge })).status).toBe(413)
      const tooLong = await agent.post(action, { ...fields, password: 'x7 '.repeat(342) })
      expect(tooLong.status).toBe(422)
      expect(tooLong.text).toContain('This password is too long')
    })
    expect(cost).toBeLessThan(1500)
    const most = `${'otters knit '.repeat(85)}last`
    expect(most).toHaveLength(1024)
    expect((await agent.post(action, { ...fields, password: most })).status).toBe(303)
    const { passwordHash } = await server.database.prisma.user.findUniqueOrThrow({ where: { email } })
    expect(await server.hasher.verify(passwordHash, most)).toBe(true)
    expect(await server.hasher.verify(passwordHash, most.slice(0, 1023))).toBe(false)
    expect(await server.hasher.verify(passwordHash, most.slice(0, 72))).toBe(false)
  })
})
