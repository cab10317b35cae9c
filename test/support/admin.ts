import { randomBytes, randomUUID } from 'node:crypto'
import Koa from 'koa'
import { pino } from 'pino'
import { createAdminApi, describeProblem } from '../../src/admin/index.ts'
import type { AdminDeps, Bearer } from '../../src/admin/index.ts'
import { ADMIN_SCOPES } from '../../src/clients/index.ts'
import { createSealer, digest } from '../../src/crypto/index.ts'
import { connectDatabase, isStorageTrouble } from '../../src/db/index.ts'
import type { Database, Role } from '../../src/db/index.ts'
import * as house from '../../src/http/index.ts'
import { createUser } from '../../src/users/index.ts'
import type { User } from '../../src/users/index.ts'
import { compare } from './admin-document.ts'
import type { Seen } from './admin-document.ts'
import { createTestDatabase } from './database.ts'
import { send } from './http-client.ts'
import { expectNoSecretLeft } from './issued-secrets.ts'
import type { Answer } from './http-client.ts'

export type AdminAsk = {
  method?: string
  token?: string | undefined
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: string
  headers?: Record<string, string>
  /** Which instance; the first unless told otherwise. */
  instance?: number
}

export type AdminStage = {
  database: Database
  /** Asks, and compares the answer with the OpenAPI document. */
  ask(path: string, ask?: AdminAsk): Promise<Answer>
  /** An access token with these scopes: of a machine, or of a person when there is a role or a user. */
  token(bearer?: Partial<Bearer>): string
  addUser(input?: { role?: Role | null; email?: string; name?: string; verified?: boolean }): Promise<User>
  /** What a failing database does to every request until it is lifted. */
  breakStorage(broken: boolean): void
  log: string[]
  /** The documented answers seen so far, by operation. */
  seen: Seen
  /** The ids of requests that changed something, in order. */
  changed: string[]
  stop(): Promise<void>
}

const root = new URL('../..', import.meta.url).pathname

/** The admin API on free ports of 127.0.0.1, over one database. Access tokens are decided here: the engine is not part of this stage. */
export async function startAdmin({
  instances = 1,
  perMinute = 1_000_000,
  hasMail = false,
  acceptsNewcomers = true,
} = {}): Promise<AdminStage> {
  const own = await createTestDatabase()
  const tokens = new Map<string, Bearer>()
  const sealer = createSealer([randomBytes(32)])
  const keys = [randomBytes(32)]
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) })
  const assets = house.createAssets(`${root}public`)
  const render = house.createRenderer({ viewsDir: `${root}views`, assets })
  const seen: Seen = new Map()
  const changed: string[] = []
  let broken = false

  const readBearer: AdminDeps['readBearer'] = (_database, token) =>
    broken
      ? Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }))
      : Promise.resolve(tokens.get(token) ?? null)

  const started = await Promise.all(
    Array.from({ length: instances }, async () => {
      const database = connectDatabase({
        url: own.url,
        poolMax: 10,
        connectTimeoutMs: 5000,
        statementTimeoutMs: 5000,
        lockTimeoutMs: 4000,
        idleInTransactionTimeoutMs: 10_000,
      })
      const app = new Koa()
      app.silent = true
      const stack = [
        house.requestContext({ logger, trustedProxies: [] }),
        house.securityHeaders({ secure: false, profileOf: () => 'data' }),
        house.errorHandler({
          isUnavailable: isStorageTrouble,
          renderError: () => '',
          describe: describeProblem,
          logger,
        }),
        house.opsHostGuard(['ops.example']),
        house.malformedGuard(),
        house.serveAssets(assets.find),
        ...createAdminApi({
          ...{ database, sealer, keys, readBearer, render },
          issuer: 'http://localhost:3000',
          signedSeconds: 600,
          requestsPerMinute: perMinute,
          outboundAllow: ['hooks.internal', '10.1.0.0/16'],
          hasMail,
          acceptsNewcomers,
        }),
      ]
      for (const one of stack) app.use(one)
      const listener = await house.listen(app, { host: '127.0.0.1', port: 0 })
      return { database, listener, port: Number(new URL(listener.url).port) }
    }),
  )
  const [first] = started
  if (!first) throw new Error('no instance was started')
  const { database } = first

  return {
    database,
    log,
    seen,
    changed,
    async ask(path, { method, token, json, body, headers = {}, instance = 0 } = {}) {
      const content = json === undefined ? body : JSON.stringify(json)
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const answer = await send({ port: started[instance]?.port ?? 0, host: '127.0.0.1' }, path, {
        ...(method !== undefined && { method }),
        ...(content !== undefined && { body: content }),
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(json !== undefined && { 'content-type': type }),
          ...headers,
        },
      })
      compare(method ?? (content === undefined ? 'GET' : 'POST'), path, answer, seen)
      if (answer.status < 300 && method !== 'GET' && answer.headers['idempotency-replayed'] === undefined)
        changed.push(String(answer.headers['x-request-id']))
      return answer
    },
    token(bearer = {}) {
      const token = randomBytes(32).toString('base64url')
      const isPerson = bearer.role !== undefined || bearer.userId !== undefined
      tokens.set(token, {
        handle: `tok_${digest(token).toString('base64url')}`,
        digest: digest(token),
        clientId: 'machine',
        clientScopes: [...ADMIN_SCOPES],
        userId: isPerson ? randomUUID() : null,
        role: null,
        scopes: [...ADMIN_SCOPES],
        sessionUid: null,
        grantId: null,
        acr: isPerson ? 'urn:cardea:acr:mfa' : null,
        expiresAt: new Date(Date.now() + 600_000),
        ...bearer,
      })
      return token
    },
    async addUser({
      role = null,
      email = `${randomUUID()}@example.com`,
      name = 'Pat',
      verified = true,
    } = {}) {
      const created = await createUser(database.prisma, { email, name, role, emailVerified: verified })
      if (!created.ok) throw new Error(created.reason)
      return created.user
    },
    breakStorage: (now) => void (broken = now),
    async stop() {
      await expectNoSecretLeft({ database, log }, async () => {
        await Promise.all(started.map(({ listener }) => listener.close(0)))
        await Promise.all(started.map(({ database: each }) => each.close()))
        await own.drop()
      })
    },
  }
}
