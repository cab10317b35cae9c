import { linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { EXIT as serverExit } from '../../../src/serve/index.ts'
import { EXIT } from '../../../src/cli/refusal.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { parseKeyring } from '../../../src/crypto/index.ts'
import { bin, cardea, cardeaHere } from './command.ts'

const verbs = [
  ...['serve', 'migrate', 'doctor', 'secrets generate', 'resource create'],
  ...['views list', 'views copy', 'views check'],
  ...['create', 'show', 'list', 'disable', 'enable', 'unlock', 'set-password', 'reset-totp', 'import'].map(
    (verb) => `user ${verb}`,
  ),
  ...['create', 'show', 'list', 'rotate-secret', 'delete'].map((verb) => `client ${verb}`),
]

describe('the command explains itself', () => {
  test.each(verbs)('%s has help with an example, and prints JSON if asked', async (verb) => {
    const { code, stdout } = await cardeaHere([...verb.split(' '), '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`\\nExample:\\n {2}\\$ .*cardea ${verb}`))
    // The server's output is its log, JSON already.
    expect(stdout.includes('--json')).toBe(verb !== 'serve')
  })

  test('no option takes a password or a key: arguments are public on a machine', async () => {
    for (const verb of verbs) {
      const { stdout } = await cardeaHere([...verb.split(' '), '--help'])
      expect(stdout).not.toMatch(/--(\w+-)*(password|secret|key|keyring)(?!-)[ =]*</)
    }
  })

  test('docs/operate.md names every verb', () => {
    const page = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8')
    for (const verb of verbs) expect(page).toContain(`cardea ${verb}`)
  })
})

describe('exit codes', () => {
  test.each([
    ['nothing', []],
    ['a verb that does not exist', ['serv']],
    ['half a verb', ['user']],
    ['an option that does not exist', ['doctor', '--quick']],
    ['a missing argument', ['user', 'show']],
    ['one argument too many', ['user', 'show', 'a@example.com', 'b@example.com']],
    ['a role that does not exist', ['user', 'create', 'a@example.com', '--role', 'king']],
    ['a number out of range', ['user', 'list', '--limit', '0']],
  ])('%s is 64', async (_, args) => {
    expect(await cardeaHere(args)).toMatchObject({ code: 64, stdout: '' })
  })

  test('a database that is not there is 69, and a configuration that cannot be read 78', async () => {
    const gone = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }
    expect(await cardea(['user', 'list', '--json'], { env: gone })).toMatchObject({ code: 69, stdout: '' })
    const wrong = await cardeaHere(['user', 'list', '--json'], { env: { DATABASE_URL: 'mysql://x/y' } })
    expect(wrong).toMatchObject({ code: 78, stdout: '' })
    expect(JSON.parse(wrong.stderr)).toEqual({
      error: 'configuration',
      message: expect.stringContaining('DATABASE_URL'),
    })
  })

  test('keys in the environment without a database are no reason to use the development database', async () => {
    const half = { CARDEA_KEYRING: 'x', CARDEA_DATA_DIR: '/nowhere' }
    const refused = await cardeaHere(['user', 'list'], { env: half })
    expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('DATABASE_URL: is missing') })
  })

  test('mean the same to the server and to the other verbs', () => {
    expect(serverExit).toEqual({
      ok: EXIT.ok,
      failed: EXIT.failed,
      usage: EXIT.usage,
      unavailable: EXIT.database_unavailable,
      config: EXIT.configuration,
    })
  })
})

test('secrets generate gives keys that production takes, new ones each time', async () => {
  const { stdout } = await cardeaHere(['secrets', 'generate'])
  const keys = Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=')),
  ) as Record<string, string>
  const env = {
    ...keys,
    CARDEA_ISSUER: 'https://id.example.com',
    DATABASE_URL: 'postgresql://cardea:pw@db/cardea',
  }
  expect(parseConfig(env, { defaultMode: 'production', readFile: String, parseKeyring })).toMatchObject({
    ok: true,
  })
  expect((await cardeaHere(['secrets', 'generate'])).stdout).not.toBe(stdout)
})

describe('bin/cardea.js', () => {
  test('runs by itself, and knows its version', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    const PATH = `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}`
    expect(execFileSync(bin, ['--version'], { encoding: 'utf8', env: { PATH } })).toBe(`${version}\n`)
  })

  test('hands over to the installed Node where its own runs no TypeScript, exit code and all', () => {
    const folder = path.join(path.dirname(bin), '..', '.cache', `old-node-${process.pid}`)
    mkdirSync(folder, { recursive: true })
    try {
      // Another file, so that it is not taken for the installed one; and told not to strip types.
      const old = path.join(folder, 'node')
      linkSync(process.execPath, old)
      const run = (...args: string[]) =>
        spawnSync(old, ['--no-experimental-strip-types', bin, ...args], { encoding: 'utf8', env: {} })
      expect(run('secrets', 'generate').stdout).toMatch(/^CARDEA_KEYRING=/)
      expect(run('nonsense').status).toBe(64)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
