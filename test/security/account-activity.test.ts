import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { atAccount } from '../support/account.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { digestOf } from '../support/tokens.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server, { name: 'Pocket ledger', metadata: publicClient })
})
afterAll(() => server.stop())

/** The rows of a page that are marked for a second look. */
const marked = (page: string) =>
  page
    .split('<li class="row')
    .filter((row) => row.startsWith(' alerting'))
    .map((row) => /<strong>([^<]*)<\/strong>/.exec(row)?.[1])

describe('recent activity tells of what looks like theft', () => {
  test('a refresh token that was used twice, and of which app (RT-01)', async () => {
    const person = await addPerson(server)
    const { refresh_token: stolen } = await tokensFor(server, client, person, {
      ...{ scope: 'openid offline_access', prompt: 'consent' },
    })
    expect((await refresh(server, client, stolen)).status).toBe(200)
    await server.database.pool.query(
      `UPDATE tokens SET consumed_at = consumed_at - interval '1 hour' WHERE digest = $1`,
      [digestOf(stolen)],
    )
    expect((await refresh(server, client, stolen)).status).toBe(400)
    const { agent } = await atAccount(server, person)
    const words =
      'The access of Pocket ledger was ended because it was used a second time, maybe by somebody who had copied it'
    expect(marked((await agent.get('/account/activity')).text)).toContain(words)
  })

  test('a code that was used twice (CO-02)', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    expect((await redeem(server, client, session)).json<Tokens>().access_token).toBeDefined()
    expect((await redeem(server, client, session)).status).toBe(400)
    const { agent } = await atAccount(server, person)
    const words =
      'A sign-in to Pocket ledger was ended because its code was used a second time, maybe by somebody who had copied it'
    expect(marked((await agent.get('/account/activity')).text)).toContain(words)
  })

  test('and of another address, which is more than a changed profile', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await server.database.prisma.auditEvent.createMany({
      data: [['name'], ['email', 'emailVerified']].map((fields) => ({
        ...{ type: 'user.updated', userId: person.id, detail: { fields } },
      })),
    })
    const { text } = await agent.get('/account/activity')
    expect(marked(text)).toContain('Your email address was changed')
    expect(marked(text)).not.toContain('Your profile was changed')
    expect(text).toContain('Your profile was changed')
  })
})
