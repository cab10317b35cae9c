import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { authorizeUrl, pkce, signIn, stepOf, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { through } from '../support/through.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

type Seen = Answer & { method: string; path: string }

let server: TestServer
/** Every answer of a whole life: enrolment, both factors, a wrong code, another account, consent, errors, logout. */
const seen: Seen[] = []
beforeAll(async () => {
  server = await startTestServer()
  await liveThrough(
    through(server, {
      headers: { origin: 'https://evil.example' },
      onAnswer: (answer, path, { method, body }) => {
        seen.push({ ...answer, path, method: method ?? (body === undefined ? 'GET' : 'POST') })
      },
    }),
  )
})
afterAll(() => server.stop())

async function liveThrough(observed: TestServer): Promise<void> {
  const client = await addClient(observed, {
    metadata: { client_uri: 'https://rp.example/', policy_uri: 'https://rp.example/privacy' },
  })
  const poster = await addClient(observed, { firstParty: true, metadata: { response_modes: ['form_post'] } })
  const person = await addPerson(observed, { totp: false })
  const { agent } = await signIn(observed, client, person, { scope: 'openid email' })
  await signIn(observed, client, person, { prompt: 'login consent' }, { agent })
  await signIn(observed, client, person, { prompt: 'select_account' }, { agent })
  await walk(observed, agent, authorizeUrl(client, pkce().challenge, { prompt: 'consent' }), person, {
    consent: 'deny',
  })
  await askSilently(agent, client)
  await askSilently(agent, client, { scope: 'openid "' })
  await askSilently(agent, poster, { response_mode: 'form_post' })
  await authorize(agent, client, { redirect_uri: 'https://evil.example/' })
  const login = await reach(observed, client, person, 'login')
  await login.agent.post(`${login.at}/login`, { ...formOf(login.page).fields, email: 'a', password: 'b' })
  await login.agent.post(`${login.at}/login`, { csrf: 'wrong' })
  const totp = await reach(observed, client, person, 'totp')
  await totp.agent.post(`${totp.at}/totp`, { ...formOf(totp.page).fields, code: '000000' })
  const recovery = await totp.agent.get(`${totp.at}/recovery-code`)
  await totp.agent.post(`${totp.at}/recovery-code`, { ...formOf(recovery).fields, code: 'wrong' })
  await createUserAgent(observed).get(totp.at)
  await createUserAgent(observed).get('/authorize/nothing')
  await agent.get('/nothing')
  await agent.get('/authorize%')
  const logout = await agent.get('/logout')
  const out = await agent.post(formOf(logout).action, { ...formOf(logout).fields, logout: 'yes' })
  await agent.get(out.location ?? '')
  await createUserAgent(observed).get('/logout')
}

const isPage = ({ headers }: Seen) => headers['content-type']?.startsWith('text/html') === true
const pages = () => seen.filter((answer) => isPage(answer) && answer.location === undefined)
const label = ({ method, path, status }: Seen) =>
  `${method} ${path.split('?')[0]?.replace(/[\w-]{30,}/, ':uid')} ${status}`

/** The answers for which something does not hold, by name: empty when all is well. */
function except(answers: Seen[], holds: (answer: Seen) => boolean): string[] {
  return answers.filter((answer) => !holds(answer)).map(label)
}

/** @returns the page in small letters, without what is random in it: long runs of base64url. */
const lettersOf = (text: string) => text.replace(/[\w-]{20,}/g, ' ').toLowerCase()

describe('the hosted pages', () => {
  test('were all seen', () => {
    const steps = new Set(pages().map((page) => stepOf(page)))
    expect([...steps]).toEqual(
      expect.arrayContaining([
        'login',
        'totp-enrol',
        'recovery-codes',
        'consent',
        'totp',
        'select-account',
        'recovery-code',
        null,
      ]),
    )
    expect(new Set(pages().map(({ status }) => status))).toEqual(new Set([200, 400, 403, 404, 422]))
  })

  test('cannot be framed (AZ-12, RFC 9700 section 4.16)', () => {
    expect(
      except(
        seen,
        ({ headers }) =>
          headers['x-frame-options'] === 'DENY' &&
          String(headers['content-security-policy']).includes("frame-ancestors 'none'"),
      ),
    ).toEqual([])
  })

  test('leak no referrer (AZ-13, RFC 9700 section 4.2.4)', () => {
    expect(except(seen, ({ headers }) => headers['referrer-policy'] === 'no-referrer')).toEqual([])
    expect(except(seen, ({ text }) => !/referrerpolicy|name="referrer"/i.test(text))).toEqual([])
  })

  test('load nothing from anywhere else, and send forms to nobody else (AZ-13, ASVS 3.4.5)', () => {
    const foreign =
      /<(?:img|link|script|iframe|object|embed|source|video|audio|input)\b[^>]*\b(?:src|href|data|srcset|formaction)="(?!\/|data:|")[^"]*"/i
    expect(except(pages(), ({ text }) => !foreign.test(text))).toEqual([])
    const forms = (page: Seen) =>
      [...page.text.matchAll(/<form[^>]*action="([^"]*)"/g)].map(([, to = '']) => to)
    const ours = (to: string) => to.startsWith('/') || to.startsWith(`${server.issuer}/`)
    const isFormPost = (page: Seen) => page.path.includes('response_mode=form_post')
    expect(except(pages(), (page) => isFormPost(page) || forms(page).every(ours))).toEqual([])
  })

  test('allow no script, no style and no base but their own (AZ-13, ASVS 3.4.3)', () => {
    expect(
      except(pages(), ({ headers, text }) => {
        const policy = String(headers['content-security-policy'])
        const scripts = text.match(/<script\b/g)?.length ?? 0
        // Our own files, on the pages that ask an authenticator; nothing inline, and nothing it could ask another server.
        const files = text.match(/<script type="module" src="\/assets\/[\w.-]+"><\/script>/g)?.length ?? 0
        return (
          policy.startsWith("default-src 'none'") &&
          policy.includes("base-uri 'none'") &&
          !/unsafe|\*|https?:(?!\/\/rp\.example)/.test(policy) &&
          // The engine's own pages that send a form on at once carry one script, known by its hash.
          (scripts === 0 ||
            (scripts === files && policy.includes("; script-src 'self'; style-src")) ||
            (scripts === 1 && /script-src 'sha256-[\w+/=]+'/.test(policy))) &&
          !/\son\w+=|\sstyle=|<style|javascript:/i.test(text)
        )
      }),
    ).toEqual([])
  })

  test('and every redirect between them are kept by no cache (AZ-14, ASVS 14.3.2)', () => {
    expect(except(seen, ({ headers }) => headers['cache-control'] === 'no-store')).toEqual([])
  })

  test('answer no other origin (AZ-08, RFC 9700 section 2.6)', () => {
    const cors = ({ headers }: Seen) =>
      Object.keys(headers).filter((name) => name.startsWith('access-control-'))
    expect(except(seen, (answer) => cors(answer).length === 0)).toEqual([])
  })

  test('answer no preflight of another origin (AZ-08)', async () => {
    for (const path of [
      '/authorize',
      '/interaction/x/login',
      '/interaction/x',
      '/logout',
      '/logout/confirm',
    ]) {
      const answer = await server.ask(path, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test('are left by 303 after every form, so that no password travels on (AZ-07, RFC 9700 section 4.12)', () => {
    const redirects = seen.filter(({ location }) => location !== undefined)
    expect(except(redirects, ({ status }) => status === 303)).toEqual([])
    const after = redirects
      .filter(({ method }) => method === 'POST')
      .map(({ path }) => path.split('/').at(-1))
    expect(new Set(after)).toEqual(
      new Set(['login', 'totp', 'totp-enrol', 'recovery-codes', 'select-account', 'consent', 'confirm']),
    )
  })

  test('say nothing of what they are made with (HT-02)', () => {
    expect(
      except(seen, ({ headers, text }) => {
        const told = headers['server'] ?? headers['x-powered-by']
        // As words: an id or a csrf value is random, and now and then spells "kOa".
        return (
          told === undefined && !/node_modules|at \w+ \(|\b(koa|oidc-provider|prisma)\b/.test(lettersOf(text))
        )
      }),
    ).toEqual([])
    expect(except(seen, ({ headers }) => headers['x-content-type-options'] === 'nosniff')).toEqual([])
  })
})
