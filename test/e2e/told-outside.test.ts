import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sealAll } from '../../src/audit/index.ts'
import { addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createDesk } from '../integration/cli/desk.ts'
import type { Desk } from '../integration/cli/desk.ts'

type Heard = { id: string; signature: string; timestamp: string; body: string; type: string }

const closedPort = 'amqp://someone:hidden-password@127.0.0.1:1'
let server: TestServer
let desk: Desk
let receiver: Server
let url: string
const heard: Heard[] = []
let stopWorking: (() => Promise<void>) | undefined

beforeAll(async () => {
  receiver = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      const header = (name: string) => String(req.headers[name])
      heard.push({
        ...{ id: header('webhook-id'), signature: header('webhook-signature') },
        ...{ timestamp: header('webhook-timestamp'), body, type: (JSON.parse(body) as Heard).type },
      })
      res.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`
  server = await startTestServer({ env: { CARDEA_BROKER_URL: closedPort } })
  stopWorking = server.instances[0]?.startWorker()
  desk = await createDesk(server, 'owner')
  await desk.login()
}, 60_000)
afterAll(async () => {
  await stopWorking?.()
  await server.stop()
  desk.leave()
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    await sealAll(server.database)
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain; heard ${heard.map(({ type }) => type).join(', ')}`)
}

describe('an operator who wants to be told', () => {
  let id: string
  let secret: string

  test('registers a webhook by the command, tries it, and finds the attempt in the log', async () => {
    const made = await desk.run(['webhooks', 'create', url, '--type', 'user.*', '--json'])
    expect(made.code).toBe(0)
    ;({ webhook_id: id, secret } = made.json() as { webhook_id: string; secret: string })
    const tried = (await desk.run(['webhooks', 'test', id, '--json'])).json() as { message_id: string }
    await until(() => heard.length === 1)
    expect(heard[0]).toMatchObject({ id: tried.message_id, type: 'webhook.test' })
    const log = async () => (await desk.run(['webhooks', 'deliveries', id])).stdout
    await until(async () => (await log()).includes(tried.message_id))
    expect(await log()).toContain('204')
  })

  test('is told, signed, when a user is disabled, and of nothing that was not asked for', async () => {
    const ada = await addPerson(server)
    heard.length = 0
    expect((await desk.run(['users', 'disable', ada.email])).code).toBe(0)
    await until(() => heard.some(({ type }) => type === 'user.disabled'))
    const told = heard.find(({ type }) => type === 'user.disabled') as Heard
    expect(JSON.parse(told.body)).toMatchObject({ data: { user_id: ada.id } })
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    const text = `${told.id}.${told.timestamp}.${told.body}`
    expect(told.signature).toBe(`v1,${createHmac('sha256', key).update(text).digest('base64')}`)
    expect(heard.every(({ type }) => type.startsWith('user.'))).toBe(true)
  })

  test('sees in the log that the broker is away, but not its password; nobody else notices (FT-22)', async () => {
    await until(() => server.log.some((line) => line.includes('message broker')))
    expect(server.log.join('')).toContain('"reason":"refused"')
    expect(server.log.join('')).not.toContain('hidden-password')
    expect((await server.ask('/health/ready')).status).toBe(200)
  })

  test('rotates the secret, disables and deletes it', async () => {
    const rotated = await desk.run(['webhooks', 'rotate-secret', id, '--overlap', '1h', '--json'])
    expect((rotated.json() as { secret: string }).secret).not.toBe(secret)
    expect((await desk.run(['webhooks', 'update', id, '--disable'])).code).toBe(0)
    expect((await desk.run(['webhooks', 'list'])).stdout).toContain('disabled')
    expect((await desk.run(['webhooks', 'resume', id])).code).not.toBe(0)
    expect((await desk.run(['webhooks', 'update', id, '--enable'])).code).toBe(0)
    expect((await desk.run(['webhooks', 'show', id])).stdout).toContain('active')
    expect((await desk.run(['webhooks', 'delete', id, '--yes'])).code).toBe(0)
    expect((await desk.run(['webhooks', 'show', id])).code).not.toBe(0)
  })
})
