import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setDisabled } from '../../src/users/index.ts'
import { claimsOf, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import { makePasskey, usePasskey } from '../support/authenticator.ts'
import type { KeptPasskey } from '../support/authenticator.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, addRecoveryCodes } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const STRONG = 'urn:example:acr:strong'
const MFA = 'urn:cardea:acr:mfa'
let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  const CARDEA_ACR = `urn:cardea:acr:pwd=pwd; ${MFA}=pwd+otp|passkey|pwd+recovery_code; ${STRONG}=passkey,300`
  server = await startTestServer({ instances: 2, env: { CARDEA_ACR, CARDEA_TRUSTED_BROWSER_DAYS: '30' } })
  client = await addClient(server, { firstParty: true })
})
afterAll(() => server.stop())

/** What a page asks the authenticator. */
function optionsOn({ text }: Answer): string {
  const options = /data-options="([^"]*)"/.exec(text)?.[1]
  if (options === undefined) throw new Error(`no passkey is asked for on: ${text.slice(0, 300)}`)
  return options.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

const answerTo = (page: Answer, passkey: KeptPasskey) => usePasskey(optionsOn(page), server.issuer, passkey)

async function post(
  sitting: Pick<AtStep, 'agent' | 'at'>,
  page: Answer,
  form: string,
  response: string,
  more: Record<string, string> = {},
) {
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  return sitting.agent.post(`${sitting.at}/${form}`, { csrf, response, ...more })
}

/** Somebody who has made a passkey on their first sign-in. */
async function withPasskey(): Promise<{ person: Person; passkey: KeptPasskey; agent: UserAgent }> {
  const person = await addPerson(server, { totp: false })
  await addRecoveryCodes(server, person)
  const sitting = await reach(server, client, person, 'totp-enrol')
  const { passkey, response } = makePasskey(optionsOn(sitting.page), server.issuer)
  const made = await post(sitting, sitting.page, 'passkey-enrol', response)
  expect(told(await walk(server, sitting.agent, made.location ?? '', null))['code']).toBeDefined()
  return { person, passkey, agent: sitting.agent }
}

async function begin(params: AuthorizeParams = {}, agent = createUserAgent(server)) {
  const begun = pkce()
  const page = await walk(server, agent, authorizeUrl(client, begun.challenge, params), null)
  const at = /action="([^"]*\/interaction\/[^/"]+)\/[\w-]+"/.exec(page.text)?.[1] ?? ''
  return { agent, at, page, verifier: begun.verifier }
}

async function claimsAfter(
  { agent, verifier }: { agent: UserAgent; verifier: string },
  { location }: Answer,
): Promise<Record<string, unknown>> {
  const end = told(await walk(server, agent, location ?? '', null))
  const answer = await redeem(server, client, { code: end['code'] ?? '', verifier })
  return claimsOf(answer.json<Tokens>().id_token)
}

describe('a passkey at the first step', () => {
  test('signs in by itself, as two factors, from a browser that was never here (MF-06, RFC 8176)', async () => {
    const { person, passkey } = await withPasskey()
    const sitting = await begin()
    expect(stepOf(sitting.page)).toBe('login')
    expect(sitting.page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(sitting.page.headers['permissions-policy']).toContain('publickey-credentials-get=(self)')
    const done = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, passkey))
    expect(await claimsAfter(sitting, done)).toMatchObject({
      ...{ sub: person.id, acr: STRONG, amr: ['swk', 'user', 'mfa'] },
    })
  })

  test('taken from another sign-in is refused: the answer is for the page that asked (MF-04)', async () => {
    const { passkey } = await withPasskey()
    const [mine, theirs] = [await begin(), await begin()]
    const stolen = answerTo(mine.page, passkey)
    const refused = await post(theirs, theirs.page, 'passkey', stolen)
    expect(refused.status).toBe(422)
    expect(stepOf(await theirs.agent.get(theirs.at))).toBe('login')
    expect((await post(mine, mine.page, 'passkey', stolen)).status).toBe(303)
  })

  test('sent many times at once signs in once, over two instances (MF-03)', async () => {
    const { passkey } = await withPasskey()
    const sitting = await begin()
    const response = answerTo(sitting.page, passkey)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post(sitting, sitting.page, 'passkey', response)),
    )
    expect(answers.map(({ status }) => status).filter((status) => status === 303).length).toBeGreaterThan(0)
    const { database } = server
    const used = await database.prisma.auditEvent.count({
      where: { type: 'sign_in.passkey_ok', detail: { path: ['passkey'], equals: passkey.id } },
    })
    expect(used).toBe(1)
  })

  test('that is none is refused, and leads nowhere (HT-06)', async () => {
    for (const response of ['', 'null', '{}', '[]', '{"id":"x"}', 'x'.repeat(40_000)]) {
      const sitting = await begin()
      const answer = await post(sitting, sitting.page, 'passkey', response)
      expect(answer.status).toBe(422)
      expect(stepOf(await sitting.agent.get(sitting.at))).toBe('login')
    }
  })

  test('of somebody disabled is refused with the words for one of nobody (DI-01, TH-04)', async () => {
    const [disabled, gone] = [await withPasskey(), await withPasskey()]
    await setDisabled(server.database.prisma, disabled.person.id, true)
    await server.database.prisma.passkey.deleteMany({ where: { userId: gone.person.id } })
    const texts = []
    for (const { passkey } of [disabled, gone]) {
      const sitting = await begin()
      const answer = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, passkey))
      expect(answer.status).toBe(422)
      texts.push(/role="alert"[\s\S]*?<\/div>/.exec(answer.text)?.[0])
    }
    expect(texts[0]).toBe(texts[1])
  })

  test('without a CSRF token is refused (SE-06)', async () => {
    const { passkey } = await withPasskey()
    const sitting = await begin()
    const response = answerTo(sitting.page, passkey)
    expect((await sitting.agent.post(`${sitting.at}/passkey`, { response })).status).toBe(403)
  })
})

describe('a passkey as the second factor', () => {
  test('of somebody else does not pass for the one whose password was shown (MF-04)', async () => {
    const [victim, thief] = [await withPasskey(), await withPasskey()]
    const sitting = await reachPasskey(victim.person)
    const response = answerTo(sitting.page, { ...thief.passkey, id: thief.passkey.id })
    expect((await post(sitting, sitting.page, 'passkey', response)).status).toBe(422)
    const theirHandle = { ...thief.passkey, userHandle: victim.passkey.userHandle }
    expect((await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, theirHandle))).status).toBe(
      422,
    )
    const own = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, victim.passkey))
    expect(await claimsAfter(sitting, own)).toMatchObject({ amr: ['pwd', 'swk', 'user', 'mfa'] })
  })

  test('cannot be left out, nor replaced by making another one (MF-06, MF-07)', async () => {
    const { person } = await withPasskey()
    const sitting = await reachPasskey(person)
    const thiefs = makePasskey(
      JSON.stringify({
        ...JSON.parse(optionsOn(sitting.page)),
        user: { id: 'AAAA' },
        rp: { id: 'localhost' },
      }),
      server.issuer,
    )
    for (const [form, response] of [
      ['passkey-enrol', thiefs.response],
      ['passkey-offer', ''],
      ['totp-enrol', ''],
      ['recovery-codes', ''],
    ] as const) {
      const answer = await post(sitting, sitting.page, form, response)
      expect({ form, status: answer.status, to: answer.location }).toEqual({
        form,
        status: 303,
        to: sitting.at,
      })
    }
    expect(await server.database.prisma.passkey.count({ where: { userId: person.id } })).toBe(1)
    const uid = sitting.at.split('/').at(-1) ?? ''
    expect((await sitting.agent.get(`/authorize/${uid}`)).location ?? '').not.toContain('code=')
    expect(told((await begin({ prompt: 'none' }, sitting.agent)).page)['error']).toBe('login_required')
  })
})

async function reachPasskey(person: Person) {
  const begun = await begin()
  const { action, fields } = formOf(begun.page, /login$/)
  const next = await begun.agent.post(action, { ...fields, email: person.email, password: person.password })
  const page = await begun.agent.get(next.location ?? '')
  expect(page.text).toContain('/passkey"')
  expect(stepOf(page)).toBeNull()
  return { ...begun, page }
}

describe('a browser that is to be trusted', () => {
  const trusted = ({ id }: Person) =>
    server.database.prisma.trustedBrowser.count({ where: { userId: id, skipsFactorUntil: { not: null } } })

  test('is, once the passkey was shown as the second factor, and is not where the box was left as it is (AZ-20, MF-06)', async () => {
    const { person, passkey } = await withPasskey()
    const sitting = await reachPasskey(person)
    expect(sitting.page.text).toContain('Do not ask for my passkey in this browser for 30 days')
    expect(sitting.page.text).not.toMatch(/name="trust"[^>]*checked/)
    const answer = answerTo(sitting.page, passkey)
    const done = await post(sitting, sitting.page, 'passkey', answer, { trust: 'yes' })
    expect(told(await walk(server, sitting.agent, done.location ?? '', null))['code']).toBeDefined()
    expect(await trusted(person)).toBe(1)

    const { person: other, passkey: key } = await withPasskey()
    const careful = await reachPasskey(other)
    const unticked = await post(careful, careful.page, 'passkey', answerTo(careful.page, key))
    expect(told(await walk(server, careful.agent, unticked.location ?? '', null))['code']).toBeDefined()
    expect(await trusted(other)).toBe(0)
  })

  test('is not by a passkey that was the whole sign-in, whatever the form says (MF-06)', async () => {
    const { person, passkey } = await withPasskey()
    const sitting = await begin()
    expect(sitting.page.text).not.toContain('name="trust"')
    const done = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, passkey), {
      trust: 'yes',
    })
    expect(told(await walk(server, sitting.agent, done.location ?? '', null))['code']).toBeDefined()
    expect(await trusted(person)).toBe(0)
  })

  test('is not by a recovery code, whatever the form says (MF-06, RE-01)', async () => {
    const person = await addPerson(server)
    const [code = ''] = await addRecoveryCodes(server, person)
    const sitting = await reach(server, client, person, 'totp')
    const page = await sitting.agent.get(`${sitting.at}/recovery-code`)
    expect(page.text).not.toContain('name="trust"')
    const { action, fields } = formOf(page, /\/recovery-code$/)
    const done = await sitting.agent.post(action, { ...fields, code, trust: 'yes' })
    expect(told(await walk(server, sitting.agent, done.location ?? '', null))['code']).toBeDefined()
    expect(await trusted(person)).toBe(0)
  })
})

describe('stepping up (AZ-18, AZ-20)', () => {
  test('a session by password and code is asked for the passkey that strong takes, and makes one first if there is none; with the code shown again when that was long ago (MF-07)', async () => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const session = await signIn(server, client, person)
    await server.database.pool.query(
      `UPDATE sessions SET payload = jsonb_set(payload, '{factors}', '{"pwd": 1000, "otp": 1000}') WHERE user_id = $1`,
      [person.id],
    )
    const sitting = await begin({ acr_values: STRONG }, session.agent)
    // Whoever copied the cookie of this session gets no further than here.
    expect(stepOf(sitting.page)).toBe('totp')
    const proven = await walk(server, sitting.agent, sitting.at, person)
    expect(proven.text).toContain('/passkey-enrol"')
    const { response } = makePasskey(optionsOn(proven), server.issuer)
    const made = await post(sitting, proven, 'passkey-enrol', response)
    expect(await claimsAfter(sitting, made)).toMatchObject({ sub: person.id, acr: STRONG })
  })

  test('a fresh passkey is strong, an old one is not, and is asked for again, alone', async () => {
    const { person, passkey, agent } = await withPasskey()
    const first = await begin({ acr_values: STRONG, prompt: 'none' }, agent)
    expect(first.page.location).toContain('code=')
    await server.database.pool.query(
      `UPDATE sessions SET payload = jsonb_set(payload, '{factors,passkey}', to_jsonb((payload #>> '{factors,passkey}')::int - 301))
       WHERE user_id = $1`,
      [person.id],
    )
    expect(told((await begin({ acr_values: STRONG, prompt: 'none' }, agent)).page)['error']).toBe(
      'login_required',
    )
    expect((await begin({ acr_values: MFA, prompt: 'none' }, agent)).page.location).toContain('code=')
    const sitting = await begin({ acr_values: STRONG }, agent)
    expect(sitting.page.text).toContain('/passkey"')
    expect(stepOf(sitting.page)).toBeNull()
    const shown = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, passkey))
    expect(await claimsAfter(sitting, shown)).toMatchObject({ acr: STRONG })
  })

  test('a code shown later makes a session stronger but not younger: auth_time stays, and so does its absolute end (SE-03)', async () => {
    const optional = await startTestServer({ env: { CARDEA_TOTP_POLICY: 'optional' } })
    try {
      const app = await addClient(optional, { firstParty: true })
      const person = await addPerson(optional, { totp: false })
      const weak = await signIn(optional, app, person)
      await optional.database.pool.query(
        `UPDATE sessions SET payload = payload || jsonb_build_object('loginTs', (payload ->> 'loginTs')::int - 100,
           'factors', jsonb_build_object('pwd', (payload ->> 'loginTs')::int - 100))`,
      )
      const before = (await redeem(optional, app, weak)).json<Tokens>()
      const raised = await signIn(optional, app, person, { acr_values: MFA }, { agent: weak.agent })
      const claims = claimsOf((await redeem(optional, app, raised)).json<Tokens>().id_token)
      expect(claims).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
      const now = Math.floor(Date.now() / 1000)
      expect(now - Number(claims['auth_time'])).toBeGreaterThanOrEqual(100)
      // What was issued before the step-up is what it was.
      const told = await optional.ask('/userinfo', {
        headers: { authorization: `Bearer ${before.access_token}` },
      })
      expect(told.json()).toMatchObject({ acr: 'urn:cardea:acr:pwd' })
    } finally {
      await optional.stop()
    }
  })

  test('a new session id, and the old one is worth nothing (SE-02)', async () => {
    const { passkey, agent } = await withPasskey()
    const cookie = () => agent.cookies.find(({ name }) => name === 'cardea_session')?.value
    const before = { value: cookie(), agent: agent.clone() }
    const sitting = await begin({ max_age: '0' }, agent)
    const shown = await post(sitting, sitting.page, 'passkey', answerTo(sitting.page, passkey))
    expect(await claimsAfter(sitting, shown)).toMatchObject({ amr: ['swk', 'user', 'mfa'] })
    expect(cookie()).not.toBe(before.value)
    expect(told((await begin({ prompt: 'none' }, before.agent)).page)['error']).toBe('login_required')
  })
})
