import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Journal, Tale } from './journal.ts'

export type ReceiverMood = 'answers' | 'hangs' | 'fails' | 'refuses'

export type Receiver = {
  /** Where the relying party with this name is told of logouts. */
  addressOf(client: string): string
  /** Where the webhook is told of everything else. */
  webhook: string
  behave(mood: ReceiverMood): void
  stop(): Promise<void>
}

/** The relying parties' end of back-channel logout, and a webhook: writes down what it was told and what it answered. */
export async function startReceiver(journal: Journal): Promise<Receiver> {
  let mood: ReceiverMood = 'answers'
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('error', () => undefined)
    request.on('end', () => {
      const status = { answers: 200, hangs: null, fails: 500, refuses: null }[mood]
      const path = (request.url ?? '').slice(1)
      const heard = { at: journal.now(), status }
      if (path === WEBHOOK)
        journal.add({ type: 'told', id: String(request.headers['webhook-id']), ...taleIn(body), ...heard })
      else journal.add({ type: 'notice', client: path, sid: sidIn(body), ...heard })
      if (status !== null) response.writeHead(status).end()
    })
  })
  server.on('connection', (socket) => {
    if (mood === 'refuses') socket.resetAndDestroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    addressOf: (client) => `${origin}/${client}`,
    webhook: `${origin}/${WEBHOOK}`,
    behave: (now) => void (mood = now),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const WEBHOOK = 'webhook'

function sidIn(form: string): string {
  const token = new URLSearchParams(form).get('logout_token') ?? ''
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(claims || '{}') as { sid?: string }).sid ?? ''
}

function taleIn(body: string): Tale {
  const { type, data } = JSON.parse(body) as {
    type: string
    data: { user_id?: string; detail: { reason?: string } }
  }
  return { event: type, user: data.user_id ?? '', reason: data.detail.reason ?? null }
}
