import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { sealEvents } from '../../src/audit/index.ts'
import { createHands, startWorker } from '../../src/queue/index.ts'
import { askForSignalPushes, pushSignals } from '../../src/signals/index.ts'
import { ensureSigningKeys } from '../../src/oidc/index.ts'
import { signSecurityEvent } from '../../src/oidc/security-events.ts'
import { bearer } from './http-client.ts'
import type { Answer } from './http-client.ts'
import { addClient, machineClient } from './people.ts'
import { askToken } from './sign-in.ts'
import type { Tokens } from './sign-in.ts'
import type { TestServer } from './server.ts'

export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
export const RISC = 'https://schemas.openid.net/secevent/risc/event-type/'
export const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'
export const ALL_EVENTS = [
  ...['session-revoked', 'token-claims-change', 'credential-change', 'assurance-level-change'].map(
    (name) => CAEP + name,
  ),
  `${CAEP}session-established`,
  ...['account-credential-change-required', 'account-purged', 'account-disabled', 'account-enabled'].map(
    (name) => RISC + name,
  ),
  `${RISC}recovery-activated`,
  `${RISC}recovery-information-changed`,
]

type App = Awaited<ReturnType<typeof addClient>>
export type Receiver = { client: App; token: string; ask: (path: string, ask?: Sent) => Promise<Answer> }
type Sent = { method?: string; json?: unknown; headers?: Record<string, string>; token?: string }
export type StreamDocument = {
  stream_id: string
  iss: string
  aud: string
  events_supported: string[]
  events_requested: string[]
  events_delivered: string[]
  delivery: { method: string; endpoint_url: string }
  min_verification_interval: number
  description?: string
}

/** A client with a token for its streams. */
export async function addReceiver(
  server: TestServer,
  { scope = 'ssf.read ssf.manage', client }: { scope?: string; client?: App } = {},
): Promise<Receiver> {
  const own = client ?? (await addClient(server, { metadata: { ...machineClient, scope } }))
  const answer = await askToken(server, own, { grant_type: 'client_credentials', scope })
  if (answer.status !== 200) throw new Error(answer.text)
  const token = answer.json<Tokens>().access_token
  return {
    ...{ client: own, token },
    ask: (path, { method, json, headers = {}, token: other = token } = {}) =>
      server.ask(path, {
        method: method ?? (json === undefined ? 'GET' : 'POST'),
        headers: {
          ...bearer(other),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
      }),
  }
}

/** A relying party that is a receiver, too: one client. Its ID tokens have a sid. */
export function addListeningApp(server: TestServer): Promise<App> {
  return addClient(server, {
    metadata: {
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: 'openid profile email offline_access ssf.read ssf.manage',
      backchannel_logout_uri: 'https://rp.example/logout',
      backchannel_logout_session_required: true,
    },
  })
}

export async function addStream(receiver: Receiver, input: object = {}): Promise<StreamDocument> {
  const answer = await receiver.ask('/ssf/stream', { json: { events_requested: ALL_EVENTS, ...input } })
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.json<StreamDocument>()
}

/** Everything that happened until now becomes final, as the sealing job does it once a second. */
export async function settle({ database }: TestServer): Promise<void> {
  for (let more = true; more;) ({ more } = await sealEvents(database))
}

export type Polled = { sets: Record<string, string>; moreAvailable?: boolean }

/** One poll that does not wait. */
export async function pollOnce(
  receiver: Receiver,
  { stream_id: id }: StreamDocument,
  json: object = {},
): Promise<Polled> {
  const answer = await receiver.ask(`/ssf/poll/${id}`, { json: { returnImmediately: true, ...json } })
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
  return answer.json<Polled>()
}

export type Told = JWTPayload & {
  sub_id: Record<string, unknown>
  events: Record<string, Record<string, unknown>>
  toe: number
  txn: string
}

const publishedKeys = new WeakMap<TestServer, JSONWebKeySet>()

/** Verified as a receiver does it: by the transmitter's published keys, its issuer, the stream's audience and the type. */
export async function verified(server: TestServer, receiver: Receiver, token: string): Promise<Told> {
  const keys = publishedKeys.get(server) ?? (await server.ask('/jwks')).json<JSONWebKeySet>()
  publishedKeys.set(server, keys)
  const { payload } = await jwtVerify<Told>(token, createLocalJWKSet(keys), {
    ...{ issuer: server.issuer, audience: receiver.client.id, typ: 'secevent+jwt', algorithms: ['RS256'] },
  })
  return payload
}

/** What was told, and acknowledged: in the order in which it was. */
export async function hear(server: TestServer, receiver: Receiver, stream: StreamDocument): Promise<Told[]> {
  await settle(server)
  const told: Told[] = []
  for (let more = true; more;) {
    const { sets, moreAvailable } = await pollOnce(receiver, stream)
    for (const token of Object.values(sets)) told.push(await verified(server, receiver, token))
    await pollOnce(receiver, stream, { ack: Object.keys(sets), maxEvents: 0 })
    more = moreAvailable === true
  }
  return told
}

export const typesOf = (told: readonly Told[]) =>
  told.map(({ events }) => Object.keys(events).map((type) => type.split('/').at(-1))[0])

export type Pushed = { headers: IncomingHttpHeaders; body: string }

/** A receiver's own end of push delivery: writes down what it is sent, and answers 202 unless told otherwise. */
export async function startPushReceiver() {
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      const one = { headers: req.headers, body }
      receiver.pushed.push(one)
      const answer = receiver.answer(one)
      if (answer === 'hang') return
      res.writeHead(answer.status, answer.headers).end(answer.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  type Says = { status: number; headers?: Record<string, string>; text?: string } | 'hang'
  const receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    pushed: [] as Pushed[],
    answer: ((_one: Pushed) => ({ status: 202 })) as (one: Pushed) => Says,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

/** Every instance pushes. Resolves to how to stop, and to a wait that asks for turns until it holds. */
export async function startPushing(server: TestServer, { allow = ['127.0.0.1'] } = {}) {
  const { sealer, issuer } = server
  const keys = await ensureSigningKeys({ database: server.database, sealer })
  const stops = server.instances.map(({ database }) =>
    startWorker({
      ...{ pool: database.pool, pollMs: 100, graceMs: 500 },
      work: [
        pushSignals({
          ...{ database, sealer, issuer, levels: [], outboundAllow: allow, onOutcome: () => undefined },
          hands: createHands(4),
          sign: (claims) => signSecurityEvent(keys, claims),
        }),
      ],
      onFailure: () => undefined,
      onTrouble: () => undefined,
    }),
  )
  return {
    async until(holds: () => boolean | Promise<boolean>): Promise<void> {
      for (const end = Date.now() + 15_000; Date.now() < end;) {
        await settle(server)
        await Promise.all(server.instances.map(({ database }) => askForSignalPushes(database)))
        if (await holds()) return
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      throw new Error('waited in vain')
    },
    stop: async () => {
      for (const stop of stops) await stop()
    },
  }
}
