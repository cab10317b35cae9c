import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { useRecoveryCode } from '../../src/users/index.ts'
import { atAccount, send } from '../support/account.ts'
import { makePasskey, usePasskey } from '../support/authenticator.ts'
import { reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, addRecoveryCodes } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server, { firstParty: true })
})
afterAll(() => server.stop())

const codesOn = ({ text }: Answer) =>
  [...text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code]) => code ?? '')
const works = async ({ id: userId }: Person, code = '') =>
  (await useRecoveryCode({ database: server.database }, { userId, code })).ok
const atCodes = (person: Person) => reach(server, client, person, 'recovery-codes')
const sayHere = ({ agent, page }: AtStep, said: Record<string, string>) => {
  const { action, fields } = formOf(page, /recovery-codes$/)
  return agent.post(action, { ...fields, ...said })
}
/** Where a new sign-in with password and code comes to, nobody answering the page with recovery codes. */
const signsIn = async (person: Person) =>
  walk(server, createUserAgent(server), authorizeUrl(client, pkce().challenge), person, {
    stopAt: /^recovery-codes$/,
  })

describe('recovery codes whose page was left without a word', () => {
  test('are made anew at the next sign-in, until somebody says that they are saved; then no more (RE-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const [old] = codesOn(await atCodes(person).then(({ page }) => page))
    const second = await atCodes(person)
    const [fresh] = codesOn(second.page)
    expect(fresh).not.toBe(old)
    expect(codesOn(await second.agent.get(second.at))).toEqual(codesOn(second.page))
    expect(await works(person, old)).toBe(false)
    expect((await sayHere(second, {})).status).toBe(422)
    expect(stepOf(await signsIn(person))).toBe('recovery-codes')
    await signIn(server, client, person)
    expect(told(await signsIn(person))['code']).toBeDefined()
  })

  test('are saved after all, if one of them is used: whoever enters it has the list (RE-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const codes = codesOn((await atCodes(person)).page)
    expect(await works(person, codes[0])).toBe(true)
    expect(told(await signsIn(person))['code']).toBeDefined()
    expect(await works(person, codes[1])).toBe(true)
  })

  test('are made anew after a passkey as well, which otherwise asks for none (RE-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const first = await reach(server, client, person, 'totp-enrol')
    const { passkey, response } = makePasskey(optionsOn(first.page), server.issuer)
    const { csrf = '' } = formOf(first.page, /totp-enrol$/).fields
    await first.agent.post(`${first.at}/passkey-enrol`, { csrf, response })
    const old = codesOn(await first.agent.get(first.at))
    expect(old).toHaveLength(10)
    const next = await reach(server, client, person, 'login')
    const shown = usePasskey(optionsOn(next.page), server.issuer, passkey)
    await next.agent.post(`${next.at}/passkey`, {
      ...formOf(next.page, /login$/).fields,
      response: shown,
    })
    const page = await next.agent.get(next.at)
    expect(codesOn(page)).toHaveLength(10)
    expect(codesOn(page)).not.toEqual(old)
    const on = await sayHere({ ...next, page }, { saved: 'yes' })
    expect(told(await walk(server, next.agent, on.location ?? '', null))['code']).toBeDefined()
  })
})

describe('a page with recovery codes that another window has replaced', () => {
  test('says so when it is answered and when it is loaded again, saves nothing, and goes on (RE-01)', async () => {
    const person = await addPerson(server, { totp: false })
    const left = await atCodes(person)
    const other = await atCodes(person)
    const again = await left.agent.get(left.at)
    const answer = await sayHere(left, { saved: 'yes' })
    expect([again.status, answer.status]).toEqual([200, 409])
    for (const page of [again, answer]) {
      expect(page.text).toContain('These codes do not work any more')
      expect(codesOn(page)).toEqual([])
    }
    const on = await sayHere({ ...left, page: answer }, {})
    expect(told(await walk(server, left.agent, on.location ?? '', null))['code']).toBeDefined()
    expect(stepOf(await signsIn(person))).toBe('recovery-codes')
    expect(await works(person, codesOn(other.page)[0])).toBe(false)
  })

  test('goes on from where it was loaded again as well', async () => {
    const person = await addPerson(server, { totp: false })
    const left = await atCodes(person)
    await atCodes(person)
    const on = await sayHere({ ...left, page: await left.agent.get(left.at) }, {})
    expect(told(await walk(server, left.agent, on.location ?? '', null))['code']).toBeDefined()
  })

  test('cannot be passed over while its codes are good', async () => {
    const person = await addPerson(server, { totp: false })
    const page = await atCodes(person)
    expect((await sayHere(page, { replaced: 'yes' })).status).toBe(422)
  })
})

describe('recovery codes made on the account pages', () => {
  const HERE = '/account/security/recovery-codes'
  const renewed = async () => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    const at = await atAccount(server, person, HERE)
    await send(at.agent, at.page, /recovery-codes$/)
    return { ...at, person, page: await at.agent.get(HERE) }
  }

  test('count once they are said to be saved, also when their page stood open for long (RE-01)', async () => {
    const at = await renewed()
    const cookies = at.agent.cookies.filter(({ name }) => name !== 'cardea_codes')
    at.agent.cookies.splice(0, Infinity, ...cookies)
    expect((await send(at.agent, at.page, /saved$/)).location).toBe('/account/security')
    expect(told(await signsIn(at.person))['code']).toBeDefined()
    expect(await works(at.person, codesOn(at.page)[0])).toBe(true)
  })

  test('and left without a word are made anew at the next sign-in (RE-01)', async () => {
    const at = await renewed()
    expect(stepOf(await signsIn(at.person))).toBe('recovery-codes')
    expect(await works(at.person, codesOn(at.page)[0])).toBe(false)
  })

  test('in two windows: the older page is told, and shown those that are good (RE-01)', async () => {
    const at = await renewed()
    const version = /name="version" value="([^"]*)"/.exec(at.page.text)?.[1] ?? ''
    const { fields } = formOf(at.page, /saved$/)
    await at.agent.post(HERE, { csrf: fields['csrf'] ?? '', version })
    const answer = await send(at.agent, at.page, /saved$/)
    expect(answer.location).toBe(HERE)
    const page = await at.agent.get(HERE)
    expect(page.text).toContain('The codes you saved do not work any more')
    expect(codesOn(page)).toHaveLength(10)
    expect(await works(at.person, codesOn(page)[0])).toBe(true)
  })
})

/** What a page asks the authenticator. */
function optionsOn({ text }: Answer): string {
  return (/data-options="([^"]*)"/.exec(text)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
