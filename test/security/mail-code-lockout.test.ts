import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { listBlocks, unlockUser } from '../../src/users/index.ts'
import { askForReset, fromElsewhere, typeCode } from '../support/mail-forms.ts'
import { newestMail } from '../support/mail.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, walk } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

// What strangers can do to somebody who has forgotten a password and knows no more than the address.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
})
afterAll(() => server.stop())

async function knownBrowserOf(person: Person): Promise<UserAgent> {
  const agent = createUserAgent(server)
  const client = await addClient(server, { firstParty: true })
  await walk(server, agent, authorizeUrl(client, pkce().challenge), person)
  return agent
}

/** Asks for resets and types wrong codes, each time from another address, until it is told to wait. */
async function wrongCodes({ email }: Person): Promise<{ looked: number; wait: number; last: UserAgent }> {
  const agents: UserAgent[] = []
  for (let nth = 0; nth < 5; nth += 1) {
    const agent = createUserAgent(server)
    await askForReset(server, email, { agent })
    agents.push(agent)
  }
  for (let looked = 0; looked < 40; looked += 1) {
    const answer = await typeCode(agents[looked % 5] ?? createUserAgent(server), '/forgot/check', '000000')
    const [last] = agents.slice(-1)
    if (answer.status === 429 && last) return { looked, wait: Number(answer.headers['retry-after']), last }
    expect(answer.status).toBe(422)
  }
  throw new Error('nobody was told to wait')
}

describe('codes typed by a stranger', () => {
  test('shut out no browser that is known for the address, and others for an hour at first (TH-03)', async () => {
    const person = await addPerson(server)
    const owner = await knownBrowserOf(person)
    const { looked, wait } = await wrongCodes(person)
    expect(looked).toBe(20)
    expect(wait).toBeLessThanOrEqual(3600)

    await askForReset(server, person.email, { agent: owner })
    const { code } = await newestMail(server, person.email, 'reset')
    expect((await typeCode(owner, '/forgot/check', code)).status).toBe(303)
  })

  test('are told of: whose address it is, and the operator ends the wait (TH-01)', async () => {
    const person = await addPerson(server)
    const { last } = await wrongCodes(person)
    const blocksOf = async () =>
      (await listBlocks(server.database.prisma, { limit: 100 })).filter(({ userId }) => userId === person.id)
    expect(await blocksOf()).toMatchObject([{ kind: 'mail-code.address', failures: 20 }])
    const told = await server.database.prisma.auditEvent.findMany({
      where: { userId: person.id, type: 'throttle.blocked' },
    })
    expect(told).toHaveLength(1)
    await unlockUser(server.database.prisma, person.id)
    expect(await blocksOf()).toEqual([])
    // The newest mail is the one that holds; four of its five guesses are used up.
    const { code } = await newestMail(server, person.email, 'reset')
    expect((await typeCode(last, '/forgot/check', code)).status).toBe(303)
  })
})

test('forms sent by strangers behind the same router shut no browser out that is known for the address (TH-03, HT-05)', async () => {
  const person = await addPerson(server)
  const owner = await knownBrowserOf(person)
  const headers = fromElsewhere()
  let last = 0
  for (let nth = 0; nth < 41; nth += 1)
    last = (await askForReset(server, `nobody-${nth}@example.com`, { headers })).status
  expect(last).toBe(429)
  expect((await askForReset(server, person.email, { headers })).status).toBe(429)
  expect((await askForReset(server, person.email, { agent: owner, headers })).status).toBe(303)
  const { code } = await newestMail(server, person.email, 'reset')
  expect((await typeCode(owner, '/forgot/check', code, headers)).status).toBe(303)
})
