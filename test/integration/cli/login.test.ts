import { chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, enterCode } from '../../support/device.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import type { Ran } from './command.ts'
import { apiOf, createDesk } from './desk.ts'
import type { Desk } from './desk.ts'

let server: TestServer
const desks: Desk[] = []
const deskOf = async (
  ...args: [role: 'owner' | 'operator' | 'auditor' | null, instance?: number]
): Promise<Desk> => {
  const desk = await createDesk(server, ...args)
  desks.push(desk)
  return desk
}
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(async () => {
  await server.stop()
  for (const desk of desks) desk.leave()
})

type Kept = {
  current: string
  apis: Record<string, { issuer: string; access_token: string; refresh_token: string; expires_at: string }>
}
const kept = ({ file }: Desk): Kept => JSON.parse(readFileSync(file, 'utf8')) as Kept
const tokensOf = (desk: Desk) => {
  const found = kept(desk).apis[desk.api]
  if (!found) throw new Error('not signed in')
  return found
}
/** What lies there, as if so much time had passed. */
const expire = (desk: Desk): void => {
  const now = kept(desk)
  const mine = { ...tokensOf(desk), expires_at: new Date(Date.now() - 1000).toISOString() }
  writeFileSync(desk.file, JSON.stringify({ ...now, apis: { ...now.apis, [desk.api]: mine } }), {
    mode: 0o600,
  })
}

describe('cardea login', () => {
  test('signs in through the hosted pages with a second factor, and keeps tokens for this user alone (RFC 8252 §7.3)', async () => {
    const desk = await deskOf('owner')
    const ran = await desk.login(['--json'])
    expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 })
    expect(ran.json()).toMatchObject({ api: desk.api, issuer: server.issuer, subject: desk.person.id })
    expect((ran.json() as { scopes: string[] }).scopes).toContain('admin:grant')
    expect(statSync(desk.file).mode & 0o777).toBe(0o600)
    expect(kept(desk).current).toBe(desk.api)
    for (const secret of [tokensOf(desk).access_token, tokensOf(desk).refresh_token])
      expect(ran.stdout + ran.stderr).not.toContain(secret)
  })

  test('leaves the browser on a friendly page whose address has no code in it', async () => {
    const desk = await deskOf('operator')
    await desk.login()
    const { status, url, text, headers } = await desk.page()
    expect({ status, path: new URL(url).pathname, query: new URL(url).search }).toEqual({
      ...{ status: 200, path: '/signed-in', query: '' },
    })
    expect(text).toContain('You are signed in')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test("gives a token no more than the person's role", async () => {
    const auditor = await deskOf('auditor')
    const { scopes } = (await auditor.login(['--json'])).json() as { scopes: string[] }
    expect(scopes).not.toEqual([])
    expect(scopes.filter((scope) => !scope.endsWith(':read'))).toEqual([])
    const nobody = await deskOf(null)
    expect(await nobody.login()).toMatchObject({
      ...{
        code: 77,
        stdout: '',
        stderr: expect.stringContaining('the user has no role in running this server'),
      },
    })
    expect(existsSync(nobody.file)).toBe(false)
  })

  test("is no more from the next token on when the person's role is taken away, and says so", async () => {
    const desk = await deskOf('operator')
    await desk.login()
    await server.database.prisma.user.update({ where: { id: desk.person.id }, data: { role: null } })
    expire(desk)
    expect(await desk.run(['users', 'list'])).toMatchObject({
      ...{
        code: 77,
        stdout: '',
        stderr: expect.stringContaining('the user has no role in running this server'),
      },
    })
  })

  test('asks for fewer scopes when told so, and for none that does not exist', async () => {
    const desk = await deskOf('owner')
    const ran = await desk.login(['--scope', 'users:read', '--json'])
    expect((ran.json() as { scopes: string[] }).scopes).toEqual(['users:read'])
    expect(await desk.run(['clients', 'list'])).toMatchObject({
      ...{ code: 77, stderr: expect.stringContaining('It needs the scope clients:read') },
    })
    expect(await desk.run(['login', '--scope', 'users:everything'])).toMatchObject({ code: 64 })
  })

  test('prints the address to open where there is no browser', async () => {
    const desk = await deskOf('owner')
    const ran = await desk.login([], { opens: false })
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`\n\n  ${server.issuer}/authorize?`),
    })
    expect(ran.stderr).toContain('Open this address in a browser on this machine')
  })

  test('refuses to keep tokens where others can read them, and to read them there', async () => {
    const desk = await deskOf('owner')
    await desk.login()
    chmodSync(desk.file, 0o640)
    for (const args of [['users', 'list'], ['whoami'], ['login']]) {
      const ran = await desk.run(args)
      expect(ran).toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringContaining(`chmod 600 ${desk.file}`),
      })
    }
    chmodSync(desk.file, 0o600)
    expect(await desk.run(['whoami'])).toMatchObject({ code: 0 })
    writeFileSync(desk.file, 'nonsense')
    expect(await desk.run(['whoami'])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('cardea login'),
    })
  })

  test('does not send tokens over plain HTTP to another machine', async () => {
    const desk = await deskOf('owner')
    for (const api of ['http://cardea.example.com:3001', 'http://127.0.0.1.example.com', 'http://10.0.0.1']) {
      const ran = await desk.run(['login', '--api', api])
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringContaining('in the open') })
    }
    expect((await desk.run(['login', '--api', 'ftp://x'])).code).toBe(64)
    expect((await desk.run(['login', '--api', `${desk.api}/v1`])).stderr).toContain('has no path')
  })

  test('says so when what answers there is no admin API', async () => {
    const desk = await deskOf('owner')
    const port = server.instances[0]?.port ?? 0
    expect(await desk.run(['login', '--api', `http://localhost:${port}`])).toMatchObject({
      ...{ code: 78, stderr: expect.stringContaining('There is no admin API') },
    })
    expect(await desk.run(['login', '--api', 'http://127.0.0.1:1'])).toMatchObject({ code: 75 })
  })

  test('waits on when something else comes to its address: another state, path or method changes nothing', async () => {
    const desk = await deskOf('owner')
    const statuses: number[] = []
    const tamper = async (callback: URL): Promise<void> => {
      const forged = new URL(callback)
      forged.searchParams.set('state', 'forged')
      const elsewhere = new URL('/elsewhere', callback)
      for (const [url, method] of [
        [forged, 'GET'],
        [elsewhere, 'GET'],
        [callback, 'POST'],
      ] as const)
        statuses.push((await fetch(url, { method })).status)
    }
    expect(await desk.login([], { tamper })).toMatchObject({ code: 0 })
    expect(statuses).toEqual([400, 404, 400])
  })

  test.each<[string, (callback: URL) => void]>([
    [
      'names another issuer (RFC 9207)',
      (callback) => callback.searchParams.set('iss', 'https://evil.example'),
    ],
    ['names no issuer', (callback) => callback.searchParams.delete('iss')],
    ['has a code that is none', (callback) => callback.searchParams.set('code', 'x'.repeat(43))],
    [
      'says that the person refused',
      ({ searchParams }) => {
        searchParams.delete('code')
        searchParams.set('error', 'access_denied')
      },
    ],
  ])('keeps nothing when the answer %s, and tells the browser so', async (_, tamper) => {
    const desk = await deskOf('owner')
    const ran = await desk.login([], { tamper })
    expect(ran.stdout).toBe('')
    expect([1, 77]).toContain(ran.code)
    expect(existsSync(desk.file)).toBe(false)
    expect((await desk.page()).text).toContain('You are not signed in')
  })

  test('is what every other command asks for first', async () => {
    const desk = await deskOf('owner')
    const ran = await desk.run(['users', 'list', '--json'])
    expect(ran.code).toBe(77)
    expect(JSON.parse(ran.stderr)).toEqual({
      error: 'not_signed_in',
      message: `You are not signed in at ${desk.api}. Run: cardea login --api ${desk.api}`,
    })
  })
})

describe('cardea login --device', () => {
  /** Runs it, and does something elsewhere with the code that it shows. */
  async function byDevice(desk: Desk, elsewhere: (userCode: string) => Promise<unknown>): Promise<Ran> {
    let done: Promise<unknown> | undefined
    const hears = (text: string) => {
      const [, code] = /enter the code\n\n {2}(\S+)\n/.exec(text) ?? []
      if (code !== undefined) done = elsewhere(code)
    }
    const ran = await desk.run(['login', '--device', '--json'], { hears })
    expect(done).toBeDefined()
    await done
    return ran
  }

  test('waits until somebody has signed in with the code on another device (DV-01, RFC 8628 §3.3)', async () => {
    const desk = await deskOf('operator')
    const ran = await byDevice(desk, (user_code) => connect(server, { user_code }, desk.person))
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`${server.issuer}/device`) })
    expect(ran.json()).toMatchObject({
      subject: desk.person.id,
      scopes: expect.arrayContaining(['users:write']),
    })
    expect((await desk.run(['whoami'])).stdout).toContain(desk.person.email)
  }, 60_000)

  test.each<[string, (desk: Desk, code: string) => Promise<unknown>, string]>([
    ['refused on the other device', (desk, code) => enterCode(desk.agent, code, 'abort'), 'was refused'],
    [
      'shown for too long',
      async () => {
        await server.database.prisma.token.updateMany({
          where: { kind: 'DeviceCode' },
          data: { expiresAt: new Date(Date.now() - 60_000) },
        })
      },
      'has expired',
    ],
  ])(
    'says so when the code was %s (RFC 8628 §3.5)',
    async (_, elsewhere, sentence) => {
      const desk = await deskOf('operator')
      const ran = await byDevice(desk, (code) => elsewhere(desk, code))
      expect(ran).toMatchObject({ code: 77, stdout: '', stderr: expect.stringContaining(sentence) })
      expect(existsSync(desk.file)).toBe(false)
    },
    60_000,
  )
})

describe('a sign-in', () => {
  test('is known as whom it is, by every instance', async () => {
    const desk = await deskOf('operator', 1)
    await desk.login()
    expect((await desk.run(['whoami', '--json'])).json()).toMatchObject({
      ...{ api: apiOf(server, 1), issuer: server.issuer, client_id: 'cardea-cli' },
      user: { id: desk.person.id, email: desk.person.email, role: 'operator' },
    })
    const lines = (await desk.run(['whoami'], { env: { CARDEA_API: '' } })).stdout
    expect(lines).toContain(desk.person.email)
  })

  test('is renewed by itself, once for two commands that need it at the same time', async () => {
    const desk = await deskOf('owner')
    await desk.login()
    const requests = () => server.log.filter((line) => line.includes('"route":"/token"')).length
    const here = (args: string[]) => desk.run(args)
    const apart = (args: string[]) => desk.spawn(args)
    for (const commands of [
      [here, here, here, here],
      [here, here, here, here],
      [apart, apart],
    ]) {
      const [before, had] = [tokensOf(desk), requests()]
      expire(desk)
      const ran = await Promise.all(commands.map((run) => run(['users', 'list', '--json'])))
      expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        commands.map(() => ({ code: 0, stderr: '' })),
      )
      expect(tokensOf(desk).refresh_token).not.toBe(before.refresh_token)
      // The server forgives a refresh token that is spent twice in a moment; it must not have to.
      expect(requests() - had).toBe(1)
    }
    expect(existsSync(`${desk.file}.lock`)).toBe(false)
  }, 60_000)

  test('survives a lock that a killed command left behind', async () => {
    const desk = await deskOf('owner')
    await desk.login()
    expire(desk)
    writeFileSync(`${desk.file}.lock`, 'nobody')
    utimesSync(`${desk.file}.lock`, new Date(0), new Date(0))
    expect((await desk.run(['users', 'list'])).code).toBe(0)
    expect(existsSync(`${desk.file}.lock`)).toBe(false)
  })

  test('that was ended on the server is over at the next command, which says how to begin again (AD-14)', async () => {
    const [boss, desk] = [await deskOf('owner'), await deskOf('operator')]
    await Promise.all([boss.login(), desk.login()])
    expect((await desk.run(['users', 'list'])).code).toBe(0)
    const ended = await boss.run(['users', 'revoke', desk.person.email, '--reason', 'test', '--json'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const ran = await desk.run(['users', 'list'])
    expect(ran).toMatchObject({
      code: 77,
      stdout: '',
      stderr: expect.stringContaining('has ended. Run: cardea login'),
    })
    expect(kept(desk).apis).toEqual({})
  })

  test('outlives trouble at the issuer: only its own word ends it', async () => {
    const desk = await deskOf('owner')
    await desk.login()
    expire(desk)
    const there = kept(desk)
    const atIssuer = (issuer: string): void => {
      const apis = { [desk.api]: { ...tokensOf(desk), issuer } }
      writeFileSync(desk.file, JSON.stringify({ ...there, apis }), { mode: 0o600 })
    }
    const troubled = createServer((request, response) => {
      const [, status, error] = /^\/(\d+)\/(\w*)/.exec(request.url ?? '') ?? []
      const issuer = `${origin}/${status ?? ''}/${error ?? ''}`
      const isToken = request.url?.endsWith('/token')
      response.writeHead(isToken ? Number(status) : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(isToken ? { error } : { issuer, token_endpoint: `${issuer}/token` }))
    })
    await new Promise<void>((resolve) => void troubled.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(troubled.address() as AddressInfo).port}`
    for (const [issuer, code] of [
      ['http://127.0.0.1:1', 75],
      [`${origin}/503/temporarily_unavailable`, 75],
      [`${origin}/400/invalid_target`, 77],
    ] as const) {
      atIssuer(issuer)
      expect(await desk.run(['users', 'list'])).toMatchObject({ code, stdout: '' })
      expect(tokensOf(desk).issuer).toBe(issuer)
    }
    troubled.close()
    writeFileSync(desk.file, JSON.stringify(there), { mode: 0o600 })
    expect(await desk.run(['users', 'list'])).toMatchObject({ code: 0 })
  })
})

describe('cardea logout', () => {
  test('ends the tokens on the server and forgets them', async () => {
    const desk = await deskOf('owner')
    await desk.login()
    const { access_token: token } = tokensOf(desk)
    expect(await desk.run(['logout'])).toMatchObject({ code: 0, stdout: `Signed out at ${desk.api}.\n` })
    expect(kept(desk)).toEqual({ apis: {} })
    const answer = await fetch(`${desk.api}/v1/users`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(401)
    expect((await desk.run(['logout', '--json'])).json()).toEqual({ api: desk.api, signed_out: false })
  })
})
