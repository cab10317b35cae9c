import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { putScopeWords } from '../../src/clients/index.ts'
import { forgetConsents, listConsentReceipts, revoke } from '../../src/oidc/index.ts'
import { askSilently, claimsOf, reach } from '../support/authorize.ts'
import { addDeviceApp, connect, poll, startDevice } from '../support/device.ts'
import type { Answer } from '../support/http-client.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, inputs, pkce, redeem, refresh, signIn, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams, Tokens } from '../support/sign-in.ts'
import { atOnce, userinfo } from '../support/tokens.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const API = 'https://api.example/'
let server: TestServer
let person: Person
let agent: UserAgent
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  person = await addPerson(server)
  await addApi(server)
  const own = await addClient(server, { firstParty: true })
  ;({ agent } = await signIn(server, own, person))
})
afterAll(() => server.stop())

const app = () => addClient(server, { name: 'Photo printer' })
type App = Awaited<ReturnType<typeof app>>

/** What an app gets when its user answers the page with these ticks: scope, ID token, userinfo. */
async function given(client: App, params: AuthorizeParams, ticked?: string[]) {
  const options = { agent, ...(ticked && { ticked }) }
  const session = await signIn(server, client, person, params, options)
  const tokens = (await redeem(server, client, session)).json<Tokens>()
  return {
    tokens,
    scope: tokens.scope.split(' ').toSorted(),
    idToken: Object.keys(claimsOf(tokens.id_token)),
    userinfo: Object.keys((await userinfo(server, tokens.access_token)).json()),
  }
}

const both = (name: string, request: unknown = null) =>
  JSON.stringify({ userinfo: { [name]: request }, id_token: { [name]: request } })
const checked = (page: Answer, value: string): boolean =>
  new RegExp(`<input type="checkbox" name="\\w+" value="${value}" checked>`).test(page.text)
const newOnes = (page: Answer): number => page.text.match(/class="badge"/g)?.length ?? 0

describe('claims asked for by name (AZ-21, OIDC Core §5.5)', () => {
  test('are on the page, with whether the app says that it needs them, and in the tokens when allowed', async () => {
    const client = await app()
    const claims = JSON.stringify({ id_token: { name: { essential: true }, email: null } })
    const { page } = await reach(server, client, person, 'consent', { params: { claims }, agent })
    expect(inputs(page, 'scope')).toEqual(['openid', 'claim:name', 'claim:email'])
    expect(page.text.match(/The app says that it needs this/g)).toHaveLength(1)
    expect(page.text.match(/The app can do without this/g)).toHaveLength(1)
    const all = await given(client, { claims })
    expect(all.idToken).toEqual(expect.arrayContaining(['name', 'email']))
  })

  test('that are unticked are in no token, however much the app says that it needs them', async () => {
    const client = await app()
    const claims = both('email', { essential: true })
    const none = await given(client, { claims }, ['openid'])
    expect([none.idToken, none.userinfo].flat()).not.toContain('email')
    expect(told(await askSilently(agent, client, { claims }))['code']).toBeDefined()
    const later = await given(client, { claims })
    expect([later.idToken, later.userinfo].flat()).not.toContain('email')
  })

  test('have no line beside a scope that asks for them too, and go with it', async () => {
    const client = await app()
    const params = { scope: 'openid email', claims: both('email') }
    const { page } = await reach(server, client, person, 'consent', { params, agent })
    expect(inputs(page, 'scope')).toEqual(['openid', 'email'])
    const none = await given(client, params, ['openid', 'claim:email'])
    expect([none.idToken, none.userinfo].flat()).not.toContain('email')
    const again = await given(client, { ...params, prompt: 'consent' }, ['openid', 'email'])
    expect(again.idToken).toContain('email')
    expect(again.userinfo).toEqual(expect.arrayContaining(['email', 'email_verified']))
  })

  test('that were refused by name come with their scope when that is allowed later', async () => {
    const client = await app()
    await given(client, { claims: both('email') }, ['openid'])
    const scope = await given(client, { scope: 'openid email' }, ['openid', 'email'])
    expect(scope.userinfo).toContain('email')
  })

  test('that this server has not are not asked about, and the page stands whatever the parameter says', async () => {
    const client = await app()
    for (const claims of [
      '{"userinfo":{"iban":{"essential":true}}}',
      '{"userinfo":{}}',
      '{"id_token":{"acr":null,"sub":{"essential":true}}}',
    ]) {
      const { page } = await reach(server, client, person, 'consent', { params: { claims }, agent })
      expect(inputs(page, 'scope')).toEqual(['openid'])
    }
  })
})

describe('what was decided before (AZ-21)', () => {
  test('what is new comes first and is marked; what was allowed is folded away; what was refused is unticked and says so', async () => {
    const client = await app()
    const scope = 'openid profile'
    await given(client, { scope: `${scope} email` }, ['openid', 'profile'])
    const params = { scope: `${scope} email orders:read`, resource: API }
    const { page } = await reach(server, client, person, 'consent', { params, agent })
    expect(newOnes(page)).toBe(1)
    expect(page.text).toMatch(/See your orders<\/bdi> <span class="badge">New/)
    expect(page.text.match(/You said no to this before/g)).toHaveLength(1)
    expect([checked(page, 'email'), checked(page, `${API} orders:read`)]).toEqual([false, true])
    const fold = page.text.indexOf('<details class="known">')
    const folded = page.text.slice(fold, page.text.indexOf('</details>', fold))
    expect(folded).toContain('2 things you allowed before')
    expect([folded.includes('value="profile"'), folded.includes('value="email"')]).toEqual([true, false])
    expect(page.text.indexOf('See your orders')).toBeLessThan(fold)
  })

  test('of what is folded away the rest can still be unticked, and then is not given any more', async () => {
    const client = await app()
    const first = await given(client, { scope: 'openid profile email' })
    expect(first.scope).toEqual(['email', 'openid', 'profile'])
    const less = await given(client, { scope: 'openid profile email', prompt: 'consent' }, [
      'openid',
      'email',
    ])
    expect(less.scope).toEqual(['email', 'openid'])
    const renewed = (await refresh(server, client, first.tokens.refresh_token)).json<Tokens>()
    expect((await userinfo(server, renewed.access_token)).json()).not.toHaveProperty('name')
  })

  test('a page on which nothing is new says so, and shows all of it open', async () => {
    const client = await app()
    await given(client, { scope: 'openid email' })
    const params = { scope: 'openid email', prompt: 'consent' }
    const { page } = await reach(server, client, person, 'consent', { params, agent })
    expect(page.text).toContain('Nothing is new')
    expect([page.text.includes('<details class="known" open>'), newOnes(page)]).toEqual([true, 0])
  })

  test('staying connected can be refused, and stays refused (OIDC Core §11)', async () => {
    const client = await app()
    const params = { scope: 'openid offline_access', prompt: 'consent' }
    const { scope } = await given(client, params, ['openid'])
    expect(scope).toEqual(['openid'])
    const { page } = await reach(server, client, person, 'consent', { params, agent })
    expect(checked(page, 'offline_access')).toBe(false)
    expect((await given(client, params)).scope).toEqual(['offline_access', 'openid'])
  })

  test('is forgotten when it is withdrawn: everything ends, and everything is asked again', async () => {
    const client = await app()
    const { tokens } = await given(client, { scope: 'openid email' })
    await server.database.transaction(async (tx) => {
      const of = { userId: person.id, clientId: client.id }
      await revoke(tx, of, { reason: 'withdrawn_by_user', ip: '127.0.0.1' })
      expect(await forgetConsents(tx, of)).toBe(1)
    })
    expect((await userinfo(server, tokens.access_token)).status).toBe(401)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
    const { page } = await reach(server, client, person, 'consent', {
      ...{ params: { scope: 'openid email' }, agent: agent.clone() },
    })
    expect(page.text).toContain('to use your account?')
    expect([newOnes(page), page.text.includes('class="known"')]).toEqual([0, false])
    const [receipt] = await listConsentReceipts(server.database.prisma, {
      ...{ userId: person.id, clientId: client.id },
    })
    expect(receipt?.withdrawnAt).toBeInstanceOf(Date)
    // Signed in anew after the cut, as the client must be.
    ;({ agent } = await signIn(server, client, person, {}, { agent: agent.clone() }))
  })

  test('of two decisions at once neither is lost, in either order (FT-14)', async () => {
    for (let round = 0; round < 3; round += 1) {
      const client = await app()
      const pages = await Promise.all(
        ['email', 'profile'].map((scope) =>
          reach(server, client, person, 'consent', {
            params: { scope: `openid ${scope}` },
            agent: agent.clone(),
          }),
        ),
      )
      const answers = await atOnce(server, pages.length, (_, nth) => {
        const at = pages[nth]
        if (!at) throw new Error('no such page')
        const { action, fields } = formOf(at.page, /consent$/)
        const body = new URLSearchParams({ csrf: fields['csrf'] ?? '', decision: 'allow' })
        for (const scope of inputs(at.page, 'scope')) body.append('scope', scope)
        return at.agent.post(action, body)
      })
      expect(answers.map(({ status }) => status)).toEqual([303, 303])
      const of = { userId: person.id, clientId: client.id }
      const { decision } = await server.database.prisma.consent.findUniqueOrThrow({
        where: { userId_clientId: of },
      })
      const { granted } = decision as { granted: { openid: string[] } }
      expect(granted.openid.toSorted()).toEqual(['email', 'openid', 'profile'])
      expect(await listConsentReceipts(server.database.prisma, of)).toHaveLength(2)
    }
  })
})

describe('the page says', () => {
  test('who runs the app, and whether the operator knows them', async () => {
    const metadata = { client_uri: 'https://photos.example/', policy_uri: 'https://photos.example/privacy' }
    const [known, unknown] = [
      await addClient(server, { verified: true, metadata }),
      await addClient(server, { metadata }),
    ]
    const page = async (client: App) =>
      (await reach(server, client, person, 'consent', { agent: agent.clone() })).page.text
    expect(await page(known)).toContain('knows who runs this app')
    const strange = await page(unknown)
    expect(strange).toContain('has not checked who runs this app')
    for (const told of ['photos.example', 'https://photos.example/privacy', 'rp.example'])
      expect(strange).toContain(told)
  })

  test('scopes, claims and scopes of APIs in the words and the language of the operator, else in ours, else by name', async () => {
    const api = 'https://worded.example/'
    const { prisma } = server.database
    await prisma.resourceServer.create({
      data: {
        ...{ identifier: api, name: 'Worded' },
        scopes: [
          { name: 'w:a', description: 'Anything', descriptions: { de: 'Irgendetwas' }, optional: true },
          { name: 'w:b', description: 'Anything else', optional: true },
        ],
      },
    })
    const word = (name: string, language: string, title: string) =>
      putScopeWords(prisma, { kind: 'scope', name, language, title, description: `${title}.` })
    await word('email', 'default', 'Work address')
    await word('email', 'de', 'Dienstadresse')
    await putScopeWords(prisma, {
      ...{ kind: 'claim', name: 'name', language: 'de', title: 'Rufname', description: 'Rufname.' },
    })
    const client = await app()
    const text = async (language: string) => {
      const params = {
        ...{ scope: 'openid email w:a w:b', resource: api, ui_locales: language },
        claims: both('name'),
      }
      return (await reach(server, client, person, 'consent', { params, agent: agent.clone() })).page.text
    }
    const german = await text('de')
    for (const words of ['Dienstadresse', 'Rufname', 'Irgendetwas', 'Anything else', 'Sie wiedererkennen'])
      expect(german).toContain(words)
    const english = await text('en')
    for (const words of ['Work address', 'Your name', 'Anything', 'Know that it is you'])
      expect(english).toContain(words)
    expect(await text('fr')).toContain('Work address')
    await prisma.scopeWords.deleteMany()
    expect(await text('en')).toContain('Your email address')
  })
})

describe('for a device (RFC 8628 §5.4)', () => {
  test('the same is asked line by line, what is unticked is not given, and the receipt is kept', async () => {
    const tv = await addDeviceApp(server)
    const started = await startDevice(server, tv, { scope: 'openid profile email' })
    await connect(server, started, person, { ticked: ['openid', 'profile'] })
    const tokens = (await poll(server, tv, started)).json<Tokens>()
    expect(tokens.scope.split(' ').toSorted()).toEqual(['openid', 'profile'])
    expect((await userinfo(server, tokens.access_token)).json()).not.toHaveProperty('email')
    const [receipt] = await listConsentReceipts(server.database.prisma, {
      ...{ userId: person.id, clientId: tv.id },
    })
    expect(receipt).toMatchObject({
      client: { name: 'Acme TV', verified: false },
      granted: [{ name: 'openid' }, { name: 'profile', title: 'Your name' }],
      refused: [{ name: 'email' }],
    })
  })
})

test('a form sent twice decides once (AZ-21, FT-14)', async () => {
  const client = await app()
  const begun = authorizeUrl(client, pkce().challenge, { scope: 'openid email' })
  const page = await walk(server, agent, begun, null)
  const { action, fields } = formOf(page, /consent$/)
  const body = new URLSearchParams({ csrf: fields['csrf'] ?? '', decision: 'allow', scope: 'openid' })
  const copies = [agent.clone(), agent.clone(), agent.clone()]
  const answers = await atOnce(server, copies.length, (_, nth) => (copies[nth] ?? agent).post(action, body))
  for (const { status } of answers) expect([303, 410, 404, 400]).toContain(status)
  const grants = await server.database.prisma.grant.count({ where: { clientId: client.id } })
  expect(grants).toBeLessThanOrEqual(answers.length)
  const consents = await server.database.prisma.consent.findMany({ where: { clientId: client.id } })
  expect(consents).toHaveLength(1)
})
