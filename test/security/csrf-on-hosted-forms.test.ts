import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import { addClient, addPerson, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signIn, stepOf, told } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
})
afterAll(() => server.stop())

type Sitting = AtStep & { person: Person }

async function at(step: string): Promise<Sitting> {
  const person = await addPerson(server, { totp: !['totp-enrol', 'recovery-codes'].includes(step) })
  if (step !== 'select-account') return { ...(await reach(server, client, person, step)), person }
  const { agent } = await signIn(server, client, person)
  const params = { prompt: 'select_account' }
  return { ...(await reach(server, client, person, step, { params, agent })), person }
}

/** What the person would send, all of it right. */
async function filled(step: string, { page, person }: Sitting): Promise<Record<string, string>> {
  const { fields } = formOf(page, new RegExp(`/${step}$`))
  const secret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1]
  if (secret !== undefined) person.totpSecret = secret
  const code = person.totpSecret === null ? '' : await codeOf(server, person)
  const credentials = { email: person.email, password: person.password, code }
  return {
    ...fields,
    ...credentials,
    saved: 'yes',
    decision: step === 'consent' ? 'allow' : 'continue',
    scope: 'openid',
  }
}

const steps = ['login', 'totp', 'totp-enrol', 'recovery-codes', 'select-account', 'consent']

describe.each(steps)('the %s form', (step) => {
  test('is refused with 403 unless it carries the token of this very sign-in, and is then still to be filled in (SE-06, ASVS 3.5.1)', async () => {
    const sitting = await at(step)
    const { csrf = '', ...form } = await filled(step, sitting)
    const { csrf: foreign = '' } = formOf((await reach(server, client, null, 'login')).page).fields
    const tokens = ['', foreign, csrf.slice(0, -1), `${csrf}A`, csrf.toLowerCase(), 'null', sitting.uid]
    const forms = [form, ...tokens.map((token) => ({ ...form, csrf: token }))]
    for (const body of forms) {
      const answer = await sitting.agent.post(`${sitting.at}/${step}`, body)
      expect({ status: answer.status, location: answer.location }).toEqual({
        status: 403,
        location: undefined,
      })
    }
    expect(stepOf(await sitting.agent.get(sitting.at))).toBe(step)
    expect((await sitting.agent.post(`${sitting.at}/${step}`, { ...form, csrf })).status).toBe(303)
  })

  test('is refused with 403 from any other origin, by Origin, Referer or what the browser tells of the site, token or not (SE-06, ASVS 3.5.3)', async () => {
    const sitting = await at(step)
    const form = await filled(step, sitting)
    const elsewhere: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:1' },
      { origin: server.issuer.replace('http:', 'https:') },
      { origin: 'http://localhost.evil.example' },
      { origin: '', 'sec-fetch-site': '', referer: 'https://evil.example/x' },
      { origin: '', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: '', 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of elsewhere) {
      const answer = await sitting.agent.post(`${sitting.at}/${step}`, form, { headers })
      expect({ headers, status: answer.status, location: answer.location }).toEqual({
        headers,
        status: 403,
        location: undefined,
      })
    }
    expect(stepOf(await sitting.agent.get(sitting.at))).toBe(step)
  })
})

test('giving up a sign-in needs its token as well (SE-06)', async () => {
  const sitting = await at('login')
  for (const form of [{}, { csrf: 'wrong' }])
    expect((await sitting.agent.post(`${sitting.at}/abort`, { ...form, decision: 'cancel' })).status).toBe(
      403,
    )
  expect(stepOf(await sitting.agent.get(sitting.at))).toBe('login')
})

test('a page whose browser hides where it comes from can be sent: Origin null and no Referer, by our own Referrer-Policy (SE-06)', async () => {
  const sitting = await at('login')
  const form = await filled('login', sitting)
  const headers = { origin: 'null', 'sec-fetch-site': 'same-origin' }
  expect((await sitting.agent.post(`${sitting.at}/login`, form, { headers })).status).toBe(303)
})

describe('the logout form', () => {
  async function asked(): Promise<{ agent: UserAgent; action: string; fields: Record<string, string> }> {
    const { agent } = await signIn(server, client, await addPerson(server))
    return { agent, ...formOf(await agent.get('/logout')) }
  }
  const isSignedIn = async (agent: UserAgent) => told(await askSilently(agent, client))['code'] !== undefined

  test('is refused without the token of this very session, and nobody is signed out (SE-06, LO-01)', async () => {
    const { agent, action, fields } = await asked()
    const foreign = await asked()
    const tokens = [undefined, '', foreign.fields['xsrf'] ?? '', `${fields['xsrf']}a`, 'undefined']
    for (const xsrf of tokens) {
      const answer = await agent.post(action, { logout: 'yes', ...(xsrf === undefined ? {} : { xsrf }) })
      expect([answer.status, answer.location]).toEqual([400, undefined])
      expect(await isSignedIn(agent)).toBe(true)
    }
  })

  test('is refused before anybody asked to sign out (SE-06)', async () => {
    const { agent } = await signIn(server, client, await addPerson(server))
    for (const xsrf of ['', 'undefined', 'null'])
      expect((await agent.post('/logout/confirm', { logout: 'yes', xsrf })).status).toBe(400)
    expect(await isSignedIn(agent)).toBe(true)
  })

  test.each<[string, Record<string, string>]>([
    ['another origin', { origin: 'https://evil.example' }],
    ['another site, as browsers tell', { origin: '', 'sec-fetch-site': 'cross-site' }],
  ])('is refused with 403 from %s, token or not (SE-06)', async (_from, headers) => {
    const { agent, action, fields } = await asked()
    const answer = await agent.post(action, { ...fields, logout: 'yes' }, { headers })
    expect([answer.status, answer.location]).toEqual([403, undefined])
    expect(await isSignedIn(agent)).toBe(true)
  })
})
