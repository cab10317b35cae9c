import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signIn, stepOf, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let alice: Person
let mallory: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  alice = await addPerson(server)
  mallory = await addPerson(server)
})
afterAll(() => server.stop())

const steps = ['login', 'totp', 'consent']
const forms = [
  'login',
  'totp',
  'recovery-code',
  'totp-enrol',
  'recovery-codes',
  'select-account',
  'consent',
  'abort',
]

function expectDeadEnd(answer: Answer): void {
  expect({ status: answer.status, location: answer.location, step: stepOf(answer) }).toEqual({
    status: 400,
    location: undefined,
    step: null,
  })
  expect(answer.text).not.toContain(alice.email)
  expect(answer.text).not.toContain(mallory.email)
}

/** A browser with a sign-in, a session and a history of its own. */
async function victimsBrowser(): Promise<UserAgent> {
  const { agent } = await reach(server, client, alice, 'totp')
  return agent
}

describe('the address of a sign-in, opened in another browser (SE-04, RFC 9700 section 4.7, CVE-2026-7507)', () => {
  test.each(steps)('is a dead end when it has come to %s: a new browser sees nothing of it', async (step) => {
    const { at } = await reach(server, client, mallory, step)
    expectDeadEnd(await createUserAgent(server).get(at))
    expectDeadEnd(await createUserAgent(server).get(`${at}/recovery-code`).then(followed))
  })

  test.each(steps)(
    'is a dead end when it has come to %s: so it is in one with its own sign-in',
    async (step) => {
      const { at } = await reach(server, client, mallory, step)
      expectDeadEnd(await (await victimsBrowser()).get(at))
      expectDeadEnd(await (await signIn(server, client, alice)).agent.get(at))
    },
  )

  test.each(forms)('takes no form: %s, with the token of the page', async (form) => {
    const sitting = await reach(server, client, mallory, 'totp')
    const { csrf } = formOf(sitting.page, /totp$/).fields as { csrf: string }
    const credentials = { email: alice.email, password: alice.password, code: await codeOf(server, alice) }
    const body = { csrf, ...credentials, decision: 'allow', saved: 'yes' }
    for (const agent of [createUserAgent(server), await victimsBrowser()])
      expectDeadEnd(await agent.post(`${sitting.at}/${form}`, body))
    expect(stepOf(await sitting.agent.get(sitting.at))).toBe('totp')
  })

  test('is a dead end even under the cookie of another sign-in', async () => {
    const [hers, his] = [
      await reach(server, client, alice, 'totp'),
      await reach(server, client, mallory, 'totp'),
    ]
    const mixed = createUserAgent(server)
    for (const { name, value } of hers.agent.cookies.filter(({ path }) => path === hers.at))
      mixed.cookies.push({ name, value, path: his.at })
    expectDeadEnd(await mixed.get(his.at))
    const { fields } = formOf(his.page, /totp$/)
    expectDeadEnd(await mixed.post(`${his.at}/totp`, { ...fields, code: await codeOf(server, alice) }))
  })
})

describe('a second factor belongs to the password it follows (MF-04, CVE-2026-78619)', () => {
  test('a right code of one person does not finish the sign-in of another', async () => {
    const { agent, page, at } = await reach(server, client, alice, 'totp')
    const answer = await agent.post(`${at}/totp`, {
      ...formOf(page, /totp$/).fields,
      code: await codeOf(server, mallory),
      userId: mallory.id,
      email: mallory.email,
    })
    expect(answer.status).toBe(422)
    expect(stepOf(await agent.get(at))).toBe('totp')
  })

  test('a sign-in cannot change its user half-way: another password is not even looked at', async () => {
    const { agent, page, at } = await reach(server, client, alice, 'totp')
    const form = { ...formOf(page, /totp$/).fields, email: mallory.email, password: mallory.password }
    const answer = await agent.post(`${at}/login`, form)
    expect([answer.status, answer.location]).toEqual([303, at])
    expect((await agent.get(at)).text).toContain(alice.email)
  })

  test('two sign-ins in one browser keep to themselves', async () => {
    const agent = createUserAgent(server)
    const first = await reach(server, client, alice, 'totp', { agent })
    const second = await reach(server, client, mallory, 'totp', { agent })
    expect((await agent.get(first.at)).text).toContain(alice.email)
    expect((await agent.get(second.at)).text).toContain(mallory.email)
    const { fields } = formOf(second.page, /totp$/)
    const swapped = await agent.post(`${first.at}/totp`, { ...fields, code: await codeOf(server, alice) })
    expect(swapped.status).toBe(403)
  })
})

describe('the resumption of a sign-in, asked for by another browser (SE-04, CVE-2022-39222)', () => {
  async function finishedButNotResumed(): Promise<AtStep & { resume: string }> {
    const sitting = await reach(server, client, alice, 'totp')
    const { fields } = formOf(sitting.page, /totp$/)
    const proven = await sitting.agent.post(`${sitting.at}/totp`, {
      ...fields,
      code: await codeOf(server, alice),
    })
    const handedOver = await sitting.agent.get(proven.location ?? '')
    expect(handedOver.location).toBe(`/authorize/${sitting.uid}`)
    return { ...sitting, resume: handedOver.location ?? '' }
  }

  test('is a dead end without its cookie, and still works in the right browser', async () => {
    const { agent, resume } = await finishedButNotResumed()
    expectDeadEnd(await createUserAgent(server).get(resume))
    expectDeadEnd(await (await signIn(server, client, mallory)).agent.get(resume))
    expect((await walk(server, agent, resume, alice)).location).toContain('code=')
  })

  test('is a dead end under the cookie of another sign-in', async () => {
    const { resume } = await finishedButNotResumed()
    const his = await reach(server, client, mallory, 'totp')
    const mixed = createUserAgent(server)
    for (const { name, value, path } of his.agent.cookies)
      if (path === `/authorize/${his.uid}`) mixed.cookies.push({ name, value, path: resume })
    // The cookie names the sign-in, not the address: his own is resumed, which has proven nothing yet.
    const answer = await mixed.get(resume)
    expect(answer.location ?? '').not.toContain('code=')
    expect(mixed.cookies.filter(({ name }) => name === 'cardea_session')).toEqual([])
  })

  test('gives one code, however often the right browser asks', async () => {
    const { agent, resume } = await finishedButNotResumed()
    const own = agent.clone()
    const first = await walk(server, agent, resume, alice)
    expect(first.location).toContain('code=')
    expectDeadEnd(await own.get(resume))
  })

  test('gives one code when asked for many times at one moment', async () => {
    const sitting = await reach(server, client, alice, 'consent', { params: { prompt: 'consent' } })
    const form = { ...formOf(sitting.page, /consent$/).fields, decision: 'allow', scope: 'openid' }
    const { location = '' } = await sitting.agent.post(`${sitting.at}/consent`, form)
    const tabs = Array.from({ length: 10 }, (_, nth) => {
      const instances = server.instances.toReversed().filter((_instance, side) => side === nth % 2)
      return createUserAgent({ issuer: server.issuer, instances }, [...sitting.agent.clone().cookies])
    })
    // All connections are open, to the instances and behind them, before the race begins.
    await Promise.all(tabs.map((tab) => askSilently(tab, client)))
    const answers = await Promise.all(tabs.map((tab) => tab.get(location)))
    expect(answers.filter((answer) => answer.location?.includes('code='))).toHaveLength(1)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })
})

test('a sign-in that was begun is not told apart from one that never was (SE-04)', async () => {
  const { at } = await reach(server, client, mallory, 'login')
  const real = await createUserAgent(server).get(at)
  const invented = await createUserAgent(server).get(`/interaction/${'x'.repeat(43)}`)
  const page = ({ text }: { text: string }) => text.replaceAll(/\/interaction\/[\w-]{43}/g, 'HERE')
  expect([invented.status, page(invented)]).toEqual([real.status, page(real)])
  const begun = await authorize(createUserAgent(server), client)
  expect(begun.location).toMatch(/^\/interaction\/[\w-]{43}$/)
})

async function followed(answer: Answer): Promise<Answer> {
  return answer.location === undefined ? answer : createUserAgent(server).get(answer.location)
}
