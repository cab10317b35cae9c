import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { ADMIN_API, ADMIN_SCOPES } from '../../../src/clients/index.ts'
import { addClient, machineClient } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createDesk } from './desk.ts'
import type { Desk } from './desk.ts'

const METADATA = '/.well-known/oauth-protected-resource'

let server: TestServer
let desk: Desk
let evil: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  server = await startTestServer()
  evil = await listen()
})
beforeEach(async () => {
  desk = await createDesk(server, 'owner')
  evil.seen.length = 0
  evil.names = evil.origin
})
afterEach(() => {
  jest.restoreAllMocks()
  desk.leave()
})
afterAll(async () => {
  evil.close()
  await server.stop()
})

const metadata = (issuer: string) => ({
  resource: ADMIN_API,
  authorization_servers: [issuer],
  scopes_supported: ADMIN_SCOPES,
})

/** Whoever took the API's port: an API that names any issuer, and an issuer that takes any credentials. It keeps all it is sent. */
async function listen() {
  const seen: { url: string; headers: IncomingHttpHeaders; body: string }[] = []
  const app = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body })
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer(request.url ?? '')))
    })
  })
  await new Promise<void>((resolve) => void app.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  const answer = (url: string): object => {
    if (url === METADATA) return metadata(there.names)
    if (url.startsWith('/.well-known/')) return { issuer: origin, token_endpoint: `${origin}/token` }
    if (url === '/token') return { access_token: 'x', token_type: 'Bearer', expires_in: 300 }
    return { items: [], next_cursor: null }
  }
  const there = {
    ...{ seen, origin, names: origin },
    close: () => {
      app.closeAllConnections()
      app.close()
    },
  }
  return there
}

describe('the credentials of a script', () => {
  const withSecret = async () => {
    const scope = ADMIN_SCOPES.join(' ')
    const { id, secret } = await addClient(server, { metadata: { ...machineClient, scope } })
    return { CARDEA_CLIENT_ID: id, CARDEA_CLIENT_SECRET: secret }
  }
  const withKey = () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const file = path.join(desk.home, 'robot.pem')
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
    return Promise.resolve({ CARDEA_CLIENT_ID: 'robot', CARDEA_CLIENT_KEY_FILE: file })
  }

  test.each([
    ['secret', withSecret],
    ['assertion', withKey],
  ])('go to no issuer that only the API names: no %s is sent (RFC 9728 §7)', async (_, credentials) => {
    const env = { ...(await credentials()), CARDEA_ISSUER: server.issuer, CARDEA_API: evil.origin }
    for (const args of [['users', 'list'], ['whoami'], ['api', 'GET', '/v1/users']]) {
      const ran = await desk.run(args, { env })
      expect(ran).toMatchObject({ code: 78, stdout: '' })
      for (const said of [evil.origin, server.issuer, 'CARDEA_ISSUER']) expect(ran.stderr).toContain(said)
    }
    expect(evil.seen.map(({ url }) => url)).toEqual([METADATA, METADATA, METADATA])
    for (const { headers, body } of evil.seen)
      expect({ authorization: headers.authorization, body }).toEqual({ authorization: undefined, body: '' })
  })

  test('are of no use without the issuer: the command says which variable is missing, and asks nobody', async () => {
    for (const CARDEA_ISSUER of [undefined, '', ' ']) {
      const env = { ...(await withSecret()), CARDEA_ISSUER, CARDEA_API: evil.origin }
      const ran = await desk.run(['users', 'list'], { env })
      expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('needs CARDEA_ISSUER') })
    }
    expect(evil.seen).toEqual([])
  })

  test('reach the issuer that the environment names, which is no reason to act as a script', async () => {
    const env = { ...(await withSecret()), CARDEA_ISSUER: server.issuer }
    expect(await desk.run(['users', 'list'], { env })).toMatchObject({ code: 0 })
    const ran = await desk.run(['users', 'list'], { env: { CARDEA_ISSUER: server.issuer } })
    expect(ran).toMatchObject({ code: 77, stderr: expect.stringContaining('You are not signed in') })
  })
})

describe('the token of a person', () => {
  const elsewhere = 'https://ops.example.net'
  /** An API on another machine, which names our issuer. */
  const beElsewhere = (): string[] => {
    const asked: string[] = []
    const real = globalThis.fetch
    jest.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      if (url.origin !== elsewhere) return real(input, init)
      asked.push(url.pathname)
      return Promise.resolve(Response.json(metadata(server.issuer)))
    })
    return asked
  }

  test('is not got for an API elsewhere that names the issuer: nobody is asked to sign in (RFC 9728 §7)', async () => {
    const asked = beElsewhere()
    for (const more of [[], ['--device'], ['--issuer', 'https://id.example.org']]) {
      const ran = await desk.login(['--api', elsewhere, ...more])
      expect(ran).toMatchObject({ code: 78, stdout: '' })
      for (const said of [elsewhere, server.issuer, '--issuer']) expect(ran.stderr).toContain(said)
    }
    expect(asked).toEqual([METADATA, METADATA, METADATA])
    await expect(desk.page()).rejects.toThrow('no browser was opened')
    expect(existsSync(desk.file)).toBe(false)
  })

  test('is got for it when the person names that issuer, who is told of both', async () => {
    beElsewhere()
    const ran = await desk.login(['--api', elsewhere, '--issuer', server.issuer])
    expect(ran).toMatchObject({ code: 0, stdout: `Signed in at ${elsewhere}.\n` })
    expect(ran.stderr).toContain(`Signing in at ${server.issuer}, for the API at ${elsewhere}.\n`)
  })

  test('is sent to no other API than the one it was got for', async () => {
    evil.names = server.issuer
    await desk.login()
    const { host } = new URL(evil.origin)
    const before = readFileSync(desk.file, 'utf8')
    for (const args of [['users', 'list'], ['whoami'], ['api', 'GET', '/v1/users'], ['logout']])
      expect((await desk.run([...args, '--api', evil.origin])).stdout).toMatch(/^$|^You were not signed in/)
    for (const odd of [`//${host}/v1/users`, `/.//${host}/v1/users`, `/v1/../..//${host}/`, `/\\${host}/v1`])
      expect(await desk.run(['api', 'GET', odd])).toMatchObject({ code: 64, stdout: '' })
    expect(evil.seen).toEqual([])
    expect(readFileSync(desk.file, 'utf8')).toBe(before)
    expect(await desk.run(['users', 'list'])).toMatchObject({ code: 0 })
  })

  test.each([
    'https://id.example.com/\u001b[2J',
    'https://ID.example.com',
    'https://id.example.com\u202e',
    'x',
  ])('is got from no issuer whose name could be shown as another: %j', async (name) => {
    evil.names = name
    const ran = await desk.login(['--api', evil.origin])
    expect(ran).toMatchObject({ code: 78, stderr: `There is no admin API of Cardea at ${evil.origin}.\n` })
  })
})
