import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic, bearer } from '../support/http-client.ts'
import type { Answer, Ask } from '../support/http-client.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { digestOf, introspect, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
let web: Client
let person: Person
let token: string
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  person = await addPerson(server)
  await addApi(server)
  token = (await tokensFor(server, web, person, { scope: 'openid email profile' })).access_token
})
afterAll(() => server.stop())

/** The challenge of an answer, as scheme and parameters. */
function challenge({ headers }: Answer): {
  scheme: string | undefined
  [parameter: string]: string | undefined
} {
  const [, scheme, rest = ''] = /^(\S+) ?(.*)$/.exec(headers['www-authenticate'] ?? '') ?? []
  const parameters = [...rest.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = '', value]) => [name, value] as const,
  )
  return { scheme, ...Object.fromEntries(parameters) }
}

describe('userinfo', () => {
  test.each<[string, Ask]>([
    ['in the header', {}],
    ['in the form of a POST', { method: 'POST' }],
  ])('takes the token %s (BE-01, RFC 6750 §2.1-2.2)', async (_, { method }) => {
    const answer = method
      ? await server.ask('/userinfo', { body: { access_token: token } })
      : await server.ask('/userinfo', { headers: { authorization: `bearer ${token}` } })
    expect([answer.status, answer.json()['sub']]).toEqual([200, person.id])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('without a token says 401 and how to ask, and blames no token (BE-01, RFC 6750 §3.1)', async () => {
    const answer = await server.ask('/userinfo')
    expect([answer.status, challenge(answer)]).toEqual([401, { scheme: 'Bearer', realm: server.issuer }])
  })

  test.each(['x', 'x'.repeat(43), 'null', '__proto__', 'a.b.c'])(
    'with the token "%s" says 401 invalid_token (BE-01, RFC 6750 §3.1)',
    async (junk) => {
      const answer = await userinfo(server, junk)
      expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_token'])
      expect(challenge(answer)).toMatchObject({ scheme: 'Bearer', error: 'invalid_token' })
    },
  )

  test('with a token without openid says 403 insufficient_scope, and which is missing (BE-01, RFC 6750 §3.1)', async () => {
    const resource = 'https://api.example/'
    const signedIn = await signIn(server, web, person, { scope: 'orders:read', resource, nonce: undefined })
    const { access_token: forApi } = (await redeem(server, web, signedIn, { resource })).json<Tokens>()
    const answer = await userinfo(server, forApi)
    expect([answer.status, answer.json()['error']]).toEqual([403, 'insufficient_scope'])
    expect(challenge(answer)).toMatchObject({
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: 'openid',
    })
  })

  test.each<[string, (token: string) => [string, Ask]]>([
    ['in the query', (it) => [`/userinfo?access_token=${it}`, {}]],
    ['in the query of a POST', (it) => [`/userinfo?access_token=${it}`, { method: 'POST' }]],
    ['in the query and the header', (it) => [`/userinfo?access_token=${it}`, { headers: bearer(it) }]],
    [
      'in the header and the form',
      (it) => ['/userinfo', { headers: bearer(it), body: { access_token: it } }],
    ],
    [
      'twice in the form',
      (it) => [
        '/userinfo',
        {
          body: new URLSearchParams([
            ['access_token', it],
            ['access_token', it],
          ]),
        },
      ],
    ],
    ['as Basic credentials', (it) => ['/userinfo', { headers: basic(it, '') }]],
    ['as a DPoP token', (it) => ['/userinfo', { headers: { authorization: `DPoP ${it}` } }]],
    ['with more behind it', (it) => ['/userinfo', { headers: { authorization: `Bearer ${it} ${it}` } }]],
    ['without its scheme', (it) => ['/userinfo', { headers: { authorization: it } }]],
    [
      'as JSON',
      (it) => [
        '/userinfo',
        { body: JSON.stringify({ access_token: it }), headers: { 'content-type': 'application/json' } },
      ],
    ],
  ])(
    'refuses a good token %s: 400 or 401, and nothing about the person (BE-02, RFC 6750 §2.3, OAuth 2.1 §5.1)',
    async (_, build) => {
      const [path, ask] = build(token)
      const answer = await server.ask(path, ask)
      expect([400, 401]).toContain(answer.status)
      expect(answer.text).not.toContain(person.id)
    },
  )
})

describe('userinfo tells', () => {
  test('the subject of the ID token, and claims by the scopes that were granted (UI-01, Core §5.3.2, §5.4)', async () => {
    // How they signed in is told with whatever is told (RFC 9470 section 6).
    const always = ['acr', 'amr', 'auth_time', 'sub']
    const expected: [string, string[]][] = [
      ['openid', []],
      ['openid email', ['email', 'email_verified']],
      ['openid profile', ['name', 'updated_at']],
      ['openid email profile', ['email', 'email_verified', 'name', 'updated_at']],
    ]
    for (const [scope, names] of expected) {
      const tokens = await tokensFor(server, await addClient(server), person, { scope })
      const claims = (await userinfo(server, tokens.access_token)).json()
      expect([scope, Object.keys(claims).toSorted()]).toEqual([scope, [...always, ...names].toSorted()])
      const subject = JSON.parse(
        Buffer.from(tokens.id_token.split('.')[1] ?? '', 'base64url').toString(),
      ) as { sub: string }
      expect(claims['sub']).toBe(subject.sub)
    }
  })

  test('single claims that were asked for and consented to, without their scope (UI-01, Core §5.5)', async () => {
    const claims = JSON.stringify({ userinfo: { email: null } })
    const tokens = await tokensFor(server, await addClient(server), person, { claims })
    const { acr, amr, auth_time: at, ...told } = (await userinfo(server, tokens.access_token)).json()
    expect(told).toEqual({ sub: person.id, email: person.email })
    expect([acr, amr, typeof at]).toEqual(['urn:cardea:acr:mfa', ['pwd', 'otp', 'mfa'], 'number'])
  })

  test('what is true now, not what was when the token was issued (UI-01)', async () => {
    const other = await addPerson(server)
    const tokens = await tokensFor(server, web, other, { scope: 'openid profile' })
    await server.database.prisma.user.update({ where: { id: other.id }, data: { name: 'New Name' } })
    expect((await userinfo(server, tokens.access_token)).json()).toMatchObject({ name: 'New Name' })
  })
})

test.each([0, 1, 3])(
  'a token %i s past its end is refused at userinfo in the same second as introspection calls it inactive (UI-01)',
  async (seconds) => {
    const tokens = await tokensFor(server, web, person)
    await server.database.pool.query(
      `UPDATE tokens SET expires_at = now() - make_interval(secs => $2) WHERE digest = $1`,
      [digestOf(tokens.access_token), seconds],
    )
    expect((await introspect(server, web, tokens.access_token)).text).toBe('{"active":false}')
    expect((await userinfo(server, tokens.access_token)).status).toBe(401)
  },
)
