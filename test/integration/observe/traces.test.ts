import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { defineTask, enqueue, perform, startWorker } from '../../../src/queue/index.ts'
import { inSpan, startTracing } from '../../../src/tracing/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { expectNoSecretIn } from '../../support/issued-secrets.ts'
import { addClient, addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { redeem, signIn } from '../../support/sign-in.ts'
import { startTraceCollector } from '../../support/trace-collector.ts'
import type { CollectedSpan, TraceCollector } from '../../support/trace-collector.ts'

const troubles: string[] = []
const settings = { headers: { 'api-key': 'k3y' }, ratio: 1, role: 'test' }
const onTrouble = (reason: string): void => void troubles.push(reason)

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
let collector: TraceCollector
let stopTracing: (() => Promise<void>) | undefined
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_PROXIES: '127.0.0.0/8' } })
  client = await addClient(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())
afterEach(async () => {
  await stopTracing?.()
  stopTracing = undefined
  await collector.stop()
})

/** The spans that some work makes. */
async function spansOf(work: () => Promise<unknown>): Promise<CollectedSpan[]> {
  collector = await startTraceCollector()
  stopTracing = await startTracing({ endpoint: collector.url, ...settings, onTrouble })
  await work()
  await stopTracing()
  return collector.spans()
}

const attributesOf = ({ attributes }: CollectedSpan): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe('traces', () => {
  test('of a sign-in go from requests to statements, and hold no secret and nobody', async () => {
    const spans = await spansOf(async () => {
      const signedIn = await signIn(server, client, person)
      expect((await redeem(server, client, signedIn)).status).toBe(200)
    })
    const token = spans.find(({ name }) => name === 'POST /token')
    if (!token) throw new Error(spans.map(({ name }) => name).join(', '))
    expect(token).toMatchObject({ kind: 2 })
    expect(attributesOf(token)).toMatchObject({
      'http.route': '/token',
      'http.response.status_code': 200,
      'cardea.listener': 'public',
    })
    const below = spans.filter(({ parentSpanId }) => parentSpanId === token.spanId)
    expect(below.length).toBeGreaterThan(0)
    for (const span of below) {
      expect(span).toMatchObject({ kind: 3, traceId: token.traceId })
      expect(attributesOf(span)['db.system.name']).toBe('postgresql')
    }
    const steps = spans.filter(({ name }) => name === 'POST /interaction/:uid/login')
    expect(steps).toHaveLength(1)
    expect(spans.some(({ parentSpanId }) => parentSpanId === steps[0]?.spanId)).toBe(true)

    expectNoSecretIn(collector.bodies, 'the spans')
    const all = collector.bodies.join('\n')
    for (const said of [person.email, person.password, person.id, client.id, client.secret, 'k3y'])
      expect(all).not.toContain(said)
    expect(collector.headers[0]).toMatchObject({ 'api-key': 'k3y', 'content-type': 'application/json' })
    expect(troubles).toEqual([])
  })

  test('go on where a trusted proxy began, and nowhere else', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const trusted = await spansOf(() => server.ask('/jwks', { headers: { traceparent } }))
    expect(trusted.find(({ name }) => name === 'GET /jwks')).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
    })
    await collector.stop()
    const stranger = await startTestServer()
    try {
      const own = await spansOf(() => stranger.ask('/jwks', { headers: { traceparent } }))
      const span = own.find(({ name }) => name === 'GET /jwks')
      expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(span?.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c')
      expect(span?.parentSpanId ?? '').toBe('')
    } finally {
      await stranger.stop()
    }
  })

  test('a job lies below what asked for it, and a failed one is marked', async () => {
    const { database } = server
    const task = defineTask('greet', z.strictObject({ name: z.string() }), { maxAttempts: 1 })
    const spans = await spansOf(async () => {
      await inSpan({ name: 'asking' }, () =>
        database.transaction((tx) => enqueue(tx, task, { name: 'grace' })),
      )
      await new Promise<void>((resolve) => {
        const stop = startWorker({
          ...{ pool: database.pool, pollMs: 50, onTrouble: () => undefined },
          work: [
            perform(task, async () => {
              await database.prisma.user.count()
              throw new RangeError(`not today, ${person.email}`)
            }),
          ],
          onFailure: () => void setImmediate(() => void stop().then(resolve)),
        })
      })
    })
    const [asking, job] = ['asking', 'job greet'].map((name) => spans.find((span) => span.name === name))
    expect(job).toMatchObject({ traceId: asking?.traceId, parentSpanId: asking?.spanId, status: { code: 2 } })
    expect(job && attributesOf(job)).toMatchObject({ 'cardea.job.task': 'greet', 'error.type': 'RangeError' })
    expect(spans.some(({ parentSpanId }) => parentSpanId === job?.spanId)).toBe(true)
    expect(collector.bodies.join()).not.toContain('not today')
  })

  test('are lost without a collector that answers, and nothing else is', async () => {
    collector = await startTraceCollector({ answers: false })
    stopTracing = await startTracing({ endpoint: collector.url, ...settings, onTrouble })
    for (let nth = 0; nth < 30; nth += 1) expect((await server.ask('/jwks')).status).toBe(200)
    const startedAt = performance.now()
    await stopTracing()
    stopTracing = undefined
    expect(performance.now() - startedAt).toBeLessThan(4000)
    expect((await server.ask('/jwks')).status).toBe(200)
  })
})

test('nothing of it is loaded by a server without a collector; one with a collector tells it, and stops in time', async () => {
  const { url, drop } = await createTestDatabase()
  const preload = fileURLToPath(new URL('../../child/print-loaded.ts', import.meta.url))
  const command = ['--import', preload, 'src/main.ts']
  collector = await startTraceCollector()
  try {
    const env = await productionEnv(url)
    const without = await spawnServer(env, { command })
    await without.ready()
    expect((await without.ask('/jwks')).status).toBe(200)
    await without.stop()
    expect(without.output()).not.toContain('loaded @opentelemetry/sdk-trace')
    expect(without.output()).not.toContain('loaded @opentelemetry/exporter')

    const traced = await spawnServer({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, { command })
    await traced.ready()
    expect((await traced.ask('/jwks')).status).toBe(200)
    traced.kill('SIGTERM')
    expect(await traced.exited).toEqual({ code: 0, signal: null })
    expect(traced.output()).toContain('loaded @opentelemetry/sdk-trace')
    expect(collector.spans().map(({ name }) => name)).toContain('GET /jwks')
  } finally {
    await drop()
  }
})
