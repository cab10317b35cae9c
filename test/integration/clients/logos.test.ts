import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import {
  claimLogo,
  deleteClient,
  findLogo,
  logoStatus,
  settleLogo,
  updateClient,
} from '../../../src/clients/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { fetchLogos } from '../../../src/jobs/index.ts'
import { startWorker } from '../../../src/queue/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { openTestDatabase } from '../../support/database.ts'
import { png } from '../../support/pictures.ts'

let database: Database
let close: () => Promise<void>
let server: Server
let logoUri: string
let served: Buffer | number
let asked: number
beforeAll(async () => {
  const own = await openTestDatabase({ poolMax: 6 })
  database = own.database
  close = own.close
  server = createServer((_req, res) => {
    asked += 1
    if (typeof served === 'number') res.writeHead(served).end()
    else res.end(served)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  logoUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logo`
})
beforeEach(async () => {
  served = png(64, 64)
  asked = 0
  await database.prisma.client.deleteMany()
  await database.prisma.clientLogo.deleteMany()
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await close()
})

const withLogo = () => madeClient({ database }, { metadata: { logo_uri: logoUri } })
const change = (id: string, patch: Record<string, unknown>) =>
  database.transaction((tx) => updateClient(tx, id, patch))
const status = (id: string) => logoStatus(database.prisma, id)
const makeDue = () => database.prisma.clientLogo.updateMany({ data: { dueAt: new Date(0) } })

/** Lets the job run until the condition holds. */
async function runUntil(holds: () => Promise<boolean>, instances = 1): Promise<void> {
  const errors: unknown[] = []
  const stops = Array.from({ length: instances }, () =>
    startWorker({
      ...{ pool: database.pool, pollMs: 50, tendMs: 20, concurrency: 2 },
      work: [fetchLogos(database, { outboundAllow: ['127.0.0.1'] })],
      onFailure: ({ error }) => errors.push(error),
      onTrouble: (error) => errors.push(error),
    }),
  )
  try {
    const end = Date.now() + 10_000
    while (!(await holds())) {
      if (Date.now() > end) throw new Error('waited too long')
      await sleep(25)
    }
  } finally {
    for (const stop of stops) await stop()
  }
  expect(errors).toEqual([])
}

async function digestOf(id: string): Promise<string> {
  return (await status(id))?.address?.split('/').at(-1) ?? ''
}

test('the logo of a new client is fetched outside of any request, kept by us, and recorded', async () => {
  const id = await withLogo()
  expect(await status(id)).toMatchObject({ state: 'waiting', address: null })
  await runUntil(async () => (await status(id))?.state === 'shown')
  expect(await status(id)).toMatchObject({ type: 'image/png', error: null, sourceUri: logoUri })
  const logo = await findLogo(database.prisma, id, await digestOf(id))
  expect(logo?.body.equals(png(64, 64))).toBe(true)
  const [event] = await database.prisma.auditEvent.findMany({
    where: { type: 'client.logo_changed', clientId: id },
  })
  expect(event).toMatchObject({ actorVia: 'system', detail: { source: logoUri, was: null, width: 64 } })
})

test('of two instances one fetches it', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, withLogo))
  await runUntil(async () => {
    const states = await Promise.all(ids.map(status))
    return states.every((one) => one?.state === 'shown')
  }, 3)
  expect(asked).toBe(5)
})

test('another picture at the same address is found in time, has another address here, and is recorded', async () => {
  const id = await withLogo()
  await runUntil(async () => (await status(id))?.state === 'shown')
  const first = await digestOf(id)
  await makeDue()
  await runUntil(() => Promise.resolve(asked === 2))
  expect(await digestOf(id)).toBe(first)
  served = png(32, 32)
  await makeDue()
  await runUntil(async () => (await digestOf(id)) !== first)
  expect(await findLogo(database.prisma, id, first)).toBeNull()
  const events = await database.prisma.auditEvent.findMany({
    where: { type: 'client.logo_changed', clientId: id },
    orderBy: { id: 'asc' },
  })
  expect(events.map(({ detail }) => (detail as { was: unknown }).was)).toEqual([null, first])
})

test('a logo that cannot be had any more is shown for 30 days, then no longer, which is recorded', async () => {
  const id = await withLogo()
  await runUntil(async () => (await status(id))?.state === 'shown')
  served = 404
  await makeDue()
  await runUntil(async () => (await status(id))?.error === 'http_404')
  expect((await status(id))?.state).toBe('shown')
  await database.prisma.clientLogo.updateMany({
    data: { dueAt: new Date(0), fetchedAt: new Date(Date.now() - 31 * 86_400_000) },
  })
  await runUntil(async () => (await status(id))?.state === 'refused')
  expect(
    await database.prisma.auditEvent.count({ where: { type: 'client.logo_changed', clientId: id } }),
  ).toBe(2)
})

test('what fails is tried again ever more rarely, and at once when the client is changed', async () => {
  served = 503
  const id = await withLogo()
  const waits: number[] = []
  for (let nth = 1; nth <= 4; nth += 1) {
    await makeDue()
    await runUntil(async () => asked === nth && (await status(id))?.error === 'http_503')
    waits.push(Math.round(((await status(id))?.dueAt.getTime() ?? 0) / 1000 - Date.now() / 1000))
  }
  expect(waits.every((wait, at) => wait > 0 && wait > (waits[at - 1] ?? 0) * 2)).toBe(true)
  served = png(8, 8)
  await change(id, { logo_uri: logoUri })
  await runUntil(async () => (await status(id))?.state === 'shown')
})

test('a client with another logo_uri shows none until it is fetched; without one, none at all', async () => {
  const id = await withLogo()
  await runUntil(async () => (await status(id))?.state === 'shown')
  const first = await digestOf(id)
  await change(id, { logo_uri: `${logoUri}?other` })
  expect(await findLogo(database.prisma, id, first)).toBeNull()
  expect(await status(id)).toMatchObject({ state: 'waiting' })
  await change(id, { logo_uri: null })
  expect(await status(id)).toBeNull()
})

test('what was fetched for an address that the client has left, or for a client that is gone, is not kept', async () => {
  const image = { ok: true, type: 'image/png', width: 8, height: 8 } as const
  const settle = (due: Parameters<typeof settleLogo>[1]) =>
    database.transaction((tx) => settleLogo(tx, due, { ok: true, body: png(8, 8), image }))
  const id = await withLogo()
  const due = await claimLogo(database.prisma, { leaseSeconds: 30 })
  if (!due) throw new Error('nothing was due')
  await change(id, { logo_uri: `${logoUri}?other` })
  await settle(due)
  expect(await status(id)).toMatchObject({ state: 'waiting' })
  const next = await claimLogo(database.prisma, { leaseSeconds: 30 })
  if (!next) throw new Error('nothing was due')
  await deleteClient(database.prisma, id)
  await settle(next)
  expect(await status(id)).toBeNull()
})

test('a name or a logo of another kind takes the mark "verified" away, unless the change says that it stays', async () => {
  const id = await madeClient({ database }, { verified: true, metadata: { logo_uri: logoUri } })
  const verified = async (patch: Record<string, unknown>) => {
    const updated = await change(id, patch)
    return updated.ok && updated.client.verified
  }
  expect(await verified({ grant_types: ['authorization_code', 'refresh_token'] })).toBe(true)
  for (const patch of [
    { client_name: 'Your bank' },
    { logo_uri: `${logoUri}?bank` },
    { client_uri: 'https://bank.example/' },
    { redirect_uris: ['https://evil.example/cb'] },
  ]) {
    expect(await verified({ verified: true })).toBe(true)
    expect({ patch, verified: await verified(patch) }).toEqual({ patch, verified: false })
  }
  expect(await verified({ client_name: 'Our bank', verified: true })).toBe(true)
})
