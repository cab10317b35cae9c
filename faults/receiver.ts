import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Journal } from './journal.ts'

export type ReceiverMood = 'answers' | 'hangs' | 'fails' | 'refuses'

export type Receiver = {
  /** Where the relying party with this name is told of logouts. */
  addressOf(client: string): string
  behave(mood: ReceiverMood): void
  stop(): Promise<void>
}

/** The relying parties' end of back-channel logout: writes down whom it was told about and what it answered. */
export async function startReceiver(journal: Journal): Promise<Receiver> {
  let mood: ReceiverMood = 'answers'
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('error', () => undefined)
    request.on('end', () => {
      const token = new URLSearchParams(body).get('logout_token') ?? ''
      const { sid = '' } = JSON.parse(
        Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}',
      ) as { sid?: string }
      const status = { answers: 200, hangs: null, fails: 500, refuses: null }[mood]
      const client = (request.url ?? '').slice(1)
      journal.add({ type: 'notice', client, sid, at: journal.now(), status })
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
    behave: (now) => void (mood = now),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
