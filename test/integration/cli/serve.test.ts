import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomSecret } from '../../../src/crypto/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { bin, cardea, cardeaHere } from './command.ts'

let env: Record<string, string>
let drop: () => Promise<void>
let server: ChildProcess
let log = ''
beforeAll(async () => {
  const database = await createTestDatabase()
  drop = database.drop
  const [port, opsPort] = [await freePort(), await freePort()]
  env = {
    CARDEA_ISSUER: `http://localhost:${port}`,
    CARDEA_HOST: '127.0.0.1',
    CARDEA_PORT: String(port),
    CARDEA_OPS_PORT: String(opsPort),
    CARDEA_KEYRING: randomSecret(),
    CARDEA_COOKIE_KEYS: randomSecret(),
    DATABASE_URL: database.url,
  }
})
afterAll(async () => {
  if (server.exitCode === null) server.kill('SIGKILL')
  await drop()
})

type Findings = { ok: boolean; findings: { what: string; ok: boolean; said: string; remedy?: string }[] }
const examine = async (args: string[], changed: Record<string, string> = {}) => {
  const { code, json } = await cardeaHere(['doctor', '--json', ...args], { env: { ...env, ...changed } })
  const { findings } = json() as Findings
  return {
    code,
    bad: findings.filter(({ ok }) => !ok),
    well: findings.filter(({ ok }) => ok).map(({ what }) => what),
  }
}

test('before the first start the doctor misses nothing but the server', async () => {
  const { code, bad, well } = await examine([])
  expect(code).toBe(1)
  expect(bad).toEqual([{ what: 'server', ok: false, said: expect.any(String), remedy: expect.any(String) }])
  expect(bad[0]?.said).toContain('ECONNREFUSED')
  expect(well).toEqual(['configuration', 'database', 'clock', 'migrations', 'signing keys', 'queue', 'audit'])
  expect((await examine(['--before-start'])).code).toBe(0)
})

test('serve starts in production mode, and the doctor finds everything well', async () => {
  await start()
  const { code, stdout, stderr } = await cardea(['doctor'], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^ok {4}configuration {2}complete, production mode$/m)
  expect(stdout).toMatch(/^ok {4}signing keys {3}3 readable$/m)
  expect(stdout).toMatch(/^ok {4}key rotation {3}.*RS256 89 days left/m)
  expect(stdout.match(/^ok {2}/gm)).toHaveLength(10)
})

test('the health check of the image asks the running server, and fails without one', async () => {
  const image = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8')
  const [node, ...args] = JSON.parse(/HEALTHCHECK[^[]*(\[.*\])/.exec(image)?.[1] ?? '[]') as string[]
  expect(node).toBe('node')
  const check = async (port: string): Promise<number> => {
    const child = spawn(process.execPath, args, { env: { CARDEA_PORT: port }, stdio: 'ignore' })
    const [code] = (await once(child, 'exit')) as [number]
    return code
  }
  expect(await check(env['CARDEA_PORT'] ?? '')).toBe(0)
  expect(await check(String(await freePort()))).toBe(1)
})

test('the doctor says what is wrong, and what to do', async () => {
  const keys = await examine([], { CARDEA_KEYRING: randomSecret() })
  expect(keys.bad).toEqual([
    {
      what: 'signing keys',
      ok: false,
      said: '3 cannot be opened with this CARDEA_KEYRING',
      remedy: expect.stringContaining('back into CARDEA_KEYRING'),
    },
  ])
  const issuer = `http://127.0.0.1:${env['CARDEA_PORT'] ?? ''}`
  const host = await examine([], { CARDEA_ISSUER: issuer })
  expect(host.bad[0]).toMatchObject({
    what: 'discovery',
    remedy: expect.stringContaining('CARDEA_TRUSTED_PROXIES'),
  })
  const database = await examine(['--before-start'], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' })
  expect(database).toMatchObject({ code: 1, well: ['configuration'] })
  const configuration = await examine([], { CARDEA_KEYRING: '', CARDEA_PROT: '1' })
  expect(configuration.bad[0]?.remedy).toMatch(
    /CARDEA_PROT: .*Did you mean CARDEA_PORT.*CARDEA_KEYRING: is missing/s,
  )
})

test('serve refuses a key ring that does not open the signing keys, in a sentence', async () => {
  const other = { CARDEA_PORT: '0', CARDEA_OPS_PORT: '0', CARDEA_KEYRING: randomSecret() }
  const refused = await cardea(['serve'], { env: { ...env, ...other } })
  expect(refused.code).toBe(78)
  expect(refused.stderr).toMatch(/CARDEA_KEYRING/)
  expect(refused.stderr).not.toMatch(/\bat .*\.ts:/)
})

test('serve ends with 0 when it is told to stop, and its log holds no secret (FT-08)', async () => {
  server.kill('SIGTERM')
  const [code] = (await once(server, 'exit')) as [number]
  expect(code).toBe(0)
  const lines = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string })
  expect(lines.at(-1)?.msg).toBe('stopping')
  for (const name of ['CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS', 'DATABASE_URL'])
    expect(log).not.toContain(env[name])
})

async function start(): Promise<void> {
  server = spawn(process.execPath, [bin, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  server.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()))
  for (let tries = 0; tries < 100 && !log.includes('"ready"'); tries += 1) await sleep(100)
  expect(log).toContain('"ready"')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
