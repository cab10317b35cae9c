import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { connect } from 'amqplib'
import type { Channel, ChannelModel } from 'amqplib'
import { recordAll, sealEvents } from '../../../src/audit/index.ts'
import type { AuditType } from '../../../src/audit/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { askForRelay, relayToBroker } from '../../../src/events/broker/relay.ts'
import { startWorker } from '../../../src/queue/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { createRabbitMq, noRabbitMq } from '../../support/rabbitmq.ts'
import type { RabbitMq } from '../../support/rabbitmq.ts'

type Told = {
  id: string
  type: string
  subject?: string
  source: string
  time: string
  data: { detail: { n: number } }
}

const issuer = 'https://id.example.com'
let names = { exchange: '', queue: '' }
let tests = 0
jest.setTimeout(300_000)

let databases: Database[]
let database: Database
let drop: () => Promise<void>
let stops: (() => Promise<void>)[]
let troubles: string[]

beforeEach(async () => {
  tests += 1
  names = { exchange: `cardea.events.${tests}`, queue: `cardea.events.${tests}` }
  const made = await createTestDatabase()
  drop = made.drop
  const options = {
    ...{ url: made.url, poolMax: 8, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  }
  databases = [connectDatabase(options), connectDatabase(options)]
  database = databases[0] as Database
  stops = []
  troubles = []
  await askForRelay(database)
})
afterEach(async () => {
  for (const stop of stops) await stop()
  for (const one of databases) await one.close()
  await drop()
})

/** Two instances, each with a worker and a relay. */
function relay(
  url: string,
  { queue = names.queue, ...options }: { queue?: string | null; patienceMs?: number } = {},
): void {
  for (const one of databases) {
    const relaying = relayToBroker({
      ...{ database: one, issuer, broker: { url, exchange: names.exchange, queue } },
      ...options,
      onOutcome: () => undefined,
      onTrouble: (reason) => troubles.push(reason),
    })
    const stop = startWorker({
      ...{ pool: one.pool, pollMs: 100, graceMs: 500, work: [relaying.work] },
      onFailure: () => undefined,
      onTrouble: () => undefined,
    })
    stops.push(async () => {
      await stop()
      await relaying.close()
    })
  }
}

let count = 0
async function happen(number: number, type: AuditType = 'user.updated'): Promise<void> {
  const events = Array.from({ length: number }, () => {
    count += 1
    return { type, userId: ['alice', 'bob', 'carol'][count % 3], ip: '203.0.113.9', detail: { n: count } }
  })
  await recordAll(database.prisma, events)
  for (let seal = true; seal;) seal = (await sealEvents(database)).more
}

/** Asks for turns, as the background does, and lets no pause after a failure be longer than the test's patience. */
async function until(holds: () => boolean | Promise<boolean>, seconds = 40): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    await Promise.all(databases.map((one) => askForRelay(one)))
    await database.pool.query(
      "UPDATE broker_relay SET next_attempt_at = now() WHERE next_attempt_at > now() + interval '500 ms'",
    )
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`waited in vain; troubles: ${[...new Set(troubles)].join(', ')}`)
}

const place = async () => {
  const { rows } = await database.pool.query<{ done: boolean; error: string | null; since: Date | null }>(
    `SELECT cursor >= (SELECT max(id) FROM audit_events) AS done, last_error AS error, failing_since AS since FROM broker_relay`,
  )
  return rows[0]
}
const allIsTold = async () => (await place())?.done === true

/** Without those that were seen before: as a consumer does that keeps the ids. */
function once(told: readonly Told[]): Told[] {
  return told.filter(({ id }, index) => told.findIndex((other) => other.id === id) === index)
}

function numbersOf(told: readonly Told[], subject: string): number[] {
  return told.filter((one) => one.subject === subject).map(({ data }) => data.detail.n)
}

const inOrder = (numbers: number[]) => [...numbers].sort((a, b) => a - b)

function expectEverythingInOrder(told: Told[], first: number, last: number): void {
  const seen = once(told)
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  expect(inOrder(seen.map(({ data }) => data.detail.n))).toEqual(all)
  for (const subject of ['alice', 'bob', 'carol']) {
    const numbers = numbersOf(seen, subject)
    expect(numbers).toEqual(inOrder(numbers))
    expect(numbers.length).toBeGreaterThan(0)
  }
}

describe('without a broker', () => {
  test('a broker that is not there holds nothing up: what happens is kept in the audit, and why it waits is known (FT-22)', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    relay(`amqp://someone:secret@127.0.0.1:${port}`)
    await happen(3)
    await until(() => troubles.length >= 3)
    expect(new Set(troubles)).toEqual(new Set(['refused']))
    expect(await place()).toMatchObject({ done: false, error: 'refused', since: expect.any(Date) })
  })

  test('a server that takes the connection and says nothing is given up', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      relay(`amqp://127.0.0.1:${(server.address() as { port: number }).port}`)
      await happen(1)
      await until(() => troubles.length > 0)
      expect(troubles[0]).toBe('timeout')
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

const withBroker = noRabbitMq === null ? describe : describe.skip
if (noRabbitMq !== null) process.stderr.write(`Left out, the relay to a real broker: ${noRabbitMq}.\n`)

withBroker('with RabbitMQ', () => {
  let rabbit: RabbitMq
  let connection: ChannelModel | undefined

  beforeAll(async () => {
    rabbit = await createRabbitMq()
    await rabbit.start()
  })
  afterAll(() => rabbit.remove())
  afterEach(async () => {
    await connection?.close().catch(() => undefined)
    connection = undefined
  })

  async function consumer(): Promise<Channel> {
    if (!connection) {
      connection = await connect(rabbit.url)
      connection.on('error', () => undefined)
      connection.on('close', () => void (connection = undefined))
    }
    return connection.createChannel()
  }

  /** Takes all that is in the queue. */
  async function drain(queue = names.queue): Promise<Told[]> {
    const channel = await consumer()
    const told: Told[] = []
    for (;;) {
      const message = await channel.get(queue, { noAck: true })
      if (!message) return told
      expect(message.properties.contentType).toBe('application/cloudevents+json; charset=utf-8')
      expect(message.properties.deliveryMode).toBe(2)
      told.push(JSON.parse(message.content.toString()) as Told)
    }
  }

  test('everything that happens is told, in a CloudEvents envelope, in order for each subject, by two instances together once', async () => {
    const first = count + 1
    relay(rabbit.url)
    await happen(450)
    await until(allIsTold)
    const told = await drain()
    expect(told).toHaveLength(450)
    expectEverythingInOrder(told, first, count)
    expect(told[0]).toMatchObject({
      ...{ specversion: '1.0', source: issuer, type: 'user.updated', datacontenttype: 'application/json' },
      ...{ id: expect.stringMatching(/^evt_\d+$/), time: expect.stringMatching(/Z$/) },
    })
    expect(told[0]?.data).toMatchObject({ user_id: told[0]?.subject })
    expect(JSON.stringify(told)).not.toContain('203.0.113.9')
  })

  test('what it declares outlives the broker, and the event’s type is the routing key', async () => {
    const channel = await consumer()
    await channel.assertExchange(names.exchange, 'topic', { durable: true })
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, names.exchange, 'user.disabled')
    relay(rabbit.url)
    await happen(2)
    await happen(1, 'user.disabled')
    await until(allIsTold)
    expect((await drain(queue)).map(({ type }) => type)).toEqual(['user.disabled'])
    expect(await drain()).toHaveLength(3)
  })

  test('a broker that is killed in the middle loses nothing: some are told twice, with the same id, and the order holds (FT-22)', async () => {
    const first = count + 1
    relay(rabbit.url)
    await happen(100)
    await until(async () => (await place())?.done === true)
    const writing = (async () => {
      for (let i = 0; i < 60; i += 1) await happen(20)
    })()
    await until(async () => (await drainedCount()) > 300)
    await rabbit.kill()
    await writing
    await until(() => troubles.length > 1)
    await rabbit.start()
    const isBack = await until(allIsTold, 60).then(
      () => true,
      () => false,
    )
    if (!isBack && rabbit.log().includes('leader not known')) {
      // RabbitMQ 3.10 may bring a quorum queue back from a kill -9 without a leader, for good, and then confirms nothing: that much is its own.
      // Ours is to know that it was not told, to say so, and to keep what waits.
      process.stderr.write('RabbitMQ did not bring its own queue back: that all arrives was not looked at.\n')
      expect(await place()).toMatchObject({ done: false, error: expect.any(String), since: expect.any(Date) })
      return
    }
    expect(isBack).toBe(true)
    expectEverythingInOrder(await drain(), first, count)
  })

  async function drainedCount(): Promise<number> {
    const channel = await consumer()
    return (await channel.checkQueue(names.queue)).messageCount
  }

  test('a broker that was away from the start is told all of it once it is there', async () => {
    await rabbit.kill()
    const first = count + 1
    relay(rabbit.url)
    await happen(250)
    await until(() => troubles.length >= 2)
    await happen(250)
    await rabbit.start()
    await until(allIsTold, 150)
    const told = await drain()
    expectEverythingInOrder(told, first, count)
    expect(await place()).toMatchObject({ error: null, since: null })
  })

  test('a broker that takes messages and confirms nothing is given up, and told again when it answers', async () => {
    relay(rabbit.url, { patienceMs: 1500 })
    const first = count + 1
    await happen(3)
    await until(allIsTold)
    rabbit.freeze()
    try {
      await happen(50)
      await until(() => troubles.includes('lost'))
      expect(await allIsTold()).toBe(false)
    } finally {
      rabbit.thaw()
    }
    await until(allIsTold)
    expectEverythingInOrder(await drain(), first, count)
  })

  test('where operators bind queues of their own, what none of them takes keeps nothing back', async () => {
    relay(rabbit.url, { queue: null })
    await happen(2)
    await until(allIsTold)
    expect(troubles).toEqual([])
    const channel = await consumer()
    await channel.assertQueue(names.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.bindQueue(names.queue, names.exchange, '#')
    await happen(1)
    await until(allIsTold)
    expect(once(await drain())).toHaveLength(1)
  })

  test('a full queue that takes no more is waited for', async () => {
    const channel = await consumer()
    await channel.assertExchange(names.exchange, 'topic', { durable: true })
    await channel.assertQueue(names.queue, {
      durable: true,
      arguments: { 'x-queue-type': 'classic', 'x-max-length': 5, 'x-overflow': 'reject-publish' },
    })
    await channel.bindQueue(names.queue, names.exchange, '#')
    const first = count + 1
    relay(rabbit.url, { queue: null })
    await happen(30)
    await until(() => troubles.includes('not_confirmed'))
    const told: Told[] = []
    await until(async () => {
      told.push(...(await drain()))
      return allIsTold()
    })
    told.push(...(await drain()))
    expectEverythingInOrder(told, first, count)
  })

  test('wrong credentials and a queue of another kind are told apart', async () => {
    relay(rabbit.url.replace('guest:guest', 'guest:wrong'))
    await happen(1)
    await until(() => troubles.length > 0)
    expect(troubles[0]).toBe('denied')
    for (const stop of stops) await stop()
    stops = []
    troubles = []
    const channel = await consumer()
    await channel.assertQueue(names.queue, { durable: false })
    relay(rabbit.url)
    await until(() => troubles.length > 0)
    expect(troubles[0]).toBe('topology')
  })
})
