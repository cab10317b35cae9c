import { randomBytes } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, request, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import Koa, { type Middleware } from 'koa'
import {
  allowMethods,
  errorHandler,
  type HeaderProfile,
  hostGuard,
  listen,
  type Listener,
  malformedGuard,
  requestContext,
  requestDeadline,
  securityHeaders,
} from '../../../src/http/index.ts'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface Stack {
  url: string
  port: number
  listener: Listener
  /** Everything logged, as lines of JSON. */
  log: string[]
  /** Sends one request with exactly these headers; Host defaults to the issuer's. */
  send: (
    path: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string },
  ) => Promise<Answer>
  /** Writes bytes to a fresh connection and returns all that comes back until it is closed. */
  raw: (bytes: string) => Promise<string>
}

interface Options {
  issuer?: string
  trustedProxies?: string[]
  routes?: Record<string, string[]>
  profileOf?: (path: string) => HeaderProfile
  deadlineMs?: number
  middleware?: Middleware[]
  beforeGuards?: Middleware[]
}

/** What errors mean to the stack under test. */
export class StorageTrouble extends Error {}

export const csrfKeys = [randomBytes(32)]

/** Starts the middleware of the house in its order, in front of the handlers given. The issuer may name `PORT`. */
export async function startStack({
  issuer = 'http://127.0.0.1:PORT',
  trustedProxies = [],
  routes = {},
  profileOf,
  deadlineMs = 5000,
  middleware = [],
  beforeGuards = [],
}: Options = {}): Promise<Stack> {
  const log: string[] = []
  const write = (fields: object, message?: string): void =>
    void log.push(JSON.stringify({ ...fields, message }))
  const logger = { info: write, warn: write, error: write }
  const app = new Koa()
  app.silent = true
  // The issuer holds the port, which is known only once we listen; the app is complete before the first request.
  let handle: RequestListener = () => undefined
  const listener = await listen((req, res) => handle(req, res), { host: '127.0.0.1', port: 0 })
  const port = Number(new URL(listener.url).port)
  const origin = issuer.replace('PORT', String(port))

  app.use(requestContext({ logger, trustedProxies, routes: Object.keys(routes) }))
  app.use(securityHeaders({ secure: origin.startsWith('https'), ...(profileOf && { profileOf }) }))
  app.use(
    errorHandler({
      isUnavailable: (error) => error instanceof StorageTrouble,
      renderError: (_, page) =>
        `<!doctype html><title>${page.title.key}</title><p>${page.message.key} ${page.reference}</p>`,
      logger,
    }),
  )
  for (const each of beforeGuards) app.use(each)
  app.use(hostGuard(origin, { logger }))
  app.use(malformedGuard())
  app.use(allowMethods(routes))
  app.use(requestDeadline({ ms: deadlineMs }))
  for (const each of middleware) app.use(each)
  const callback = app.callback()
  handle = (req, res) => void callback(req, res)
  return {
    url: listener.url,
    port,
    listener,
    log,
    raw: (bytes) => sendRaw(port, bytes),
    send: sender(port, origin),
  }
}

function sender(port: number, origin: string): Stack['send'] {
  const agent = new Agent({ keepAlive: false })
  return (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const defaults = { host: new URL(origin).host }
      const outgoing = request({
        host: '127.0.0.1',
        port,
        path,
        method,
        agent,
        headers: { ...defaults, ...headers },
      })
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.once('error', reject)
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      })
      outgoing.once('error', reject)
      outgoing.end(body)
    })
}

function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (received += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
    socket.write(bytes, 'latin1')
  })
}
