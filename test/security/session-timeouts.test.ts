import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize } from '../support/authorize.ts'
import { bearer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { isActive, redeem, refresh, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { authenticated } from '../support/sessions.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

const IDLE = 600
const ABSOLUTE = 3600

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({
    instances: 2,
    env: { CARDEA_SESSION_IDLE: `${IDLE}`, CARDEA_SESSION_ABSOLUTE: `${ABSOLUTE}` },
  })
  client = await addClient(server)
})
afterAll(() => server.stop())

/** Lets time pass for a session: what was written then is older by so much now. */
async function later(person: Person, seconds: number): Promise<void> {
  await server.database.prisma.$executeRaw`UPDATE sessions SET
    expires_at = expires_at - make_interval(secs => ${seconds}), updated_at = updated_at - make_interval(secs => ${seconds}),
    payload = jsonb_set(payload, '{loginTs}', to_jsonb((payload->>'loginTs')::int - ${seconds}::int)) WHERE user_id = ${person.id}::uuid`
}

async function endsIn(person: Person): Promise<number> {
  const row = await server.database.prisma.session.findFirstOrThrow({
    where: { userId: person.id, revokedAt: null },
  })
  return (Number(row.expiresAt) - Date.now()) / 1000
}

describe('a session left alone', () => {
  test('ends after the idle time, on the server: the cookie alone brings it back nowhere (SE-03, NIST SP 800-63B-4 section 2.2.3)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    await later(person, IDLE + 10)
    for (let turn = 0; turn < 2; turn += 1)
      expect(told(await askSilently(agent, client))['error']).toBe('login_required')
    const page = await walk(server, agent, (await authorize(agent, client)).location ?? '', null)
    expect(stepOf(page)).toBe('login')
  })

  test('takes its tokens with it (SE-03)', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    const tokens = (await redeem(server, client, session)).json<Tokens>()
    await later(person, IDLE + 10)
    expect(await isActive(server, client, tokens.access_token)).toBe(false)
    expect((await server.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(401)
    expect((await refresh(server, client, tokens.refresh_token)).json()['error']).toBe('invalid_grant')
  })
})

describe('a session in use', () => {
  test('goes on past the idle time, and no further than the absolute one (SE-03, ASVS 7.3.1, 7.3.2)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    let elapsed = 0
    while (elapsed + 500 < ABSOLUTE) {
      await later(person, 500)
      elapsed += 500
      expect(told(await askSilently(agent, client))['code']).toBeDefined()
      const left = await endsIn(person)
      expect(left).toBeLessThanOrEqual(Math.min(IDLE, ABSOLUTE - elapsed) + 2)
      expect(left).toBeGreaterThan(Math.min(IDLE, ABSOLUTE - elapsed) - 30)
    }
    expect(elapsed).toBeGreaterThan(IDLE)
    await later(person, ABSOLUTE - elapsed + 10)
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
  })

  test('is kept alive by a refresh as well, up to the same end (SE-03, RT-05)', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    const tokens = (await redeem(server, client, session)).json<Tokens>()
    await later(person, 500)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    expect(await endsIn(person)).toBeGreaterThan(IDLE - 30)
    await later(person, ABSOLUTE)
    expect((await refresh(server, client, tokens.refresh_token)).json()['error']).toBe('invalid_grant')
  })

  test('ends at its absolute end even if its row says it may go on: a shortened limit binds at once (SE-03)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    await authenticated(server, person, { secondsAgo: ABSOLUTE + 10 })
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
    const page = await walk(server, agent, (await authorize(agent, client)).location ?? '', null)
    expect(stepOf(page)).toBe('login')
  })

  test('starts anew with a new sign-in, not with a visit (SE-03)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    await later(person, 500)
    await signIn(server, client, person, { prompt: 'login' }, { agent })
    await later(person, 500)
    expect(told(await askSilently(agent, client))['code']).toBeDefined()
  })
})
