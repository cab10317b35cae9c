import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, told } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { through } from '../support/through.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

const ISSUER = 'https://id.example.test'

let direct: TestServer
/** As browsers reach it: through a TLS proxy that we trust. */
let server: TestServer
const lines: string[] = []
beforeAll(async () => {
  direct = await startTestServer({
    env: { CARDEA_ISSUER: ISSUER, CARDEA_TRUSTED_PROXIES: '127.0.0.1', CARDEA_TOTP_POLICY: 'optional' },
  })
  server = through(direct, {
    headers: { 'x-forwarded-proto': 'https' },
    onAnswer: ({ headers }) => lines.push(...(headers['set-cookie'] ?? [])),
  })
})
afterAll(() => direct.stop())

function parse(line: string) {
  const [pair = '', ...attributes] = line.split('; ')
  const at = pair.indexOf('=')
  const names = new Map<string, string>()
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.toLowerCase().split('=')
    names.set(name, value)
  }
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: names, line }
}

describe('cookies behind a TLS proxy', () => {
  beforeAll(async () => {
    const client = await addClient(server)
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    expect((await redeem(server, client, session)).status).toBe(200)
    const { agent } = session
    await signIn(server, client, person, { prompt: 'select_account' }, { agent })
    await createUserAgent(server).get('/logout')
    const page = await agent.get('/logout')
    const out = await agent.post(formOf(page).action, { ...formOf(page).fields, logout: 'yes' })
    expect(out.status).toBe(303)
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
  })

  test('are all there: session, sign-in, its resumption, the app, the device', () => {
    const names = new Set(lines.map((line) => parse(line).name.replace(/\.sig$/, '')))
    expect([...names]).toEqual(
      expect.arrayContaining([
        '__Host-cardea_client',
        '__Host-cardea_device',
        '__Host-cardea_session',
        '__Secure-cardea_interaction',
        '__Secure-cardea_resume',
      ]),
    )
  })

  test('are Secure, HttpOnly and SameSite=Lax, and for this host alone (SE-01, NIST SP 800-63B-4 section 5.1, ASVS 3.3.1)', () => {
    const flawed = lines.map(parse).filter(({ attributes }) => {
      const lax = attributes.get('samesite') === 'lax'
      return !(attributes.has('secure') && attributes.has('httponly') && lax) || attributes.has('domain')
    })
    expect(flawed.map(({ line }) => line)).toEqual([])
  })

  test('have a prefix that browsers hold them to (SE-01, ASVS 3.3.1, RFC 6265bis section 4.1.3)', () => {
    for (const { name, attributes, line } of lines.map(parse)) {
      if (name.startsWith('__Host-'))
        expect({ line, path: attributes.get('path') }).toEqual({ line, path: '/' })
      else expect(attributes.get('path')).toMatch(/^\/(interaction|authorize)\/[\w-]{43}$/)
      expect(attributes.has('secure')).toBe(true)
    }
  })

  test('say nothing: the session is 256 bits of a name that only the server can read (SE-01, ASVS 7.2.3)', () => {
    const sessions = lines
      .map(parse)
      .filter(({ name, value }) => name === '__Host-cardea_session' && value !== '')
    expect(sessions.length).toBeGreaterThan(1)
    expect(sessions.filter(({ value }) => !/^[\w-]{43}$/.test(value))).toEqual([])
    for (const { value } of lines.map(parse)) {
      const decoded = Buffer.from(value, 'base64url').toString('latin1')
      expect(decoded).not.toMatch(/@example|password|openid|state|redirect/)
    }
  })

  test('are signed: each has its signature', () => {
    const names = new Set(lines.map((line) => parse(line).name))
    for (const name of ['__Host-cardea_session', '__Secure-cardea_interaction', '__Secure-cardea_resume'])
      expect(names.has(`${name}.sig`)).toBe(true)
  })
})

describe('a request that did not come over TLS', () => {
  test('is turned away, so that no cookie travels in the open (SE-01, HT-01)', async () => {
    const client = await addClient(server)
    const start = authorizeUrl(client, pkce().challenge)
    for (const headers of [
      {},
      { 'x-forwarded-proto': 'http' },
      { 'x-forwarded-ssl': 'on' },
      { forwarded: 'proto=https' },
    ]) {
      const answer = await direct.ask(start, { headers })
      expect(answer.status).toBe(421)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
  })
})

test('a cookie with a forged, missing or foreign signature is no cookie (SE-01, FT-20)', async () => {
  const client = await addClient(server)
  const person = await addPerson(server)
  const { agent } = await signIn(server, client, person)
  const { agent: other } = await signIn(server, client, person)
  const valueOf = (from: typeof agent, name: string) =>
    from.cookies.find((cookie) => cookie.name === name)?.value ?? ''
  const session = valueOf(agent, '__Host-cardea_session')
  const foreign = valueOf(other, '__Host-cardea_session.sig')
  const own = valueOf(agent, '__Host-cardea_session.sig')
  const flipped = `${own.slice(0, 5)}${own[5] === 'A' ? 'B' : 'A'}${own.slice(6)}`
  const ask = async (cookie: string) =>
    told(
      await server.ask(authorizeUrl(client, pkce().challenge, { prompt: 'none' }), { headers: { cookie } }),
    )
  for (const signature of ['', foreign, flipped, own.slice(0, -1)]) {
    const answer = await ask(`__Host-cardea_session=${session}; __Host-cardea_session.sig=${signature}`)
    expect(answer['error']).toBe('login_required')
  }
  expect((await ask(`cardea_session=${session}; cardea_session.sig=${own}`))['error']).toBe('login_required')
  expect(
    (await ask(`__Host-cardea_session=${session}; __Host-cardea_session.sig=${own}`))['code'],
  ).toBeDefined()
})

// Failing: the cookies of a sign-in are bound to its path, and so cannot carry the __Host- prefix; nothing else ties it to a browser yet.
test('a neighbouring host that leaves its own sign-in in a browser does not get what is proven there: that cookie it cannot leave (SE-02, SE-04, RFC 9700 section 4.7)', async () => {
  const client = await addClient(server)
  const victim = await addPerson(server)
  const { agent: attacker, page, at } = await reach(server, client, null, 'login')
  const browser = createUserAgent(server)
  // Browsers take a __Host- cookie from nobody but the host itself (RFC 6265bis section 4.1.3.2).
  browser.cookies.push(...attacker.clone().cookies.filter(({ name }) => !name.startsWith('__Host-')))
  const form = { ...formOf(page).fields, email: victim.email, password: victim.password }
  expect((await browser.get(at)).status).toBe(400)
  expect((await browser.post(`${at}/login`, form)).status).toBe(400)
  expect((await attacker.get(at)).text).not.toContain(victim.email)
})
