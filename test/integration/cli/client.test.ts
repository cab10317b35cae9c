import { writeFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic } from '../../support/http-client.ts'
import { addPerson, REDIRECT_URI } from '../../support/people.ts'
import { findClient } from '../../../src/clients/index.ts'
import type { StoredClient } from '../../../src/clients/index.ts'
import { isActive, refresh, tokensFor } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { cardea, cardeaHere } from './command.ts'

let server: TestServer
let env: NodeJS.ProcessEnv
const dir = mkdtempSync(path.join(tmpdir(), 'cardea-client-'))
beforeAll(async () => {
  server = await startTestServer()
  env = { DATABASE_URL: server.databaseUrl }
})
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true })
})

type Created = { client_id: string; client_secret?: string; [field: string]: unknown }
type Ended = { revoked: { counts: Record<string, number> }; consents?: number; client_secret?: string }

const web = [
  '--redirect-uri',
  REDIRECT_URI,
  '--grant-type',
  'authorization_code',
  '--grant-type',
  'refresh_token',
]

async function createWebClient(...options: string[]): Promise<StoredClient & { secret: string }> {
  const { code, stderr, json } = await cardeaHere(
    ['client', 'create', '--name', 'Shop', '--json', ...web, ...options],
    { env },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const created = json() as Created
  const client = await findClient(server.database.prisma, created.client_id)
  if (!client) throw new Error('not there')
  return { ...client, secret: created.client_secret ?? '' }
}

describe('cardea client create', () => {
  test('registers in RFC 7591 words and shows the secret once (CA-09)', async () => {
    const options = ['--post-logout-redirect-uri', 'https://rp.example/bye', '--first-party', '--id', 'shop']
    const created = await cardea(['client', 'create', '--name', 'Shop', ...web, ...options, '--json'], {
      env,
    })
    expect(created).toMatchObject({ code: 0, stderr: '' })
    const { client_secret: secret = '', ...document } = created.json() as Created
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(document).toMatchObject({
      client_id: 'shop',
      client_name: 'Shop',
      redirect_uris: [REDIRECT_URI],
      post_logout_redirect_uris: ['https://rp.example/bye'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
      first_party: true,
    })
    const shown = await cardeaHere(['client', 'show', 'shop', '--json'], { env })
    expect(shown.json()).toEqual(document)
    const listed = await cardeaHere(['client', 'list', '--json'], { env })
    expect((listed.json() as { clients: unknown[] }).clients).toContainEqual(document)
    const row = await server.database.prisma.client.findUniqueOrThrow({ where: { id: 'shop' } })
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  test('gives a public client no secret, and one with keys of its own neither', async () => {
    const open = await cardeaHere(['client', 'create', '--name', 'Spa', ...web, '--public', '--json'], {
      env,
    })
    expect(open.json()).toMatchObject({ token_endpoint_auth_method: 'none', has_secret: false })
    expect(open.json()).not.toHaveProperty('client_secret')
    const file = path.join(dir, 'jwks.json')
    await writeFile(file, JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }))
    const args = ['--name', 'Job', '--grant-type', 'client_credentials', '--auth-method', 'private_key_jwt']
    const keyed = await cardeaHere(['client', 'create', ...args, '--jwks-file', file, '--json'], { env })
    expect(keyed.json()).toMatchObject({ jwks: { keys: [{ kty: 'EC' }] }, has_secret: false })
  })

  test('lets a native app have a redirect URI of its own scheme (RFC 8252 section 7.1)', async () => {
    const args = ['--name', 'Phone', '--public', '--redirect-uri', 'com.example.app:/callback', '--json']
    expect((await cardeaHere(['client', 'create', ...args], { env })).code).toBe(65)
    const native = await cardeaHere(['client', 'create', ...args, '--native'], { env })
    expect(native.json()).toMatchObject({ application_type: 'native' })
  })

  test('tells a person the same in lines', async () => {
    const created = await cardeaHere(['client', 'create', '--name', 'Paper', ...web], { env })
    expect(created.stdout).toMatch(
      /^Created the client Paper\n {2}client_id {6}c_\w+\n {2}client_secret {2}[\w-]{43}\nThe secret is shown this once\.\n$/,
    )
  })

  test.each([
    ['an http redirect URI', 65, ['--redirect-uri', 'http://rp.example/cb']],
    ['an id in the form of a user id (TO-05)', 65, [...web, '--id', '01a1ff8e-67b0-7237-ac7e-edcf51137a1f']],
    ['a grant type that does not exist', 65, [...web, '--grant-type', 'password']],
    ['keys that are not there', 66, [...web, '--jwks-file', '/nowhere/jwks.json']],
    ['keys that are no JSON', 65, [...web, '--jwks-file', notJson()]],
    ['an id that is taken', 73, [...web, '--id', 'shop']],
    ['two ways to authenticate', 64, [...web, '--public', '--auth-method', 'none']],
  ])('refuses %s', async (_, code, options) => {
    const refused = await cardeaHere(['client', 'create', '--name', 'Bad', ...options], { env })
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(await server.database.prisma.client.count({ where: { name: 'Bad' } })).toBe(0)
  })
})

test('rotate-secret ends the old secret, the grants and the tokens at once (CA-09, RT-06)', async () => {
  const [client, person] = [await createWebClient(), await addPerson(server)]
  const tokens = await tokensFor(server, client, person)
  const done = await cardea(['client', 'rotate-secret', client.id, '--json'], { env })
  const { revoked, client_secret: secret = '' } = done.json() as Ended
  expect(revoked.counts).toMatchObject({ grants: 1, access_tokens: 1, refresh_tokens: 1 })
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(401)
  const renewed = { ...client, secret }
  expect((await refresh(server, renewed, tokens.refresh_token)).status).toBe(400)
  expect(await isActive(server, renewed, tokens.access_token)).toBe(false)
})

test('rotate-secret with an overlap ends nothing, and says until when the old secret is good (CA-09)', async () => {
  const [client, person] = [await createWebClient(), await addPerson(server)]
  const tokens = await tokensFor(server, client, person)
  const { stdout } = await cardeaHere(['client', 'rotate-secret', client.id, '--overlap', '24h'], { env })
  expect(stdout).toMatch(/The old one is good until \d{4}-\d\d-\d\dT/)
  const done = await cardeaHere(['client', 'rotate-secret', client.id, '--overlap', '90s', '--json'], { env })
  const { client_secret: secret = '', ...rest } = done.json() as Ended & {
    previous_secret_expires_at: string
  }
  expect(rest).toMatchObject({ revoked: null })
  expect(Date.parse(rest.previous_secret_expires_at) - Date.now()).toBeLessThan(91_000)
  expect(await isActive(server, { ...client, secret }, tokens.access_token)).toBe(true)
  for (const overlap of ['24', '1w', '31d', '-1h', 'h'])
    expect(
      await cardeaHere(['client', 'rotate-secret', client.id, '--overlap', overlap], { env }),
    ).toMatchObject({
      code: 64,
    })
})

test('what is part of Cardea itself is neither rotated nor deleted (AD-05)', async () => {
  for (const verb of ['rotate-secret', 'delete'])
    expect(await cardeaHere(['client', verb, 'cardea-cli'], { env })).toMatchObject({ code: 65, stdout: '' })
})

test('delete ends the client, its grants and tokens, and forgets what users had allowed it (FT-31, M15)', async () => {
  const [client, other, person] = [await createWebClient(), await createWebClient(), await addPerson(server)]
  const tokens = await tokensFor(server, client, person)
  const others = await tokensFor(server, other, person)
  const done = await cardea(['client', 'delete', client.id, '--json'], { env })
  expect(done.json()).toMatchObject({ revoked: { counts: { grants: 1 } }, consents: 1 })
  const asked = await server.ask('/introspect', {
    body: { token: tokens.access_token },
    headers: basic(client.id, client.secret),
  })
  expect(asked.status).toBe(401)
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(401)
  expect(await isActive(server, other, others.access_token)).toBe(true)
  expect(await cardeaHere(['client', 'show', client.id], { env })).toMatchObject({ code: 66 })
  expect(await cardeaHere(['client', 'delete', client.id], { env })).toMatchObject({ code: 66 })
})

test('what people read is given with the commands: who is verified, the logo, words in other languages (AZ-21)', async () => {
  const logo = 'https://rp.example/logo.png'
  const client = await cardeaHere(
    [
      'client',
      'create',
      '--name',
      'Known',
      ...web,
      '--id',
      'known',
      '--verified',
      '--logo-uri',
      logo,
      '--json',
    ],
    { env },
  )
  expect(client.json()).toMatchObject({ verified: true, logo_uri: logo })
  const { prisma } = server.database
  expect(await prisma.clientLogo.findUnique({ where: { clientId: 'known' } })).toMatchObject({
    ...{ sourceUri: logo, body: null, attempts: 0 },
  })
  const identifier = 'https://worded-api.example/'
  const scope = ['--name', 'Worded', '--optional-scope', 'orders:read=See your orders']
  const words = [
    '--words',
    'de:orders:read=Ihre Bestellungen sehen',
    '--words',
    'fr:orders:read=Voir vos commandes',
  ]
  const api = await cardeaHere(['resource', 'create', identifier, ...scope, ...words, '--json'], { env })
  expect(api.json()).toMatchObject({
    scopes: [{ descriptions: { de: 'Ihre Bestellungen sehen', fr: 'Voir vos commandes' }, optional: true }],
  })
  for (const wrong of ['de:root=Alles', 'orders:read', 'tlh:orders:read=…']) {
    const refused = await cardeaHere(['resource', 'create', `${identifier}2`, ...scope, '--words', wrong], {
      env,
    })
    expect({ wrong, code: refused.code }).not.toEqual({ wrong, code: 0 })
  }
})

test('resource create registers an API: its tokens are for it, and it may ask about them (RFC 8707, IN-03)', async () => {
  const api = [
    'client',
    'create',
    '--name',
    'API',
    '--id',
    'shop-api',
    '--grant-type',
    'client_credentials',
    '--json',
  ]
  const { client_secret: secret = '' } = (await cardeaHere(api, { env })).json() as Created
  const resource = 'https://shop-api.example/'
  const options = ['--name', 'Shop', '--optional-scope', 'orders:read=See your orders']
  const registered = await cardea(
    ['resource', 'create', resource, ...options, '--introspection-client', 'shop-api', '--json'],
    { env },
  )
  expect(registered).toMatchObject({ code: 0, stderr: '' })
  const [client, person] = [await createWebClient(), await addPerson(server)]
  const tokens = await tokensFor(server, client, person, { resource, scope: 'openid orders:read' })
  const renewed = await refresh(server, client, tokens.refresh_token, { resource })
  const { access_token: token } = renewed.json<{ access_token: string }>()
  const asked = await server.ask('/introspect', { body: { token }, headers: basic('shop-api', secret) })
  expect(asked.json()).toMatchObject({ active: true, aud: resource, scope: 'orders:read' })
})

test('a new client under a deleted id may introspect for no API (IN-03)', async () => {
  const api = ['client', 'create', '--name', 'Api', '--id', 'api', '--grant-type', 'client_credentials']
  const createApi = async () =>
    ((await cardeaHere([...api, '--json'], { env })).json() as Created).client_secret
  const askAs = async (secret = '') =>
    (await server.ask('/introspect', { body: { token }, headers: basic('api', secret) })).json()
  const old = await createApi()
  const identifier = 'https://api.example/'
  const options = [
    '--name',
    'Shop',
    '--scope',
    'orders:read=See your orders',
    '--introspection-client',
    'api',
  ]
  const created = await cardeaHere(['resource', 'create', identifier, ...options, '--json'], { env })
  expect(created.json()).toMatchObject({ identifier, clientId: 'api', scopes: [{ name: 'orders:read' }] })
  const [client, person] = [await createWebClient(), await addPerson(server)]
  const scope = 'openid orders:read'
  const tokens = await tokensFor(server, client, person, { resource: identifier, scope })
  const renewed = await refresh(server, client, tokens.refresh_token, { resource: identifier })
  const { access_token: token } = renewed.json<{ access_token: string }>()
  expect(await askAs(old)).toMatchObject({ active: true, aud: identifier })
  await cardeaHere(['client', 'delete', 'api'], { env })
  expect(await askAs(await createApi())).toEqual({ active: false })
  const row = await server.database.prisma.resourceServer.findUniqueOrThrow({ where: { identifier } })
  expect(row.clientId).toBeNull()
})

test.each([
  ['an identifier that is none', 65, ['api', '--name', 'Shop']],
  ['a scope without words', 64, ['https://b.example/', '--name', 'Shop', '--scope', 'orders:read']],
  [
    'a client that is not there',
    66,
    ['https://b.example/', '--name', 'Shop', '--introspection-client', 'nobody'],
  ],
  ['one that is registered', 73, ['https://api.example/', '--name', 'Shop']],
])('resource create refuses %s', async (_, code, args) => {
  expect(await cardeaHere(['resource', 'create', ...args], { env })).toMatchObject({ code, stdout: '' })
})

function notJson(): string {
  return new URL('../../../LICENSE', import.meta.url).pathname
}
