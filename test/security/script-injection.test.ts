import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { createResourceServer, putScopeWords } from '../../src/clients/index.ts'
import { basic } from '../support/http-client.ts'
import { polyglot } from '../support/page-fixtures.ts'
import { signIn, tokensFor } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const HARMLESS = 'harmless'
const payloads = [
  polyglot,
  `"><script>alert(1)</script>'"--></title></textarea></style><svg/onload=alert(1)><img src=x onerror=alert(1)>`,
  '<%= process.env %> {{7*7}} ${7*7} #{7*7} \u2028\u2029\u202e<b> &lt;script&gt;&#60;script&#62;',
  'javascript:alert(1)',
]

/** Enough where each takes a sign-in of its own. */
const worst = payloads.slice(0, 2)

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let poster: Awaited<ReturnType<typeof addClient>>
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  poster = await addClient(server, { firstParty: true, metadata: { response_modes: ['form_post'] } })
  signedIn = (await signIn(server, client, await addPerson(server))).agent
})
afterAll(() => server.stop())

/** What a browser would build of a page: its elements and the names of their attributes. Text makes no difference to it. */
function structure({ text, headers }: Answer): string[] {
  expect(headers['content-type']).toMatch(/^text\/html/)
  return [...text.matchAll(/<(\/?[a-z!][\w-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi)].map(
    ([, name = '', rest = '']) => {
      const attributes = [...rest.matchAll(/([\w:-]+)(?:=(?:"[^"]*"|'[^']*'|[^\s>]*))?/g)].map(
        ([, attribute]) => attribute,
      )
      return [name.toLowerCase(), ...attributes].join(' ')
    },
  )
}

/** Links and form targets that a click or a submission could run. */
function dangerous({ text }: Answer): string[] {
  const targets = [...text.matchAll(/\b(?:href|src|action|formaction|content)="([^"]*)"/gi)].map(
    ([, to = '']) => to,
  )
  return targets.filter((to) => /^\s*(?:javascript|vbscript|data:text)/i.test(to))
}

/** The page is the same with hostile text in it as with harmless text. */
async function expectInert(ask: (text: string) => Promise<Answer>, texts = payloads): Promise<void> {
  const calm = await ask(HARMLESS)
  for (const payload of texts) {
    const answer = await ask(payload)
    expect({ payload, page: structure(answer) }).toEqual({ payload, page: structure(calm) })
    expect(dangerous(answer)).toEqual([])
    for (const [name, value] of Object.entries(answer.headers))
      expect({ name, value: String(value) }).toEqual({
        name,
        value: expect.not.stringMatching(/<script|<img|<svg|onload/i),
      })
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  }
}

describe('hostile text stays text (XS-01, ASVS 1.2.1)', () => {
  const names = [
    'state',
    'nonce',
    'scope',
    'login_hint',
    'ui_locales',
    'claims_locales',
    'acr_values',
    'claims',
    'id_token_hint',
    'display',
    'prompt',
    'max_age',
    'code_challenge',
    'code_challenge_method',
    'response_type',
    'response_mode',
    'resource',
    'client_id',
    'redirect_uri',
    'unknown',
  ]

  test.each(names)('in the parameter %s, on the error page', async (name) => {
    await expectInert((text) =>
      authorize(signedIn.clone(), client, { redirect_uri: 'https://evil.example/', [name]: text }),
    )
  })

  test.each(names)('in the parameter %s, on the error page of an unknown client', async (name) => {
    await expectInert((text) => authorize(createUserAgent(server), { id: 'nobody' }, { [name]: text }))
  })

  test('in the state, in a form posted to the client', async () => {
    await expectInert((state) => askSilently(signedIn, poster, { state, response_mode: 'form_post' }))
    await expectInert((state) =>
      askSilently(signedIn, poster, { state, response_mode: 'form_post', scope: 'openid "' }),
    )
  })

  test('in the parameters of a sign-in, on its first page', async () => {
    await expectInert(async (text) => {
      const params: AuthorizeParams = {
        state: text,
        login_hint: text,
        ui_locales: text,
        acr_values: text,
        unknown: text,
      }
      return (await reach(server, client, null, 'login', { params })).page
    })
  })

  test('in every field of the login form', async () => {
    await expectInert(async (text) => {
      const { agent, page, at } = await reach(server, client, null, 'login')
      return agent.post(`${at}/login`, {
        ...formOf(page).fields,
        email: text,
        password: `${text} ${randomUUID()}`,
      })
    })
  })

  test('in the code of a second factor', async () => {
    const { agent, page, at } = await reach(server, client, await addPerson(server), 'totp')
    const { fields } = formOf(page, /totp$/)
    await expectInert((code) => agent.post(`${at}/totp`, { ...fields, code, email: code }))
    const recovery = formOf(await agent.get(`${at}/recovery-code`), /recovery-code$/)
    await expectInert((code) => agent.post(recovery.action, { ...recovery.fields, code: `${code}-x` }))
  })

  test('in what is decided on the consent page', async () => {
    const { agent, page, at } = await reach(server, client, await addPerson(server), 'consent')
    const { csrf = '' } = formOf(page, /consent$/).fields
    await expectInert((text) => agent.post(`${at}/consent`, { csrf, decision: text, scope: text }))
  })

  test.each(['/', '/interaction/', '/authorize/', '/logout/', '/assets/'])(
    'in an address below %s that leads nowhere',
    async (path) => {
      await expectInert((text) =>
        signedIn.get(`${path}${encodeURIComponent(text)}?q=${encodeURIComponent(text)}`),
      )
    },
  )

  test.each(['state', 'logout_hint', 'ui_locales', 'client_id', 'id_token_hint', 'unknown'])(
    'in the parameter %s of a logout',
    async (name) => {
      await expectInert((text) => signedIn.get(`/logout?${new URLSearchParams({ [name]: text }).toString()}`))
    },
  )

  test('in the post-logout state and address', async () => {
    const { agent, id_token: hint } = await tokensFor(server, client, await addPerson(server))
    await expectInert((text) =>
      agent.get(
        `/logout?${new URLSearchParams({
          id_token_hint: hint,
          post_logout_redirect_uri: 'https://rp.example/signed-out',
          state: text,
        }).toString()}`,
      ),
    )
    await expectInert((text) =>
      agent.get(
        `/logout?${new URLSearchParams({
          id_token_hint: hint,
          post_logout_redirect_uri: `https://rp.example/${text}`,
        }).toString()}`,
      ),
    )
    await expectInert((text) =>
      agent.get(`/logout/success?${new URLSearchParams({ client_id: text }).toString()}`),
    )
  })
})

describe('hostile text that is stored stays text (XS-01, ASVS 3.4.3)', () => {
  /** Fits where a hundred characters without control characters are allowed. */
  const fitting = (text: string) => text.replaceAll(/\p{Cc}/gu, '').slice(0, 95)

  test('the name of an app and the addresses it gives, on every page it is shown on', async () => {
    const person = await addPerson(server)
    for (const step of ['login', 'totp', 'consent'])
      await expectInert(async (text) => {
        const app = await addClient(server, {
          name: fitting(text),
          metadata: {
            client_uri: `https://rp.example/${encodeURI(text)}`,
            policy_uri: `https://rp.example/?${encodeURI(text)}`,
            tos_uri: `https://rp.example/#${encodeURI(text)}`,
            logo_uri: 'https://tracker.example/pixel.gif',
          },
        })
        const { page } = await reach(server, app, person, step)
        expect(page.text).not.toContain('tracker.example')
        return page
      }, worst)
  })

  test('the name of an app, where a dead end leads back to it', async () => {
    await expectInert(async (text) => {
      const app = await addClient(server, { name: fitting(text) })
      const { agent, at } = await reach(server, app, null, 'login')
      await server.database.prisma.interaction.deleteMany({ where: { clientId: app.id } })
      return agent.get(at)
    })
  })

  test('the name of a person, where accounts are chosen', async () => {
    await expectInert(async (text) => {
      const person = await addPerson(server, { name: fitting(text) })
      const { agent } = await signIn(server, client, person)
      return (
        await reach(server, client, person, 'select-account', { params: { prompt: 'select_account' }, agent })
      ).page
    }, worst)
  })

  test('the name of an API and the words for its scopes, on the consent page', async () => {
    const person = await addPerson(server)
    let nth = 0
    await expectInert(async (text) => {
      nth += 1
      const identifier = `https://api${nth}.example/`
      const words = fitting(text)
      await createResourceServer(server.database.prisma, {
        identifier,
        name: words,
        scopes: [
          { name: 'a:b', description: words, optional: true },
          { name: `x:${words.replaceAll(/[^!#-[\]-~]/g, '')}`, description: words, optional: false },
        ],
      })
      const params = { scope: `openid a:b x:${words.replaceAll(/[^!#-[\]-~]/g, '')}`, resource: identifier }
      return (await reach(server, client, person, 'consent', { params })).page
    }, worst)
  })
})

test('the words of an operator for scopes and claims, in every language, are text on the page (XS-01)', async () => {
  const person = await addPerson(server)
  const app = await addClient(server)
  let nth = 0
  for (const ui_locales of ['en', 'de'])
    await expectInert(async (text) => {
      nth += 1
      const words = { title: text.slice(0, 100), description: text.slice(0, 200) }
      for (const language of ['default', 'de']) {
        await putScopeWords(server.database.prisma, { kind: 'scope', name: 'email', language, ...words })
        await putScopeWords(server.database.prisma, { kind: 'claim', name: 'name', language, ...words })
      }
      const identifier = `https://worded${nth}.example/`
      await server.database.prisma.resourceServer.create({
        data: {
          ...{ identifier, name: words.title },
          scopes: [
            { name: 'a:b', description: words.title, descriptions: { de: words.title }, optional: true },
          ],
        },
      })
      const params = {
        ...{ scope: 'openid email a:b', resource: identifier, ui_locales },
        claims: '{"userinfo":{"name":null}}',
      }
      return (await reach(server, app, person, 'consent', { params })).page
    }, worst)
  await server.database.prisma.scopeWords.deleteMany()
})

test('an address for a logo is never a source on a page, whatever it is (XS-01, AZ-13)', async () => {
  const person = await addPerson(server)
  for (const payload of payloads) {
    const app = await addClient(server, {
      metadata: { logo_uri: `https://tracker.example/${encodeURI(payload)}` },
    })
    // As if somebody had got at the table.
    await server.database.prisma.clientLogo.update({
      where: { clientId: app.id },
      data: { digest: '"><script>alert(1)</script>', type: 'text/html', body: Buffer.from(payload) },
    })
    const { page } = await reach(server, app, person, 'login')
    expect(page.text).not.toMatch(/tracker\.example|<script>/)
    const served = await server.ask(`/logos/${app.id}/${encodeURIComponent('"><script>alert(1)</script>')}`)
    expect(served.status).toBe(404)
  }
})

test('programs are told in JSON, which no browser takes for a page (XS-01, TK-02)', async () => {
  for (const payload of payloads)
    for (const path of ['/token', '/introspect', '/revoke', '/userinfo']) {
      const form = {
        grant_type: payload,
        code: payload,
        token: payload,
        scope: payload,
        redirect_uri: payload,
      }
      const headers = { ...basic(client.id, client.secret), accept: 'text/html' }
      const answer = await server.ask(path, { body: form, headers: path === '/userinfo' ? {} : headers })
      const type = answer.headers['content-type'] ?? ''
      expect({ path, type, nosniff: answer.headers['x-content-type-options'] }).toEqual({
        path,
        type: answer.text === '' ? type : expect.stringMatching(/^application\/json/),
        nosniff: 'nosniff',
      })
      expect(answer.text).not.toMatch(/<script|<img|<svg/i)
      expect(answer.headers['www-authenticate'] ?? '').not.toMatch(/<script|<img|<svg/i)
    }
})
