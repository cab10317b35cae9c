import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { record, recordAll, sealEvents } from '../../../src/audit/index.ts'
import type { AuditType } from '../../../src/audit/index.ts'
import { createSealer } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { askForPushes, pushToWebhooks } from '../../../src/events/webhooks/push.ts'
import { testWebhooks } from '../../../src/events/webhooks/test-delivery.ts'
import { createHands, startWorker } from '../../../src/queue/index.ts'
import {
  askForTest,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  listDeliveries,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from '../../../src/receivers/index.ts'
import { createTestDatabase } from '../../support/database.ts'

type Heard = { id: string; timestamp: string; signature: string; body: string; type: string }

jest.setTimeout(180_000)

const sealer = createSealer([randomBytes(32)])
let databases: Database[]
let database: Database
let drop: () => Promise<void>
let receiver: Server
let url: string
let heard: Heard[]
let answer: (heard: Heard) => { status: number; headers?: Record<string, string> }
let hold: () => Promise<void>
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  const options = {
    ...{ url: made.url, poolMax: 8, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  }
  databases = [connectDatabase(options), connectDatabase(options)]
  database = databases[0] as Database
  heard = []
  stops = []
  hold = () => Promise.resolve()
  answer = () => ({ status: 204 })
  receiver = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      const header = (name: string) => String(req.headers[name])
      const one = {
        ...{
          id: header('webhook-id'),
          timestamp: header('webhook-timestamp'),
          signature: header('webhook-signature'),
        },
        ...{ body, type: (JSON.parse(body) as { type: string }).type },
      }
      heard.push(one)
      const { status, headers } = answer(one)
      void hold().then(() => res.writeHead(status, headers).end())
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
})
afterEach(async () => {
  for (const stop of stops) await stop()
  for (const one of databases) await one.close()
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
  await drop()
})

function work({ allow = ['127.0.0.1'], hands = createHands(4) } = {}): void {
  for (const one of databases) {
    const deps = { database: one, sealer, outboundAllow: allow, onOutcome: () => undefined }
    stops.push(
      startWorker({
        ...{ pool: one.pool, pollMs: 100, graceMs: 500, concurrency: 3 },
        work: [pushToWebhooks({ ...deps, hands }), testWebhooks(deps)],
        onFailure: () => undefined,
        onTrouble: () => undefined,
      }),
    )
  }
}

async function happen(...types: AuditType[]): Promise<void> {
  const events = types.map((type) => ({ type, userId: 'alice', ip: '203.0.113.9', detail: {} }))
  await recordAll(database.prisma, events)
  for (let seal = true; seal;) seal = (await sealEvents(database)).more
}

async function register(eventTypes = ['*']): Promise<{ id: string; secret: string }> {
  const { rows } = await database.pool.query<{ settled: string }>('SELECT settled::text FROM audit_chain')
  const from = rows[0]?.settled ?? '0'
  const { endpoint, secret } = await database.transaction((tx) =>
    createWebhookEndpoint({ tx, sealer }, { url, eventTypes, from }),
  )
  return { id: endpoint.id, secret }
}

/** Asks for turns until it holds, as the background does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    await Promise.all(databases.map((one) => askForPushes(one)))
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  throw new Error(`waited in vain; heard ${JSON.stringify(heard.map(({ type }) => type))}`)
}

/** So many attempts were made and are dealt with. */
const tried = (id: string, times: number) =>
  until(async () => (await listDeliveries(database.prisma, { endpointId: id, limit: 10 })).length === times)
const types = () => heard.map(({ type }) => type)
const stateOf = async (id: string) => (await findWebhookEndpoint({ db: database.prisma, sealer }, id))?.state
const due = (id: string) =>
  database.pool.query("UPDATE webhook_endpoints SET next_attempt_at = now() - interval '1 s' WHERE id = $1", [
    id,
  ])

function signatureOf(secret: string, { id, timestamp, body }: Heard): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

describe('webhooks (Standard Webhooks 1.0)', () => {
  test('an endpoint hears of what happens from then on, in its order, signed; by two instances together once', async () => {
    await happen('user.created')
    const { id, secret } = await register()
    work()
    await happen('user.disabled', 'user.enabled', 'user.disabled')
    await until(() => heard.length >= 3)
    await happen('user.enabled')
    await tried(id, 4)
    expect(types()).toEqual(['user.disabled', 'user.enabled', 'user.disabled', 'user.enabled'])
    for (const one of heard) expect(one.signature).toBe(signatureOf(secret, one))
    expect(new Set(heard.map((one) => one.id)).size).toBe(4)
    expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({
      type: 'user.disabled',
      data: { user_id: 'alice' },
    })
    expect(heard[0]?.body).not.toContain('203.0.113.9')
    await until(
      async () => (await listDeliveries(database.prisma, { endpointId: id, limit: 10 })).length === 4,
    )
  })

  test('it hears of the types it asked for, and of no others', async () => {
    await register(['user.*', 'consent.granted'])
    work()
    await happen('client.created', 'user.disabled', 'consent.denied', 'consent.granted', 'user.enabled')
    await until(() => heard.length >= 3)
    expect(types()).toEqual(['user.disabled', 'consent.granted', 'user.enabled'])
  })

  test('what it did not ask for is passed by the page, not with a write for each', async () => {
    await database.pool.query(`
      CREATE TABLE places (cursor bigint);
      CREATE FUNCTION note_place() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO places VALUES (NEW.cursor); RETURN NEW; END $$;
      CREATE TRIGGER note_place AFTER UPDATE ON webhook_endpoints FOR EACH ROW
        WHEN (NEW.cursor > OLD.cursor) EXECUTE FUNCTION note_place()`)
    const { id } = await register(['user.disabled'])
    const crowd = Array.from({ length: 250 }, () => 'token.issued' as const)
    await happen(...crowd, 'user.disabled', ...crowd, 'user.disabled')
    work()
    await tried(id, 2)
    expect(types()).toEqual(['user.disabled', 'user.disabled'])
    const { rows } = await database.pool.query<{ cursor: string }>('SELECT cursor FROM places')
    // Six pages of a hundred, and around each message one more.
    expect(rows.length).toBeGreaterThan(2)
    expect(rows.length).toBeLessThan(15)
  })

  test('what it does not take is sent again, with the same id and a new time, before anything that came later (FT-22)', async () => {
    const { id } = await register()
    answer = () => ({ status: heard.length < 3 ? 500 : 200 })
    work()
    await happen('user.disabled', 'user.enabled')
    await tried(id, 1)
    expect(await stateOf(id)).toBe('failing')
    await due(id)
    await tried(id, 2)
    await due(id)
    await tried(id, 4)
    expect(types()).toEqual(['user.disabled', 'user.disabled', 'user.disabled', 'user.enabled'])
    expect(new Set(heard.map((one) => one.id)).size).toBe(2)
    expect(await stateOf(id)).toBe('active')
    const log = await listDeliveries(database.prisma, { endpointId: id, limit: 10 })
    expect(log.map(({ status, error }) => [status, error])).toEqual([
      [200, null],
      [200, null],
      [500, 'http_500'],
      [500, 'http_500'],
    ])
  })

  test('one that is down for hours loses nothing, and holds up nobody else', async () => {
    const { id } = await register()
    answer = () => ({ status: 503 })
    work()
    await happen('user.disabled')
    await tried(id, 1)
    await happen(...Array.from({ length: 250 }, (): AuditType => 'user.updated'))
    answer = () => ({ status: 200 })
    heard = []
    const { id: other } = await register()
    await happen('user.enabled')
    await until(
      async () => (await listDeliveries(database.prisma, { endpointId: other, limit: 5 })).length === 1,
    )
    heard = []
    await due(id)
    await until(() => heard.length === 252)
    expect(types()).toEqual(['user.disabled', ...Array<string>(250).fill('user.updated'), 'user.enabled'])
  })

  test('after a rotation messages carry both signatures, until the old secret ends', async () => {
    const { id, secret } = await register()
    const rotate = (overlapSeconds: number, now?: Date) =>
      database.transaction((tx) =>
        rotateWebhookSecret({ tx, sealer }, { id, overlapSeconds, ...(now ? { now } : {}) }),
      )
    const second = await rotate(3600)
    work()
    await happen('user.disabled')
    await until(() => heard.length === 1)
    const first = heard[0] as Heard
    expect(first.signature.split(' ')).toEqual([signatureOf(second ?? '', first), signatureOf(secret, first)])
    const third = await rotate(0)
    await happen('user.enabled')
    await until(() => heard.length === 2)
    const last = heard[1] as Heard
    expect(last.signature).toBe(signatureOf(third ?? '', last))
    const { rows } = await database.pool.query<{ sealed: string }>(
      'SELECT sealed_secrets AS sealed FROM webhook_endpoints',
    )
    expect(rows[0]?.sealed).not.toContain('whsec_')
  })

  test('410 ends it; five days without a success pause it; an operator lets it go on from where it was', async () => {
    const { id } = await register()
    answer = () => ({ status: 500 })
    work()
    await happen('user.disabled')
    await tried(id, 1)
    await database.pool.query("UPDATE webhook_endpoints SET failing_since = now() - interval '6 days'")
    await due(id)
    await until(async () => (await stateOf(id)) === 'paused')
    answer = () => ({ status: 200 })
    await database.transaction((tx) => updateWebhookEndpoint({ tx, sealer }, id, { patch: { resume: true } }))
    await tried(id, 3)
    expect(await stateOf(id)).toBe('active')
    answer = () => ({ status: 410 })
    await happen('user.enabled')
    await until(async () => (await stateOf(id)) === 'disabled')
    const { rows } = await database.pool.query(
      "SELECT type, detail->>'error' AS error, actor_via AS via FROM audit_events WHERE detail->>'webhook' = $1 ORDER BY id",
      [id],
    )
    expect(rows).toEqual([
      { type: 'webhook.paused', error: 'http_500', via: 'system' },
      { type: 'webhook.disabled', error: 'http_410', via: 'system' },
    ])
  })

  test('a test message is sent once, whatever it asked for and however it does, and changes nothing but the log', async () => {
    const { id, secret } = await register(['user.disabled'])
    await database.pool.query(
      'UPDATE webhook_endpoints SET paused_at = now(), failing_since = now(), failures = 2',
    )
    work()
    const ask = () => database.transaction((tx) => askForTest(tx, id))
    const messages = [await ask()]
    await until(() => heard.length === 1)
    answer = () => ({ status: 410 })
    messages.push(await ask())
    const log = () => listDeliveries(database.prisma, { endpointId: id, limit: 10 })
    await until(async () => (await log()).length === 2)
    expect((await log()).map(({ messageId, error }) => [messageId, error])).toEqual([
      [messages[1], 'http_410'],
      [messages[0], null],
    ])
    expect(heard.map((one) => one.id)).toEqual(messages)
    for (const one of heard) expect(one.signature).toBe(signatureOf(secret, one))
    expect(types()).toEqual(['webhook.test', 'webhook.test'])
    expect(await stateOf(id)).toBe('paused')
  })

  test('private addresses are not asked unless the operator allows them (server-side request forgery)', async () => {
    const { id } = await register()
    work({ allow: [] })
    await happen('user.disabled')
    await until(async () => (await stateOf(id)) === 'failing')
    expect(heard).toEqual([])
    expect(await listDeliveries(database.prisma, { endpointId: id, limit: 1 })).toMatchObject([
      { status: null, error: 'blocked' },
    ])
  })

  test('a redirect is no delivery, and is not followed', async () => {
    const { id } = await register()
    answer = () => ({ status: 302, headers: { location: `${url}/elsewhere` } })
    work()
    await happen('user.disabled')
    await until(async () => (await stateOf(id)) === 'failing')
    expect(heard).toHaveLength(1)
  })

  test('one that is moved while a batch goes out hears the rest at its new address, with its new secret, and the old one no more', async () => {
    const { id } = await register()
    let moved: Promise<unknown> = Promise.resolve()
    const paths: string[] = []
    receiver.on('request', ({ url: path = '' }: { url?: string }) => paths.push(path))
    const move = () =>
      database.transaction(async (tx) => {
        await updateWebhookEndpoint({ tx, sealer }, id, { patch: { url: `${url}/new` } })
        return rotateWebhookSecret({ tx, sealer }, { id, overlapSeconds: 0 })
      })
    hold = async () => {
      if (heard.length === 1) moved = move()
      await moved
    }
    await happen('user.disabled', 'user.enabled', 'user.updated')
    work()
    await until(() => heard.length >= 4)
    const secret = String(await moved)
    // What was under way at the old one is told the new one as well.
    expect(paths).toEqual(['/hook', '/hook/new', '/hook/new', '/hook/new'])
    expect(types()).toEqual(['user.disabled', 'user.disabled', 'user.enabled', 'user.updated'])
    for (const one of heard.slice(1)) expect(one.signature).toBe(signatureOf(secret, one))
  })

  test.each(['deleted', 'disabled'])(
    'one that is %s while a batch goes out hears nothing more',
    async (how) => {
      const { id } = await register()
      hold = async () => {
        if (how === 'deleted') await database.transaction((tx) => deleteWebhookEndpoint(tx, id))
        else
          await database.transaction((tx) =>
            updateWebhookEndpoint({ tx, sealer }, id, { patch: { disabled: true } }),
          )
      }
      // Whatever its last answer says, it says nothing about what it is now.
      answer = () => ({ status: 410 })
      await happen('user.disabled', 'user.enabled')
      work()
      await until(() => heard.length === 1)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(heard).toHaveLength(1)
      const { rows } = await database.pool.query("SELECT FROM audit_events WHERE type = 'webhook.disabled'")
      expect(rows).toHaveLength(0)
      const { rows: failed } = await database.pool.query(
        'SELECT FROM graphile_worker._private_jobs WHERE attempts > 0 AND locked_at IS NULL',
      )
      expect(failed).toHaveLength(0)
    },
  )

  test('one that was disabled is told what it missed, unless that is to be left out', async () => {
    const { id } = await register()
    const set = (patch: object, skipTo?: string) =>
      database.transaction((tx) => updateWebhookEndpoint({ tx, sealer }, id, { patch, skipTo }))
    await set({ disabled: true })
    await happen('user.disabled')
    await set({ disabled: false })
    work()
    await until(() => heard.length === 1)
    await until(async () => (await stateOf(id)) === 'active')
    await set({ disabled: true })
    await happen('user.enabled')
    const { rows } = await database.pool.query<{ settled: string }>('SELECT settled::text FROM audit_chain')
    await set({ disabled: false }, rows[0]?.settled)
    await happen('user.updated')
    await until(() => heard.length >= 2)
    expect(types()).toEqual(['user.disabled', 'user.updated'])
  })

  test('a failure that was made good a moment ago does not count for the next one in the same batch', async () => {
    const { id } = await register()
    await happen('user.disabled', 'user.enabled')
    await database.pool.query(
      "UPDATE webhook_endpoints SET failures = 9, failing_since = now() - interval '6 days'",
    )
    answer = () => ({ status: heard.length === 1 ? 200 : 500 })
    work()
    await until(
      async () => (await listDeliveries(database.prisma, { endpointId: id, limit: 9 })).length === 2,
    )
    expect(await stateOf(id)).toBe('failing')
  })

  test('the networks of those that are slowed down are told to nobody', async () => {
    await register()
    const detail = { kind: 'password.network', failures: 9, seconds: 900, network: '203.0.113.9/32' }
    await record(database.prisma, { type: 'throttle.blocked', ip: '203.0.113.9', detail })
    await happen()
    work()
    await until(() => heard.length === 1)
    expect(heard[0]?.body).toContain('password.network')
    expect(heard[0]?.body).not.toContain('203.0.113')
  })

  test('receivers have so many hands of a process and no more; whoever finds none comes a second later', async () => {
    await register()
    await register()
    const hands = createHands(1)
    let open = 0
    let most = 0
    hold = async () => {
      most = Math.max(most, (open += 1))
      await new Promise((resolve) => setTimeout(resolve, 300))
      open -= 1
    }
    await happen('user.disabled')
    work({ hands })
    await until(() => heard.length === 2)
    expect(most).toBe(1)
  })

  test('a turn that failed for a reason of ours is tried again within seconds, whatever its pause has grown to', async () => {
    await register()
    await happen('user.disabled')
    await askForPushes(database)
    await database.pool.query(
      "UPDATE graphile_worker._private_jobs SET attempts = 20, run_at = now() + interval '6 hours', last_error = 'x'",
    )
    await askForPushes(database)
    const { rows } = await database.pool.query(
      "SELECT run_at < now() + interval '10 s' AS soon, attempts FROM graphile_worker._private_jobs",
    )
    expect(rows).toEqual([{ soon: true, attempts: 0 }])
  })
})
