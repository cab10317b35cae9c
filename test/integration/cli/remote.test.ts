import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sealAll } from '../../../src/audit/index.ts'
import { ADMIN_API, ADMIN_SCOPES } from '../../../src/clients/index.ts'
import { addClient, addPerson, machineClient } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { isActive, tokensFor } from '../../support/sign-in.ts'
import { apiOf, createDesk } from './desk.ts'
import type { Desk } from './desk.ts'

let server: TestServer
let desk: Desk
let script: NodeJS.ProcessEnv
let shop: Awaited<ReturnType<typeof addClient>>

beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  desk = await createDesk(server, 'owner', 1)
  shop = await addClient(server)
  const scope = ADMIN_SCOPES.join(' ')
  const { id, secret } = await addClient(server, { metadata: { ...machineClient, scope } })
  script = { CARDEA_ISSUER: server.issuer, CARDEA_CLIENT_ID: id, CARDEA_CLIENT_SECRET: secret }
  await desk.login()
}, 60_000)
afterAll(async () => {
  await server.stop()
  desk.leave()
})

const problemIn = (stderr: string): unknown => JSON.parse(stderr)
async function signedIn(): Promise<Person & { token: string }> {
  const person = await addPerson(server)
  const { access_token: token } = await tokensFor(server, shop, person)
  return { ...person, token }
}

describe('ending access', () => {
  test('is counted first, then done, then read from its receipt (AD-06)', async () => {
    const ada = await signedIn()
    const tried = await desk.run(['users', 'revoke', ada.email, '--dry-run'])
    expect(tried.stdout).toMatch(/^Would end 1 session, 1 grant, .*1 access token\. Nothing was changed\.\n$/)
    expect(await isActive(server, shop, ada.token)).toBe(true)

    const done = await desk.run(['users', 'revoke', ada.email, '--reason', 'laptop stolen', '--json'])
    const receipt = done.json() as { id: string }
    expect(receipt).toMatchObject({
      ...{ state: 'completed', reason: 'laptop stolen', selector: { user_id: ada.id } },
      actor: { via: 'admin_api', client_id: 'cardea-cli', user_id: desk.person.id },
    })
    expect(await isActive(server, shop, ada.token)).toBe(false)
    expect((await desk.run(['revocations', 'show', receipt.id, '--json'])).json()).toEqual(receipt)
    expect((await desk.run(['revocations', 'list', '--limit', '1'])).stdout).toContain(receipt.id)
  })

  test('asks on a terminal: why, and whether, with what it would end; nothing happens without a yes', async () => {
    const ada = await signedIn()
    const no = await desk.run(['users', 'revoke', ada.email], { typed: ['a reason', 'n'] })
    expect(no).toMatchObject({ code: 1, stdout: '' })
    expect(no.stderr).toMatch(
      /Why, for the record: Would end 1 session.*\nDo it\? \[y\/N\] Nothing was changed\.\n$/,
    )
    expect(await isActive(server, shop, ada.token)).toBe(true)
    const yes = await desk.run(['users', 'revoke', ada.email], { typed: ['a reason', 'y'] })
    expect(yes).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Ended all access of ${ada.email} at 2`),
    })
    expect(yes.stdout).toMatch(/\n {2}receipt {2}cardea revocations show [\w-]{36}\n/)
    expect(await isActive(server, shop, ada.token)).toBe(false)
  })

  test('without a terminal takes no reason for granted, and everything for nobody without --yes', async () => {
    const ada = await signedIn()
    for (const args of [
      ['users', 'revoke', ada.email],
      ['users', 'revoke', ada.email, '--json'],
    ])
      expect(await desk.run(args)).toMatchObject({ code: 64, stderr: expect.stringContaining('--reason') })
    const all = ['revocations', 'create', '--everything', '--reason', 'test']
    expect(await desk.run(all)).toMatchObject({ code: 64, stderr: expect.stringContaining('--yes') })
    expect((await desk.run([...all, '--dry-run'])).stdout).toContain('Would end')
    expect(await isActive(server, shop, ada.token)).toBe(true)
  })

  test("spares the command's own sign-in when told so, and not otherwise", async () => {
    const mine = await createDesk(server, 'operator')
    await mine.login()
    const kept = await mine.run(['users', 'revoke', mine.person.email, '--reason', 'test', '--keep-self'])
    expect(kept.code).toBe(0)
    expect((await mine.run(['whoami'])).code).toBe(0)
    expect((await mine.run(['users', 'revoke', mine.person.email, '--reason', 'test'])).code).toBe(0)
    expect((await mine.run(['whoami'])).code).toBe(77)
    mine.leave()
  })

  test('takes a found token from standard input, says what it is and ends it, and never shows it', async () => {
    const ada = await signedIn()
    const found = await desk.run(['tokens', 'lookup', '--json'], { input: `${ada.token}\n` })
    const { handle } = found.json() as { handle: string }
    expect(found.json()).toMatchObject({
      kind: 'access_token',
      active: true,
      user_id: ada.id,
      client_id: shop.id,
    })
    expect((await desk.run(['tokens', 'list', '--user', ada.email])).stdout).toContain(handle)
    const ended = await desk.run(['tokens', 'revoke', '--reason', 'found in a log'], { input: ada.token })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Ended all access at') })
    expect(await isActive(server, shop, ada.token)).toBe(false)
    const again = await desk.run(['tokens', 'show', handle])
    for (const { stdout, stderr } of [found, ended, again]) expect(stdout + stderr).not.toContain(ada.token)
    expect(await desk.run(['tokens', 'revoke', '--reason', 'x'], { input: '' })).toMatchObject({ code: 64 })
    expect((await desk.run(['tokens', 'revoke', handle, '--reason', 'by handle'])).code).toBeLessThan(67)
  })

  test('covers one client of one user by a selector, named by e-mail address', async () => {
    const ada = await signedIn()
    const other = await addClient(server)
    const { access_token: elsewhere } = await tokensFor(server, other, ada)
    const args = ['--user', ada.email, '--client', shop.id, '--reason', 'test', '--issued-before', '0s']
    expect(await desk.run(['revocations', 'create', ...args])).toMatchObject({ code: 0 })
    expect(await isActive(server, shop, ada.token)).toBe(false)
    expect(await isActive(server, other, elsewhere)).toBe(true)
    const [grant] = (
      (await desk.run(['grants', 'list', '--user', ada.email, '--json'])).json() as {
        items: { grant_id: string }[]
      }
    ).items
    expect((await desk.run(['grants', 'revoke', grant?.grant_id ?? '', '--reason', 'test'])).code).toBe(0)
    expect(await isActive(server, other, elsewhere)).toBe(false)
    const { items: sessions } = (
      await desk.run(['sessions', 'list', '--user', ada.email, '--json'])
    ).json() as { items: { session_id: string }[] }
    expect(sessions).toHaveLength(2)
    for (const { session_id: id } of sessions)
      expect((await desk.run(['sessions', 'revoke', id, '--reason', 'test'])).code).toBe(0)
    expect((await desk.run(['sessions', 'list', '--user', ada.email])).stdout).toBe('There are none.\n')
  })
})

describe('users', () => {
  test('are found by their whole address, not by its beginning', async () => {
    const longer = await addPerson(server, { email: 'bo@example.com.au' })
    const bo = await addPerson(server, { email: 'bo@example.com' })
    expect((await desk.run(['users', 'show', 'BO@example.com', '--json'])).json()).toMatchObject({
      id: bo.id,
    })
    expect((await desk.run(['users', 'show', longer.id, '--json'])).json()).toMatchObject({ id: longer.id })
    expect(await desk.run(['users', 'show', 'bo@example'])).toMatchObject({ code: 66 })
    expect(await desk.run(['users', 'show', 'no-such-id'])).toMatchObject({ code: 66 })
  })

  test('are created, invited, changed on top of what was read, disabled and deleted', async () => {
    const created = await desk.run(['users', 'create', 'cy@example.com', '--name', 'Cy'])
    expect(created).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Created the user cy@example.com.'),
    })
    expect(await desk.run(['users', 'create', 'cy@example.com'])).toMatchObject({ code: 73 })
    expect((await desk.run(['users', 'invite', 'cy@example.com', '--link'])).stdout).toContain(
      `${server.issuer}/account/password?ticket=`,
    )
    const mailed = await desk.run(['users', 'invite', 'cy@example.com', '--json'])
    expect(mailed.json()).toMatchObject({ mailed_to: 'cy@example.com', link: null })
    expect(
      (await desk.run(['users', 'update', 'cy@example.com', '--role', 'auditor', '--name', ''])).code,
    ).toBe(0)
    const shown = (await desk.run(['users', 'show', 'cy@example.com', '--json'])).json()
    expect(shown).toMatchObject({ role: 'auditor', name: null })
    expect(
      (await desk.run(['users', 'update', 'cy@example.com', '--role', 'none', '--json'])).json(),
    ).toMatchObject({ role: null })
    expect(await desk.run(['users', 'update', 'cy@example.com'])).toMatchObject({ code: 64 })
    const disabled = await desk.run(['users', 'disable', 'cy@example.com', '--reason', 'left'])
    expect(disabled.stdout).toMatch(
      /^Disabled cy@example\.com\.\nEnded nothing that was alive\. Receipt: cardea revocations show/,
    )
    expect((await desk.run(['users', 'enable', 'cy@example.com'])).code).toBe(0)
    expect((await desk.run(['users', 'delete', 'cy@example.com'], { typed: ['no'] })).code).toBe(1)
    expect((await desk.run(['users', 'delete', 'cy@example.com'], { typed: ['yes'] })).stdout).toContain(
      'Deleted cy@example.com.',
    )
    expect((await desk.run(['users', 'show', 'cy@example.com'])).code).toBe(66)
  })

  test('come in pages, or all at once', async () => {
    for (let nth = 0; nth < 4; nth += 1)
      await addPerson(server, { email: `page-${nth}@example.com`, totp: false })
    const list = ['users', 'list', '--email', 'page-', '--limit', '2']
    const first = await desk.run(list)
    const cursor = /--cursor (\S+)/.exec(first.stdout)?.[1] ?? ''
    expect((await desk.run([...list, '--cursor', cursor, '--json'])).json()).toMatchObject({
      ...{ items: [{ email: 'page-2@example.com' }, { email: 'page-3@example.com' }], next_cursor: null },
    })
    const all = (await desk.run([...list, '--all', '--json'])).json() as { items: unknown[] }
    expect(all.items).toHaveLength(4)
    expect(await desk.run([...list, '--cursor', 'x.y'])).toMatchObject({ code: 65 })
  })

  test('are refused with one sentence, and with the problem for programs', async () => {
    const last = await desk.run(['users', 'disable', desk.person.email, '--json'])
    expect(last.code).toBe(1)
    expect(problemIn(last.stderr)).toMatchObject({
      ...{ error: 'failed', message: 'Not your own account.' },
      problem: { type: 'urn:cardea:problem:own_account', status: 409 },
    })
    const wrong = await desk.run(['users', 'create', 'not-an-address'])
    expect(wrong).toMatchObject({
      code: 65,
      stderr: 'The content is not valid.\n  /email  is not an email address\n',
    })
  })
})

describe('clients, resources, keys and events', () => {
  test('a client is registered, its secret rotated with an overlap, and it is deleted', async () => {
    const created = await desk.run([
      'clients',
      'create',
      'Shop',
      '--id',
      'shop',
      '--redirect-uri',
      'https://shop.example/cb',
      '--data',
      '{"client_uri":"https://shop.example"}',
      '--json',
    ])
    expect(created.json()).toMatchObject({
      client_id: 'shop',
      client_uri: 'https://shop.example',
      client_secret: expect.any(String),
    })
    const rotated = await desk.run(['clients', 'rotate-secret', 'shop', '--overlap', '24h'])
    expect(rotated.stdout).toMatch(
      /^The new secret of shop is shown this once\.\n[^]*client_secret +\S{40,}\n/,
    )
    const changed = await desk.run([
      'clients',
      'update',
      'shop',
      '--name',
      'Shop of Ada',
      '--data',
      '{"client_uri":null}',
      '--json',
    ])
    expect(changed.json()).toMatchObject({ client_name: 'Shop of Ada' })
    expect(changed.json()).not.toHaveProperty('client_uri')
    expect((await desk.run(['clients', 'list', '--all'])).stdout).toContain('Shop of Ada')
    expect((await desk.run(['clients', 'disable', 'shop'])).code).toBe(0)
    expect((await desk.run(['clients', 'enable', 'shop'])).code).toBe(0)
    expect((await desk.run(['clients', 'revoke', 'shop', '--reason', 'test'])).code).toBe(0)
    expect((await desk.run(['clients', 'delete', 'shop'])).stdout).toContain('Deleted shop.')
  })

  test('a resource server is named by its identifier, whatever characters that has', async () => {
    const identifier = 'https://api.example/a b?c=d&é'
    const id = encodeURI(identifier)
    const scopes = '[{"name":"orders:read","description":"See orders","optional":true}]'
    expect(await desk.run(['resources', 'create', id, '--name', 'Shop', '--scopes', scopes])).toMatchObject({
      code: 0,
    })
    const updated = await desk.run(['resources', 'update', id, '--format', 'jwt', '--ttl', '5m', '--json'])
    expect(updated.json()).toMatchObject({
      identifier: id,
      access_token_format: 'jwt',
      access_token_ttl: 300,
    })
    expect((await desk.run(['resources', 'delete', id])).stdout).toBe(`Deleted ${id}.\n`)
    expect((await desk.run(['resources', 'show', id])).code).toBe(66)
  })

  test('signing keys are listed, and a new one announced', async () => {
    const rotated = (await desk.run(['keys', 'rotate', '--alg', 'ES256', '--json'])).json() as { kid: string }
    expect((await desk.run(['keys', 'list'])).stdout).toMatch(new RegExp(`${rotated.kid} +ES256 +announced`))
    expect(
      (await desk.run(['keys', 'retire', rotated.kid, '--reason', 'test', '--json'])).json(),
    ).toMatchObject({ state: 'retired' })
  })

  test('events are listed by who did them, and exported whole into a file for this user alone', async () => {
    const by = ['--by-user', desk.person.email]
    const listed = (await desk.run(['events', 'list', ...by, '--all', '--json'])).json() as {
      items: { id: string; actor: unknown }[]
    }
    expect(listed.items.length).toBeGreaterThan(3)
    const file = path.join(desk.home, 'events.ndjson')
    await sealAll(server.database)
    expect(await desk.run(['events', 'export', ...by, '--output', file])).toMatchObject({
      code: 0,
      stdout: '',
    })
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string })
    expect(lines.length).toBeGreaterThan(3)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(lines.every((line) => listed.items.some(({ id }) => id === line.id))).toBe(true)
    expect(await desk.run(['events', 'export', '--output', file])).toMatchObject({ code: 73 })
    const piped = await desk.run(['events', 'export', ...by])
    expect(piped.stdout.startsWith(readFileSync(file, 'utf8'))).toBe(true)
  })

  test('statistics are shown for people and for programs', async () => {
    expect((await desk.run(['statistics'])).stdout).toMatch(/\nusers\.by_role\.owner +\d+\n/)
    expect((await desk.run(['statistics', '--json'])).json()).toHaveProperty('tokens.by_kind')
  })

  test('everything else is said to the API as it is', async () => {
    const page = await desk.run(['api', 'GET', '/v1/users?limit=1'])
    expect(page.json()).toMatchObject({ items: [expect.anything()] })
    const ada = await addPerson(server, { totp: false })
    const patched = await desk.run(['api', 'PATCH', `/v1/users/${ada.id}`, '--data', '-', '--include'], {
      input: '{"name":"Ada"}',
    })
    expect(patched).toMatchObject({ code: 0, stderr: expect.stringMatching(/^200\n[^]*etag: "/) })
    expect(
      await desk.run([
        'api',
        'PATCH',
        `/v1/users/${ada.id}`,
        '--data',
        '{"name":"B"}',
        '--if-match',
        '"old"',
      ]),
    ).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('Look at it again, and repeat.') },
    })
    expect(await desk.run(['api', 'GET', 'https://evil.example/v1/users'])).toMatchObject({ code: 64 })
    expect(await desk.run(['api', 'GET', '//evil.example/v1/users'])).toMatchObject({ code: 64 })
    expect(await desk.run(['api', 'GET', '/v1/nothing', '--json'])).toMatchObject({ code: 66 })
  })
})

describe('scripts', () => {
  const machine = (args: string[], more: NodeJS.ProcessEnv = {}) =>
    desk.run(args, { env: { HOME: '/nowhere', ...script, ...more } })

  test('act as a client with a secret, from the environment or a file, and keep nothing', async () => {
    expect(await machine(['users', 'list', '--json'])).toMatchObject({ code: 0, stderr: '' })
    expect((await machine(['whoami', '--json'])).json()).toMatchObject({
      client_id: script['CARDEA_CLIENT_ID'],
      user: null,
    })
    const file = path.join(desk.home, 'secret')
    writeFileSync(file, `${script['CARDEA_CLIENT_SECRET'] ?? ''}\n`)
    const byFile = { CARDEA_CLIENT_SECRET: undefined, CARDEA_CLIENT_SECRET_FILE: file }
    expect(await machine(['statistics'], byFile)).toMatchObject({ code: 0 })
    expect(await machine(['statistics'], { CARDEA_CLIENT_SECRET: 'wrong' })).toMatchObject({
      code: 77,
      stdout: '',
    })
  })

  test.each(['pem', 'jwk'] as const)(
    'act as a client with a private key in %s (private_key_jwt)',
    async (form) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }
      const scope = 'users:read'
      const metadata = { ...machineClient, scope, jwks, token_endpoint_auth_method: 'private_key_jwt' }
      const { id } = await addClient(server, { metadata })
      const file = path.join(desk.home, `key.${form}`)
      const text =
        form === 'pem'
          ? privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
          : JSON.stringify(privateKey.export({ format: 'jwk' }))
      writeFileSync(file, text, { mode: 0o600 })
      const env = { CARDEA_CLIENT_ID: id, CARDEA_CLIENT_SECRET: undefined, CARDEA_CLIENT_KEY_FILE: file }
      expect(await machine(['users', 'list'], env)).toMatchObject({ code: 0, stderr: '' })
      expect(await machine(['clients', 'list', '--json'], env)).toMatchObject({ code: 77 })
      writeFileSync(file, 'no key')
      expect(await machine(['users', 'list'], env)).toMatchObject({ code: 78 })
    },
  )

  test('with half their credentials, or two kinds of them, are told so', async () => {
    for (const more of [
      { CARDEA_CLIENT_ID: undefined },
      { CARDEA_CLIENT_SECRET: undefined },
      { CARDEA_CLIENT_KEY_FILE: '/x' },
    ])
      expect(await machine(['users', 'list'], more)).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('CARDEA_CLIENT_ID'),
      })
    expect(await machine(['login'])).toMatchObject({ code: 64 })
  })

  test('may have their variables set where other verbs use the database', async () => {
    const env = { ...script, DATABASE_URL: server.databaseUrl }
    expect(await desk.run(['user', 'list', '--json'], { env })).toMatchObject({ code: 0 })
  })
})

describe('a request that is lost on the way', () => {
  type Seen = { method: string; key: string | undefined }
  let seen: Seen[] = []
  let behave: (response: ServerResponse, nth: number, request: IncomingMessage) => void
  let api: string
  let proxy: Server

  beforeAll(async () => {
    proxy = createServer((request, response) => {
      if (request.url === '/.well-known/oauth-protected-resource') {
        response.end(
          JSON.stringify({
            resource: ADMIN_API,
            authorization_servers: [server.issuer],
            scopes_supported: ADMIN_SCOPES,
          }),
        )
        return
      }
      seen.push({
        method: request.method ?? '',
        key: request.headers['idempotency-key'] as string | undefined,
      })
      behave(response, seen.length, request)
    })
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
    api = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  })
  afterAll(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const ran = async (args: string[], how: typeof behave) => {
    seen = []
    behave = how
    return desk.run([...args, '--api', api], { env: script })
  }
  const ok = (response: ServerResponse) => response.setHeader('content-type', 'application/json').end('{}')

  test('is sent once more with the same key, so that it is not done twice', async () => {
    const id = '00000000-0000-4000-8000-000000000000'
    const disable = ['users', 'disable', id]
    const result = await ran(disable, (response, nth) => (nth === 1 ? response.destroy() : ok(response)))
    expect(result).toMatchObject({ code: 0 })
    expect(seen).toHaveLength(2)
    expect(seen[0]?.key).toMatch(/^[\w-]{36}$/)
    expect(seen[1]).toEqual(seen[0])
    const gone = await ran(disable, (response) => response.destroy())
    expect(gone).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('Whether it was done is not known'),
    })
    expect(seen).toHaveLength(2)
  })

  test('is sent again after a 503 or a 429 when the API says when', async () => {
    for (const status of [503, 429]) {
      const result = await ran(['users', 'list'], (response, nth) => {
        if (nth > 1)
          response.setHeader('content-type', 'application/json').end('{"items":[],"next_cursor":null}')
        else response.writeHead(status, { 'retry-after': '1' }).end()
      })
      expect({ status, code: result.code, seen: seen.length }).toEqual({ status, code: 0, seen: 2 })
    }
  })

  test('is not repeated where that could do something twice', async () => {
    const id = '00000000-0000-4000-8000-000000000000'
    await ran(['api', 'DELETE', `/v1/users/${id}`, '--if-match', '"x"'], (response) => response.destroy())
    expect(seen).toEqual([{ method: 'DELETE', key: undefined }])
  })

  test('is asked about again while rows are still being cleared, with --watch', async () => {
    const counts = { sessions: 1, grants: 0 }
    const receipt = (state: string) => ({ id: 'r1', state, effective_at: '2026-11-21T09:31:00.000Z', counts })
    const result = await ran(
      ['clients', 'revoke', 'shop', '--reason', 'test', '--watch'],
      (response, nth) => {
        const state = nth < 3 ? 'running' : 'completed'
        response.setHeader('content-type', 'application/json').end(JSON.stringify(receipt(state)))
      },
    )
    expect(result).toMatchObject({ code: 0, stderr: 'Cleared so far: 1 session\n'.repeat(2) })
    expect(result.stdout).toBe(
      'Ended all access of shop at 2026-11-21T09:31:00.000Z.\n  ended    1 session\n  receipt  cardea revocations show r1\n',
    )
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
  })

  test('never follows a redirect with the token', async () => {
    const result = await ran(['users', 'list'], (response) =>
      response.writeHead(307, { location: `${apiOf(server)}/v1/users` }).end(),
    )
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(seen).toHaveLength(1)
  })
})
