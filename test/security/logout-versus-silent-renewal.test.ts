import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { askSilently } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, isActive, pkce, redeem, signIn, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const ROUNDS = 30
const RENEWALS = 6

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server, { firstParty: true })
  person = await addPerson(server)
})
afterAll(() => server.stop())

/** An app's hidden frames, or a thief, asking for codes with the same cookies at the moment of the logout. */
async function renew(agent: UserAgent, wider: boolean): Promise<{ code?: string; verifier: string }> {
  const { verifier, challenge } = pkce()
  const params = { prompt: 'none', scope: wider ? 'openid profile' : 'openid' }
  const answer = await agent.get(authorizeUrl(client, challenge, params))
  // Overtaken by the logout, a request is sent round once more, to be told what is now the case.
  const again = answer.location?.startsWith('/authorize?') ? await agent.get(answer.location) : answer
  const { code } = told(again)
  return { verifier, ...(code === undefined ? {} : { code }) }
}

test('a logout stays one, whatever silent renewals are under way: 30 of 30 with six each, on two instances (SE-09, LO-02, M6, ASVS 7.4.1)', async () => {
  const undone: string[] = []
  let renewedInTime = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const { agent } = await signIn(server, client, person)
    const old = agent.clone()
    const form = formOf(await agent.get('/logout'))
    // Every other session is due to be written again by the next request: the write that could bring it back.
    if (round % 2 === 0)
      await server.database.prisma
        .$executeRaw`UPDATE sessions SET updated_at = now() - interval '2 minutes' WHERE user_id = ${person.id}::uuid AND revoked_at IS NULL`
    const renewals = Array.from({ length: RENEWALS }, (_, nth) => renew(old.clone(), nth % 2 === 0))
    const [confirmed, ...renewed] = await Promise.all([
      agent.post(form.action, { ...form.fields, logout: 'yes' }),
      ...renewals,
    ])
    expect(confirmed.status).toBe(303)
    for (const tab of [old, agent])
      for (let turn = 0; turn < server.instances.length; turn += 1) {
        const { error } = told(await askSilently(tab, client))
        if (error !== 'login_required') undone.push(`round ${round}: ${error ?? 'a code'}`)
      }
    for (const { code, verifier } of renewed) {
      if (code === undefined) continue
      renewedInTime += 1
      const answer = await redeem(server, client, { code, verifier })
      if (answer.status === 200 && (await isActive(server, client, answer.json<Tokens>().access_token)))
        undone.push(`round ${round}: a code given at that moment still gives tokens`)
    }
  }
  expect(undone).toEqual([])
  // Otherwise there was no race.
  expect(renewedInTime).toBeGreaterThan(ROUNDS)
}, 120_000)

test('a logout under way at the same moment in two tabs ends the session once, and neither breaks (SE-09)', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { agent } = await signIn(server, client, person)
    const form = formOf(await agent.get('/logout'))
    const tabs = Array.from({ length: 4 }, () => agent.clone())
    const answers = await Promise.all(
      tabs.map((tab) => tab.post(form.action, { ...form.fields, logout: 'yes' })),
    )
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    expect(answers.some(({ status }) => status === 303)).toBe(true)
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
  }
})
