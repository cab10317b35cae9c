import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { adminRoutes } from '../../../src/admin/routes.ts'
import type { Route } from '../../../src/admin/frame/route.ts'
import { ADMIN_SCOPES } from '../../../src/clients/index.ts'
import { mac } from '../../../src/crypto/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminAsk, AdminStage } from '../../support/admin.ts'
import { document, statusesOf } from '../../support/admin-document.ts'
import { matrix } from './matrix.ts'
import { scenarios } from './scenarios/index.ts'

let stage: AdminStage
let all: string

beforeAll(async () => {
  stage = await startAdmin()
  all = stage.token()
})
afterAll(() => stage.stop())

const takesContent = ({ method }: Route): boolean => ['POST', 'PUT', 'PATCH'].includes(method)
const pathOf = ({ path }: Route): string =>
  `/v1${path.replaceAll(/:\w+/g, '00000000-0000-4000-8000-000000000000')}`
const byName = adminRoutes.map((route) => [route.operationId, route] as const)

function askRoute(route: Route, ask: AdminAsk = {}, query = '') {
  const match = route.ifMatch === true ? { 'if-match': '*' } : {}
  return stage.ask(`${pathOf(route)}${query}`, {
    method: route.method,
    ...(takesContent(route) && ask.body === undefined && { json: {} }),
    ...ask,
    headers: { ...match, ...ask.headers },
  })
}

/** Asks with an idempotency key whose first request has not ended. */
async function askWhileRunning(route: Route) {
  const key = randomUUID()
  const caller = JSON.stringify(['machine', null])
  const digest = Buffer.from(mac(Buffer.from('cardea/idempotency-key/v1'), caller, key), 'base64url')
  await stage.database.prisma.$executeRaw`
    INSERT INTO idempotency_keys (digest, fingerprint, expires_at)
    VALUES (${digest}, ${digest}, now() + interval '1 hour')`
  return askRoute(route, { token: all, json: route.example ?? {}, headers: { 'idempotency-key': key } })
}

/** Asks by a caller who has asked too often already. */
async function askTooOften(route: Route) {
  const clientId = `busy-${randomUUID()}`
  const caller = JSON.stringify([clientId, null])
  await stage.database.prisma.adminRequestWindow.create({
    data: { caller, startedAt: new Date(), requests: 1_000_000 },
  })
  return askRoute(route, { token: stage.token({ clientId }) })
}

async function askWithoutStorage(route: Route) {
  stage.breakStorage(true)
  try {
    return await askRoute(route, { token: all })
  } finally {
    stage.breakStorage(false)
  }
}

/** What every route of its kind answers with, once. */
async function askWrongly(route: Route): Promise<void> {
  await askRoute(route)
  await askRoute(route, { token: stage.token({ scopes: [] }) })
  await askRoute(route, { token: all }, '?no_such_parameter=1')
  await askTooOften(route)
  await askWithoutStorage(route)
  if (route.idempotent) await askWhileRunning(route)
  if (route.ifMatch === true) await askRoute(route, { token: all, headers: { 'if-match': '' } })
  if (!takesContent(route)) return
  await askRoute(route, { token: all, json: { isAdmin: true } })
  await askRoute(route, { token: all, body: 'x', headers: { 'content-type': 'text/plain' } })
  await askRoute(route, { token: all, json: { isAdmin: 'x'.repeat(70_000) } })
}

describe('the table of routes', () => {
  test('every route has its entry in the matrix, and no entry is left over (AD-02)', () => {
    expect(Object.fromEntries(adminRoutes.map((route) => [route.operationId, route.scope]))).toEqual(matrix)
  })

  test('no two routes share a name or an address', () => {
    const names = adminRoutes.map(({ operationId }) => operationId)
    const addresses = adminRoutes.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(addresses).size).toBe(addresses.length)
  })
})

describe('the OpenAPI document', () => {
  test('lints clean under the recommended rules', async () => {
    const served = await stage.ask('/v1/openapi.json')
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: served.text, config })
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    )
  })

  test('is the one that is compared with every answer', async () => {
    const served = await stage.ask('/v1/openapi.json')
    expect({ ...served.json(), components: null }).toMatchObject({ paths: document.paths })
  })

  test('has the page for people, without scripts and under the strict policy', async () => {
    const page = await stage.ask('/docs')
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.text).not.toMatch(/<script|style=|javascript:/i)
    for (const { operationId } of adminRoutes) expect(page.text).toContain(`id="${operationId}"`)
  })
})

describe.each(byName)('%s', (operationId, route) => {
  test('is reached by its scope and by no other (AD-02)', async () => {
    for (const scope of ADMIN_SCOPES) {
      const answer = await askRoute(route, { token: stage.token({ scopes: [scope] }) })
      const reached = answer.status !== 401 && answer.status !== 403
      expect({ scope, reached }).toEqual({ scope, reached: scope === matrix[operationId] })
    }
  })

  test('takes no caller without a token, and no person without a second factor (AD-01)', async () => {
    const nobody = await askRoute(route)
    expect(nobody.status).toBe(401)
    expect(nobody.headers['www-authenticate']).toMatch(
      /^Bearer realm="urn:cardea:api:admin", resource_metadata=/,
    )
    const single = stage.token({ role: 'owner', acr: 'urn:cardea:acr:pwd' })
    const person = await askRoute(route, { token: single })
    expect(person.status).toBe(401)
    expect(person.headers['www-authenticate']).toContain('error="insufficient_user_authentication"')
    expect(person.headers['www-authenticate']).toContain('acr_values="urn:cardea:acr:mfa"')
  })

  test('refuses parameters and content that it does not know, at the right place', async () => {
    expect((await askRoute(route, { token: all }, '?no_such_parameter=1')).status).toBe(400)
    if (!takesContent(route)) return
    const unknown = await askRoute(route, { token: all, json: { isAdmin: true, consumed_at: null } })
    expect(unknown.status).toBe(422)
    const { errors } = unknown.json<{ errors: { pointer: string }[] }>()
    expect(errors.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/isAdmin', '/consumed_at']))
    const text = { 'content-type': 'text/plain' }
    expect((await askRoute(route, { token: all, body: '{}', headers: text })).status).toBe(415)
    const json = { 'content-type': 'application/json' }
    const long = JSON.stringify({ reason: 'x'.repeat(70_000) })
    expect((await askRoute(route, { token: all, body: long, headers: json })).status).toBe(413)
    for (const body of ['{', '[1', '"\\ud800"', '{"a":"\\u0000"}', '['.repeat(3000)])
      expect((await askRoute(route, { token: all, body, headers: json })).status).toBe(400)
    for (const body of ['[]', 'null', '1', '{"__proto__":{"a":1}}'])
      expect((await askRoute(route, { token: all, body, headers: json })).status).toBe(422)
  })

  test('answers 405 with Allow to another method', async () => {
    const method = ['PUT', 'TRACE', 'PROPFIND'].find(
      (one) => !adminRoutes.some((other) => other.path === route.path && other.method === one),
    )
    const answer = await stage.ask(pathOf(route), { method: method ?? 'TRACE', token: all })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toContain(route.method)
  })

  if (route.ifMatch === true)
    test('is not done without If-Match (AD-10)', async () => {
      const answer = await stage.ask(pathOf(route), {
        method: route.method,
        token: all,
        ...(takesContent(route) && { json: {} }),
      })
      expect(answer.status).toBe(428)
    })

  if (route.idempotent)
    test('says so while the first request with the same key is running (AD-09)', async () => {
      const answer = await askWhileRunning(route)
      expect({ status: answer.status, type: answer.json()['type'] }).toEqual({
        status: 409,
        type: 'urn:cardea:problem:request_in_progress',
      })
    })

  test('answers 503 with Retry-After when storage fails, and does nothing', async () => {
    const answer = await askWithoutStorage(route)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('answers 429 with Retry-After to who asks too often (AD-16)', async () => {
    const answer = await askTooOften(route)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  test(`gives every answer that it documents${route.changes ? ', and is recorded (AD-13)' : ''}`, async () => {
    const scenario = scenarios[operationId]
    if (!scenario) throw new Error(`write a scenario for ${operationId} in test/integration/admin/scenarios`)
    const before = stage.changed.length
    await scenario(stage, all)
    if (route.changes) {
      const last = stage.changed.slice(before).at(-1)
      const recorded = await stage.database.prisma.auditEvent.count({ where: { requestId: last ?? 'none' } })
      expect(recorded).toBeGreaterThan(0)
    }
    await askWrongly(route)
    expect([...(stage.seen.get(operationId) ?? [])].sort()).toEqual(statusesOf(operationId).sort())
  })
})

test('examples are what the schemas take', () => {
  for (const { operationId, example, body, success } of adminRoutes) {
    const given = example === undefined ? { success: true } : body.safeParse(example)
    expect({ operationId, given: given.success }).toEqual({ operationId, given: true })
    if (success.schema === undefined || success.example === undefined) continue
    const shown = success.schema.safeParse(
      Array.isArray(success.example) ? { items: success.example, next_cursor: null } : success.example,
    )
    expect({ operationId, shown: shown.success }).toEqual({ operationId, shown: true })
  }
})
