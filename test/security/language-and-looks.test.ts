import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { deleteClient, EVERYBODY, saveTheme, saveThemeLogo } from '../../src/clients/index.ts'
import type { StoredClient } from '../../src/clients/index.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const ONE_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let server: TestServer
let client: StoredClient
let person: Person
beforeAll(async () => {
  server = await startTestServer({
    instances: 2,
    env: { CARDEA_NAME: 'Haus Dreieich', CARDEA_TOTP_POLICY: 'optional' },
  })
  client = await addClient(server)
  person = await addPerson(server, { totp: false })
})
afterAll(() => server.stop())

/** The first page of a sign-in, in whatever language. */
async function loginPage(agent: UserAgent, params = {}, headers = {}) {
  const started = await agent.get(authorizeUrl(client, pkce().challenge, params), { headers })
  const page = await agent.get(started.location ?? '', { headers })
  return { page, path: started.location?.replace(server.issuer, '') ?? '' }
}
const langOf = (text: string) => /<html lang="([^"]*)" dir="([^"]*)">/.exec(text)?.slice(1)

describe('the language of a sign-in', () => {
  test.each([
    [{}, {}, 'en'],
    [{}, { 'accept-language': 'en; q=0.7, de' }, 'de'],
    [{ ui_locales: 'de fr' }, { 'accept-language': 'en' }, 'de'],
    [{ ui_locales: 'tlh' }, { 'accept-language': 'de-AT' }, 'de'],
    [{}, { 'accept-language': 'x'.repeat(10_000) }, 'en'],
    [{}, { 'accept-language': '"><script>alert(1)</script>,de;q=0.1' }, 'de'],
    [{ ui_locales: '"><script>alert(1)</script>' }, {}, 'en'],
    [{}, { cookie: 'cardea_language=de.0' }, 'de'],
    [{}, { cookie: 'cardea_language="><script>.9' }, 'en'],
  ])('%j with %j is %s (XS-01)', async (params, headers, language) => {
    // A cookie header of its own is that of a new browser.
    const agent = createUserAgent(server)
    const { page } = await loginPage(agent, params, 'cookie' in headers ? {} : headers)
    const shown =
      'cookie' in headers
        ? await server.ask('/nowhere', { headers: { ...headers, accept: 'text/html' } })
        : page
    expect(langOf(shown.text)).toEqual([language, 'ltr'])
    expect(shown.headers['content-language']).toBe(language)
    expect(shown.headers.vary).toMatch(/Accept-Language/)
    expect(shown.text).not.toMatch(/<script>|alert\(1\)/)
  })

  test('is announced in discovery (OIDC Discovery §3)', async () => {
    const found = (await server.ask('/.well-known/openid-configuration')).json<{
      ui_locales_supported: string[]
    }>()
    expect(found.ui_locales_supported).toEqual(['en', 'de', 'fr', 'es', 'pt', 'ja', 'ar'])
  })

  test('is the one picked in the foot, even against the app’s wish, and comes back to the page', async () => {
    const agent = createUserAgent(server)
    const { page, path } = await loginPage(agent, { ui_locales: 'en' })
    const { action, fields } = formOf(page, /^\/language$/)
    const picked = await agent.post(action, { ...fields, language: 'ar' })
    expect([picked.status, picked.location]).toEqual([303, path])
    expect(langOf((await agent.get(path)).text)).toEqual(['ar', 'rtl'])
  })

  test('picked on the way in is in the account afterwards, and outweighs another browser’s', async () => {
    const agent = createUserAgent(server)
    const { page } = await loginPage(agent)
    const { action, fields } = formOf(page, /^\/language$/)
    const picked = await agent.post(action, { ...fields, language: 'de' })
    await walk(server, agent, picked.location ?? '', person)
    const user = await server.database.prisma.user.findUniqueOrThrow({ where: { id: person.id } })
    expect(user.locale).toBe('de')
  })

  test('picked while signed in is in the account at once', async () => {
    const agent = createUserAgent(server)
    const other = await addPerson(server, { totp: false })
    await walk(server, agent, authorizeUrl(client, pkce().challenge), other)
    await agent.post('/language', { language: 'fr', here: '/nowhere' })
    const user = await server.database.prisma.user.findUniqueOrThrow({ where: { id: other.id } })
    expect(user.locale).toBe('fr')
  })
})

describe('POST /language', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/a\r\nSet-Cookie: x=y',
    '/..//evil.example',
    '',
    `/${'a'.repeat(5000)}`,
  ])('never leads away from here: %j (AZ-10)', async (here) => {
    const answer = await createUserAgent(server).post('/language', { language: 'de', here })
    expect([answer.status, answer.location]).toEqual([303, '/account'])
  })

  test('leads back to an address of ours with its query', async () => {
    const answer = await createUserAgent(server).post('/language', {
      language: 'de',
      here: '/device?user_code=A%20B',
    })
    expect(answer.location).toBe('/device?user_code=A%20B')
  })

  test.each(['xx', '', '__proto__', 'de; Path=/', 'EN'])('refuses the language %j', async (language) => {
    const answer = await createUserAgent(server).post('/language', { language, here: '/' })
    expect(answer.status).toBe(400)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('refuses a form of another site (SE-06)', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const answer = await createUserAgent(server).post('/language', { language: 'de', here: '/' }, { headers })
    expect(answer.status).toBe(403)
  })

  test('sets a cookie that scripts cannot read and that says nothing else', async () => {
    const answer = await createUserAgent(server).post('/language', { language: 'de', here: '/' })
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^cardea_language=de\.\d{10}; path=\/; expires=[^;]+; samesite=lax; httponly$/i,
    )
  })
})

/** Pages follow a change within seconds; until then the last look is kept. */
async function eventually<T>(look: () => Promise<T>, fits: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const seen = await look()
    if (fits(seen) || tries > 60) return seen
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

describe('the looks of pages', () => {
  const page = (instance: number) =>
    (server.instances[instance] ?? server).ask('/nowhere', { headers: { accept: 'text/html' } })

  test('are the configured name, where nothing else is set', async () => {
    expect((await page(0)).text).toContain('<span>Haus Dreieich</span>')
  })

  test('are a stylesheet under its digest, under the same policy, on every instance', async () => {
    await server.database.transaction((tx) =>
      saveTheme(tx, EVERYBODY, {
        ...{ name: '„Öl & Korn“', radius: 2 },
        colours: { light: { accent: '#1d4ed8' }, dark: { accent: '#93c5fd' } },
        links: { imprint: 'https://example.com/imprint?a="b"' },
      }),
    )
    const seen = await eventually(
      () => page(1),
      ({ text }) => text.includes('Korn'),
    )
    expect(seen.text).toContain('<span>„Öl &amp; Korn“</span>')
    expect(seen.text).toContain('href="https://example.com/imprint?a=%22b%22"')
    expect(seen.headers['content-security-policy']).not.toContain('unsafe')
    const href = /href="(\/themes\/_\/[0-9a-f]{32}\.css)"/.exec(seen.text)?.[1] ?? ''
    for (const instance of server.instances) {
      const sheet = await instance.ask(href)
      expect(sheet.status).toBe(200)
      expect(sheet.headers['content-type']).toBe('text/css; charset=utf-8')
      expect(sheet.headers['cache-control']).toBe('public, max-age=31536000, immutable')
      expect(sheet.headers['content-security-policy']).toContain('sandbox')
      expect(sheet.text).toContain('--brand-accent:#1d4ed8')
    }
    // An older look is not kept under its address.
    const old = await server.ask(href.replace(/[0-9a-f]{32}/, '0'.repeat(32)))
    expect([old.status, old.headers['cache-control']]).toEqual([200, 'no-store'])
  })

  test('of one client lie on top, on its pages alone', async () => {
    await server.database.transaction(async (tx) => {
      await saveTheme(tx, client.id, { name: 'Shop', colours: { light: { accent: '#9d174d' } } })
      await saveThemeLogo(tx, client.id, ONE_PIXEL)
    })
    const themed = await eventually(
      async () => (await loginPage(createUserAgent(server))).page,
      ({ text }) => text.includes('<span>Shop</span>'),
    )
    const sheet = /href="(\/themes\/[\w-]+\/[0-9a-f]{32}\.css)"/.exec(themed.text)?.[1] ?? ''
    const css = (await server.ask(sheet)).text
    expect(css).toContain('--brand-accent:#9d174d')
    expect(css).toContain('--brand-accent:#93c5fd')
    expect(css).toContain('--brand-radius:0.125rem')
    const logo = /src="(\/themes\/[\w-]+\/[0-9a-f]{32}\.png)"/.exec(themed.text)?.[1] ?? ''
    const picture = await server.ask(logo)
    expect([picture.status, picture.headers['content-type']]).toEqual([200, 'image/png'])
    expect(picture.headers['x-content-type-options']).toBe('nosniff')
    expect((await page(0)).text).not.toContain('<span>Shop</span>')
  })

  test.each([
    '/themes/_/../../etc/passwd',
    '/themes/_/x.css',
    `/themes/%00/${'0'.repeat(32)}.css`,
    `/themes/${Buffer.from('nobody').toString('base64url')}/${'0'.repeat(32)}.png`,
    `/themes/_/${'0'.repeat(32)}.svg`,
  ])('are found under their own addresses alone: %s', async (path) => {
    expect([400, 404]).toContain((await server.ask(path)).status)
  })

  test('that people could not read are refused, those of clients on top included', async () => {
    const grey = await server.database.transaction((tx) =>
      saveTheme(tx, EVERYBODY, { colours: { light: { text: '#999999' } } }),
    )
    expect(grey).toMatchObject({ ok: false, reason: 'contrast' })
    // The client's accent is dark; on a dark surface for everybody it would vanish.
    const dark = await server.database.transaction((tx) =>
      saveTheme(tx, EVERYBODY, {
        colours: { light: { surface: '#101010', background: '#000000', text: '#ffffff', accent: '#93c5fd' } },
      }),
    )
    expect(dark).toMatchObject({ ok: false, reason: 'contrast' })
    if (!dark.ok && dark.reason === 'contrast')
      expect(new Set(dark.faults.map(({ clientId }) => clientId))).toEqual(new Set([client.id]))
  })

  test.each([
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 'svg'],
    ['a page', Buffer.from('<html><script>alert(1)</script>'), 'not_an_image'],
    [
      'a picture with a page behind it that is too large',
      Buffer.concat([ONE_PIXEL, Buffer.alloc(50_000)]),
      'too_large',
    ],
    ['a bomb', bomb(), 'too_many_pixels'],
  ])('have no logo that is %s (XS-01)', async (_, bytes, reason) => {
    const saved = await server.database.transaction((tx) => saveThemeLogo(tx, EVERYBODY, bytes))
    expect(saved).toEqual({ ok: false, reason })
  })

  test('go with their client: whoever registers under its id next looks like everybody', async () => {
    const themes = () => server.database.prisma.theme.count({ where: { clientId: client.id } })
    expect(await themes()).toBe(1)
    await deleteClient(server.database.prisma, client.id)
    expect(await themes()).toBe(0)
  })
})

function bomb(): Buffer {
  const bytes = Buffer.from(ONE_PIXEL)
  bytes.writeUInt32BE(60_000, 16)
  bytes.writeUInt32BE(60_000, 20)
  return bytes
}
