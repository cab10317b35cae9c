import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ADMIN_API } from '../../src/clients/index.ts'
import { askSilently } from '../support/authorize.ts'
import { adminTokenFor, GLOBAL_REVOCATION, startRevocationStage } from '../support/global-revocation.ts'
import { bearer } from '../support/http-client.ts'
import { addClient, addPerson, machineClient } from '../support/people.ts'
import { isActive, redeem, refresh, signIn, tokensFor, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import type { TestServer } from '../support/server.ts'

type App = Awaited<ReturnType<typeof addClient>>

const json = { 'content-type': 'application/json' }
let stage: Awaited<ReturnType<typeof startRevocationStage>>
let server: TestServer
let app: App
let tool: App
let token: string
beforeAll(async () => {
  stage = await startRevocationStage()
  ;({ server, app, tool, token } = stage)
})
afterAll(() => server.stop())
beforeEach(() => stage.ready())

test('the endpoint is announced, with the ways to call it (draft-parecki-oauth-global-token-revocation-06 §6)', async () => {
  const metadata = (await server.ask('/.well-known/oauth-authorization-server')).json()
  const endpoint = 'global_token_revocation_endpoint'
  expect(metadata[endpoint]).toBe(`${server.issuer}${GLOBAL_REVOCATION}`)
  expect(metadata[`${endpoint}_auth_methods_supported`]).toEqual(['private_key_jwt', 'Bearer'])
})

describe('a caller with the right', () => {
  test.each<[string, () => Record<string, string>]>([
    ['email', () => ({ format: 'email', email: stage.person.email })],
    ['email in another spelling', () => ({ format: 'email', email: ` ${stage.person.email.toUpperCase()}` })],
    ['iss_sub', () => ({ format: 'iss_sub', iss: server.issuer, sub: stage.person.id })],
    ['opaque', () => ({ format: 'opaque', id: stage.person.id })],
  ])(
    'ends everything of the user it names by %s (draft-parecki-oauth-global-token-revocation-06 §3.2, RFC 9493 §3.2)',
    async (_format, subject) => {
      const other = await addPerson(server)
      const others = await tokensFor(server, app, other)
      const answer = await stage.ask({ sub_id: subject() })
      expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([204, '', 'no-store'])
      expect(await stage.stillIn()).toBe(false)
      expect(await isActive(server, app, others.access_token)).toBe(true)
    },
  )

  test('finds every door shut on every instance from the 204 on (§3.3)', async () => {
    const pending = await signIn(
      server,
      app,
      stage.person,
      { prompt: 'none' },
      { agent: stage.signedIn.agent },
    )
    expect((await stage.ask(stage.byId())).status).toBe(204)
    for (const instance of server.instances) {
      expect(await isActive(instance, app, stage.signedIn.access_token)).toBe(false)
      expect(await isActive(instance, app, stage.signedIn.refresh_token)).toBe(false)
      expect((await instance.ask('/userinfo', { headers: bearer(stage.signedIn.access_token) })).status).toBe(
        401,
      )
      expect((await refresh(instance, app, stage.signedIn.refresh_token)).json()['error']).toBe(
        'invalid_grant',
      )
      expect((await redeem(instance, app, pending)).json()['error']).toBe('invalid_grant')
      expect(told(await askSilently(stage.signedIn.agent, app))['error']).toBe('login_required')
    }
    const again = await tokensFor(server, app, stage.person)
    expect(await isActive(server, app, again.access_token)).toBe(true)
  })

  test('may say it again, and of a user who is disabled, and keeps its own access (§3.4.1)', async () => {
    await server.database.prisma.user.update({
      where: { id: stage.person.id },
      data: { disabledAt: new Date() },
    })
    for (let round = 0; round < 2; round += 1) expect((await stage.ask(stage.byId())).status).toBe(204)
    expect((await stage.ask(stage.byId())).status).toBe(204)
  })

  test('is told apart in the receipt and the audit (§7.2)', async () => {
    await stage.ask(stage.byId())
    const [row] = await server.database.prisma.revocation.findMany({
      orderBy: { createdAt: 'desc' },
      take: 1,
    })
    expect(row).toMatchObject({
      ...{ state: 'completed', reason: 'global_token_revocation', selector: { user_id: stage.person.id } },
      actor: { via: 'security_tool', clientId: tool.id, token: expect.stringMatching(/^tok_/) },
      counts: { sessions: 1, grants: 1, refresh_tokens: 1, access_tokens: 1 },
    })
    const [event] = await stage.events('access.revoked')
    expect(event).toMatchObject({
      userId: stage.person.id,
      actorVia: 'security_tool',
      actorClientId: tool.id,
    })
    expect(
      JSON.stringify([row, event], (_key, value: unknown) =>
        String(value) === '' ? value : value instanceof Object ? value : String(value),
      ),
    ).not.toContain(token)
  })

  test.each<[string, () => Record<string, string>]>([
    ['an address that nobody has', () => ({ format: 'email', email: 'nobody@example.com' })],
    ['an address that is none', () => ({ format: 'email', email: 'nobody\u0000' })],
    ['another issuer', () => ({ format: 'iss_sub', iss: 'https://idp.example', sub: stage.person.id })],
    [
      'our issuer with a slash',
      () => ({ format: 'iss_sub', iss: `${server.issuer}/`, sub: stage.person.id }),
    ],
    ['an id that nobody has', () => ({ format: 'opaque', id: '00000000-0000-4000-8000-000000000000' })],
    ['an id that is none', () => ({ format: 'opaque', id: "x' OR true --" })],
    ['a client', () => ({ format: 'opaque', id: app.id })],
  ])('hears 404 of %s, and it is written down (§3.4.2, §7.2)', async (_what, subject) => {
    const answer = await stage.ask({ sub_id: subject() })
    expect([answer.status, answer.json()['error']]).toEqual([404, 'not_found'])
    const [event] = await stage.events('global_revocation.refused')
    expect(event).toMatchObject({
      actorClientId: tool.id,
      detail: { reason: 'unknown_subject', format: subject()['format'] },
    })
    expect(await stage.stillIn()).toBe(true)
  })
})

describe('a body', () => {
  test.each<[string, unknown]>([
    ['that is empty', ''],
    ['that is no JSON', '{'],
    ['that is no UTF-8', '{"sub_id":"\\ud800'],
    ['that is an array', []],
    ['that is null', 'null'],
    ['without sub_id', {}],
    ['with the name of an older draft', { subject: { format: 'opaque', id: 'x' } }],
    ['whose sub_id is text', { sub_id: 'x' }],
    ['of an unknown format', { sub_id: { format: 'phone_number', phone_number: '+1' } }],
    ['of a format that is not offered', { sub_id: { format: 'aliases', identifiers: [] } }],
    ['without a format', { sub_id: { id: 'x' } }],
    ['without the identifier', { sub_id: { format: 'email' } }],
    [
      'whose identifier is a list',
      { sub_id: { format: 'email', email: ['a@example.com', 'b@example.com'] } },
    ],
    ['with half of what it takes', { sub_id: { format: 'iss_sub', sub: 'x' } }],
    ['with more than its format describes', { sub_id: { format: 'email', email: 'a@example.com', id: 'x' } }],
    ['that is deep', `${'['.repeat(4000)}${']'.repeat(4000)}`],
    ['that goes for the prototype', '{"__proto__":{"sub_id":{"format":"opaque","id":"x"}}}'],
  ])('%s is refused with 400 (§3.4.2)', async (_what, body) => {
    const answer = await stage.ask(body)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_request'])
  })

  test('may have more beside sub_id', async () => {
    expect((await stage.ask({ ...stage.byId(), txn: 'incident-7' })).status).toBe(204)
  })

  test('is not read in another type, nor when it is long', async () => {
    for (const other of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
    ])
      expect((await stage.ask(stage.byId(), { headers: { 'content-type': other } })).status).toBe(415)
    expect((await stage.ask(`${JSON.stringify(stage.byId())}${' '.repeat(9000)}`)).status).toBe(413)
    expect(
      (await stage.ask(stage.byId(), { headers: { 'content-type': 'application/json; charset=UTF-8' } }))
        .status,
    ).toBe(204)
  })

  test('comes by POST only', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await server.ask(GLOBAL_REVOCATION, { method, headers: bearer(token) })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, OPTIONS'])
    }
  })
})

describe('a caller without the right', () => {
  test.each<[string, () => Record<string, string>]>([
    ['nothing', () => ({})],
    [
      'its secret',
      () => ({ authorization: `Basic ${Buffer.from(`${tool.id}:${tool.secret}`).toString('base64')}` }),
    ],
    ['an empty token', () => ({ authorization: 'Bearer ' })],
    ['two tokens', () => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ['a token that is none', () => ({ authorization: 'Bearer x' })],
    ["a user's token for nothing in particular", () => bearer(stage.signedIn.access_token)],
    ["a user's ID token", () => bearer(stage.signedIn.id_token)],
    ["a user's refresh token", () => bearer(stage.signedIn.refresh_token)],
  ])(
    'that brings %s gets a challenge and learns nothing of users (§3.4.2, RFC 6750 §3)',
    async (_what, headers) => {
      const [known, unknown] = [stage.byId(), { sub_id: { format: 'opaque', id: 'nobody' } }]
      const answers = []
      for (const body of [known, unknown, 'x']) answers.push(await stage.ask(body, {}, headers()))
      for (const { status, text, headers: got } of answers) {
        expect([status, text]).toEqual([401, answers[0]?.text])
        expect(got['www-authenticate']).toMatch(/^Bearer realm="/)
      }
      expect(await stage.stillIn()).toBe(true)
    },
  )

  test('in the query or a cookie is not looked for (RFC 6750 §2.3)', async () => {
    const answer = await server.ask(`${GLOBAL_REVOCATION}?access_token=${token}`, {
      ...{
        method: 'POST',
        body: JSON.stringify(stage.byId()),
        headers: { ...json, cookie: `access_token=${token}` },
      },
    })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error')
  })

  test('but with another scope is told which it takes, and it is written down (§7.1, RFC 6750 §3.1)', async () => {
    const client = await addClient(server, {
      metadata: { ...machineClient, scope: 'revocations:write users:read' },
    })
    const other = bearer(await adminTokenFor(server, client, 'revocations:write users:read'))
    const texts = []
    for (const body of [stage.byId(), { sub_id: { format: 'opaque', id: 'nobody' } }, 'x']) {
      const answer = await stage.ask(body, {}, other)
      expect(answer.status).toBe(403)
      expect(answer.headers['www-authenticate']).toMatch(/error="insufficient_scope", scope="global:revoke"$/)
      texts.push(answer.text)
    }
    expect(new Set(texts).size).toBe(1)
    const [event] = await stage.events('global_revocation.refused')
    expect(event).toMatchObject({ actorClientId: client.id, detail: { reason: 'insufficient_scope' } })
    expect(await stage.stillIn()).toBe(true)
  })

  test('any more, since its registration changed or its access ended, is refused at once (§7.1)', async () => {
    const client = await addClient(server, { metadata: { ...machineClient, scope: 'global:revoke' } })
    const own = bearer(await adminTokenFor(server, client, 'global:revoke'))
    const { pool } = server.database
    await pool.query(`UPDATE clients SET metadata = metadata || '{"scope":"users:read"}' WHERE id = $1`, [
      client.id,
    ])
    expect((await stage.ask(stage.byId(), {}, own)).status).toBe(403)
    await pool.query('UPDATE clients SET disabled_at = now() WHERE id = $1', [client.id])
    expect((await stage.ask(stage.byId(), {}, own)).status).toBe(401)
    expect(await stage.stillIn()).toBe(true)
  })

  test('because it is a person, even an owner, is sent away: they have the admin API (§7.1)', async () => {
    await server.database.prisma.user.update({ where: { id: stage.person.id }, data: { role: 'owner' } })
    const metadata = { scope: 'openid global:revoke' }
    const client = await addClient(server, { firstParty: true, metadata })
    const params = { scope: 'openid global:revoke', resource: ADMIN_API, acr_values: 'urn:cardea:acr:mfa' }
    const own = await redeem(server, client, await signIn(server, client, stage.person, params), {
      resource: ADMIN_API,
    })
    expect(own.json<Tokens>().scope).toContain('global:revoke')
    expect((await stage.ask(stage.byId(), {}, bearer(own.json<Tokens>().access_token))).status).toBe(403)
  })
})
