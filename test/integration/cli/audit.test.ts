import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkpointSigner, signCheckpoint } from '../../../src/audit/index.ts'
import { randomSecret } from '../../../src/crypto/index.ts'
import { ensureSigningKeys } from '../../../src/oidc/index.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { cardea, cardeaHere } from './command.ts'

const keyring = randomSecret()
let server: TestServer
/** As on an operator's shell beside the database, and as where the server runs. */
let env: NodeJS.ProcessEnv
let withKeys: NodeJS.ProcessEnv
beforeAll(async () => {
  const own = { CARDEA_KEYRING: keyring, CARDEA_COOKIE_KEYS: randomSecret() }
  server = await startTestServer({ env: own })
  env = { DATABASE_URL: server.databaseUrl }
  withKeys = { ...env, ...own, CARDEA_ISSUER: 'https://id.example.com' }
  await cardeaHere(['user', 'create', 'ada@example.com', '--generate-password'], { env })
  await cardeaHere(['user', 'disable', 'ada@example.com'], { env })
})
afterAll(() => server.stop())

type Event = { id: string; type: string; actor?: { via: string } }

describe('cardea audit', () => {
  test('tells of what the command itself did that the command did it', async () => {
    const { code, stdout } = await cardeaHere(['audit', 'export', '--type', 'user.'], { env })
    expect(code).toBe(0)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event)
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ['user.created', { via: 'cli' }],
      ['user.disabled', { via: 'cli' }],
    ])
  })

  test('exports a span of time, about one user, behind an event, as lines for programs', async () => {
    const lines = async (...args: string[]) => {
      const { stdout } = await cardeaHere(['audit', 'export', ...args], { env })
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Event & { user_id?: string })
    }
    const all = await lines()
    expect(all.length).toBeGreaterThan(4)
    const [last] = all.slice(-1)
    expect(await lines('--from', '2020-01-01', '--to', '2020-01-02T00:00:00Z')).toEqual([])
    expect(await lines('--from', '2020-01-01')).toEqual(all)
    expect(await lines('--after-id', last?.id ?? '')).toEqual([])
    const ada = last?.user_id ?? ''
    expect(await lines('--user', ada)).toEqual(all.filter(({ user_id: user }) => user === ada))
    for (const wrong of ['yesterday', '2026-13-01', '2026-11-01T00:00:00+01:00'])
      expect((await cardeaHere(['audit', 'export', '--from', wrong], { env })).code).toBe(64)
  })

  test('verifies the chain and its signatures, with the key ring and without', async () => {
    const { sealer, database } = server
    const keys = await ensureSigningKeys({ database, sealer })
    await cardeaHere(['audit', 'head'], { env })
    await signCheckpoint(database, checkpointSigner(keys), { always: true })
    const proven = await cardea(['audit', 'verify'], { env: withKeys })
    expect(proven).toMatchObject({ code: 0, stderr: '' })
    expect(proven.stdout).toMatch(
      /^ok {2}\d+ events, none touched; 1 checkpoint, signed up to position \d+\n {4}head {2}\d+:[0-9a-f]{64}\n$/,
    )
    const unproven = await cardeaHere(['audit', 'verify'], { env })
    expect(unproven.code).toBe(0)
    expect(unproven.stdout).toContain('Without CARDEA_KEYRING')
    const json = (await cardeaHere(['audit', 'verify', '--json'], { env: withKeys })).json()
    expect(json).toMatchObject({ ok: true, checkpoints: 1, keys_proven: true })
    const otherRing = { ...withKeys, CARDEA_KEYRING: randomSecret() }
    const stranger = await cardeaHere(['audit', 'verify'], { env: otherRing })
    expect(stranger.code).toBe(1)
    expect(stranger.stdout).toContain('CARDEA_KEYRING does not open')
  })

  test('verifies against a head noted earlier, and says by exit code 1 what was touched first (AD-13)', async () => {
    const head = (await cardeaHere(['audit', 'head'], { env })).stdout.trim()
    await cardeaHere(['user', 'enable', 'ada@example.com'], { env })
    const verify = (...args: string[]) => cardeaHere(['audit', 'verify', ...args], { env })
    expect((await verify('--head', head)).code).toBe(0)
    expect((await verify('--head', head.replace(/:./, ':x'))).code).toBe(64)
    const other = head.replace(/:(.)/, (_, digit: string) => (digit === '0' ? ':1' : ':0'))
    expect(await verify('--head', other)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('BROKEN'),
    })
    const client = await server.database.pool.connect()
    await client.query("SET session_replication_role = 'replica'")
    await client.query(`UPDATE audit_events SET actor_via = 'system' WHERE type = 'user.disabled'`)
    client.release(true)
    const broken = await verify()
    expect(broken).toMatchObject({ code: 1, stderr: '' })
    expect(broken.stdout).toMatch(/^BROKEN {2}position \d+, event \d+: was edited: .*\.\n$/)
    expect((await verify('--json')).json()).toMatchObject({ ok: false, problem: 'event_edited' })
    // Nothing new can be sealed any more; that is not what is told.
    await server.database.pool.query('UPDATE audit_chain SET position = 1')
    await cardeaHere(['user', 'disable', 'ada@example.com'], { env })
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('BROKEN') })
    expect((await cardeaHere(['audit', 'head'], { env })).code).toBe(1)
  })
})
