import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import { addClient, addPerson, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signIn, stepOf, told, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let enrolled: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  enrolled = await addPerson(server)
})
afterAll(() => server.stop())

const forms = [
  ...['login', 'passkey', 'totp', 'recovery-code', 'totp-enrol', 'passkey-enrol', 'passkey-offer'],
  ...['recovery-codes', 'select-account', 'consent'],
]

/** Which forms each page takes: a passkey stands for either factor, and the page for lost phones beside the one for codes. */
const due: Record<string, string[]> = {
  login: ['login', 'passkey'],
  totp: ['totp', 'passkey', 'recovery-code'],
  'totp-enrol': ['totp-enrol', 'passkey-enrol'],
  'recovery-codes': ['recovery-codes'],
  'select-account': ['select-account'],
  consent: ['consent'],
}

async function at(step: string): Promise<AtStep> {
  if (step === 'totp-enrol' || step === 'recovery-codes')
    return reach(server, client, await addPerson(server, { totp: false }), step)
  const person = await addPerson(server)
  const signedIn = step === 'select-account' ? (await signIn(server, client, person)).agent : undefined
  const params = step === 'select-account' ? { prompt: 'select_account' } : {}
  return reach(server, client, person, step, { params, ...(signedIn ? { agent: signedIn } : {}) })
}

/** Everything any form could want, all of it right. */
async function everything(page: { text: string }): Promise<Record<string, string>> {
  return {
    csrf: /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? '',
    email: enrolled.email,
    password: enrolled.password,
    code: await codeOf(server, enrolled),
    saved: 'yes',
    decision: 'allow',
    scope: 'openid',
  }
}

describe.each(Object.keys(due))('a sign-in that has come to %s', (step) => {
  const early = forms.filter((form) => !due[step]?.includes(form))

  test('does nothing with the form of any other step: it shows the page that is due (SE-05, ASVS 2.3.1)', async () => {
    const sitting = await at(step)
    const sessions = sitting.agent.cookies.filter(({ name }) => name === 'cardea_session')
    for (const form of early) {
      const answer = await sitting.agent.post(`${sitting.at}/${form}`, await everything(sitting.page))
      expect({ form, status: answer.status, to: answer.location }).toEqual({
        form,
        status: 303,
        to: sitting.at,
      })
      expect(stepOf(await sitting.agent.get(sitting.at))).toBe(step)
      expect(sitting.agent.cookies.filter(({ name }) => name === 'cardea_session')).toEqual(sessions)
    }
  })

  test('is not ended by asking for the resumption: no code, and nobody is signed in who was not (SE-05, MF-06)', async () => {
    const sitting = await at(step)
    const wasSignedIn = told(await askSilently(sitting.agent.clone(), client))['error'] !== 'login_required'
    const resumed = await sitting.agent.get(`/authorize/${sitting.uid}`)
    expect(resumed.location ?? '').not.toContain('code=')
    const isSignedIn = told(await askSilently(sitting.agent, client))['error'] !== 'login_required'
    expect(isSignedIn).toBe(wasSignedIn)
    expect(wasSignedIn).toBe(['consent', 'select-account'].includes(step))
  })

  test('has no address for another step: what does not exist is 404, what takes forms alone is 405 (SE-05)', async () => {
    const sitting = await at(step)
    for (const form of forms.filter((name) => name !== 'recovery-code'))
      expect((await sitting.agent.get(`${sitting.at}/${form}`)).status).toBe(405)
    for (const path of ['done', 'finish', 'login/done', 'success', 'continue'])
      expect((await sitting.agent.get(`${sitting.at}/${path}`)).status).toBe(404)
    const beside = await sitting.agent.get(`${sitting.at}/recovery-code`)
    if (step === 'totp') expect(beside.status).toBe(200)
    else expect([beside.status, beside.location]).toEqual([303, sitting.at])
  })
})

describe('a code page left open (SE-05)', () => {
  test('in a second tab takes nothing once the first tab is through', async () => {
    const person = await addPerson(server)
    const sitting = await reach(server, client, person, 'totp')
    const cookiesBefore = sitting.agent.clone()
    const first = await walk(server, sitting.agent, sitting.at, person)
    expect(told(first)['code']).toBeDefined()
    // The tabs share their cookies; the other browser kept those from before.
    for (const second of [sitting.agent, cookiesBefore]) {
      const form = { ...(await everything(sitting.page)), code: await codeOf(server, person) }
      const answer = await second.post(`${sitting.at}/totp`, form)
      const end = answer.location === undefined ? answer : await walk(server, second, answer.location, null)
      expect([end.status, end.location, stepOf(end)]).toEqual([400, undefined, null])
      // Nor was the code looked at: it was right, and would be spent.
      const credential = await server.database.prisma.totpCredential.findFirst({
        where: { userId: person.id },
      })
      expect(credential).toMatchObject({ lastStep: null })
    }
  })

  test('in a browser without any cookie is no sign-in at all', async () => {
    const sitting = await reach(server, client, enrolled, 'totp')
    const bare = createUserAgent(server)
    const answer = await bare.post(`${sitting.at}/totp`, await everything(sitting.page))
    expect([answer.status, stepOf(answer)]).toEqual([400, null])
  })
})
