import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createSealer } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { mailLooksOf } from '../../../src/clients/index.ts'
import { createMailRenderer, createSmtpTransport, sendMails } from '../../../src/events/index.ts'
import type { MailTransport } from '../../../src/events/index.ts'
import { claimMails, enqueueMail, settleMail, mailSweeps } from '../../../src/mail/index.ts'
import type { NewMail } from '../../../src/mail/index.ts'
import { startWorker } from '../../../src/queue/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { startSmtpReceiver } from '../../support/smtp-receiver.ts'
import type { SmtpReceiver } from '../../support/smtp-receiver.ts'
import { sweepOnce } from '../../support/sweep.ts'

const own = await createTestDatabase()
const sealer = createSealer([randomBytes(32)])
const root = new URL('../../..', import.meta.url).pathname
const renderMail = createMailRenderer({
  viewsDir: `${root}views/mail`,
  issuer: 'https://id.example.com',
  name: 'Example ID',
  looks: () => mailLooksOf({}),
})
const from = { name: 'Example ID', address: 'no-reply@id.example.com' }
const reset: Pick<NewMail, 'template' | 'data'> = {
  template: 'reset',
  data: { ticket: 'T1cket'.repeat(8), code: '123456', minutes: 60 },
}
let database: Database
const stops: (() => Promise<unknown>)[] = []

beforeAll(() => {
  database = connectDatabase({
    url: own.url,
    poolMax: 8,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 4000,
    idleInTransactionTimeoutMs: 10_000,
  })
})
beforeEach(async () => {
  await database.prisma.mail.deleteMany()
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

const enqueue = (to: string, mail: Pick<NewMail, 'template' | 'data'> = reset, language = 'en') =>
  database.transaction((tx) =>
    enqueueMail({ tx, sealer }, { to, language, expiresInSeconds: 3600, ...mail } as NewMail),
  )
const rowTo = (to: string) => database.prisma.mail.findFirstOrThrow({ where: { recipient: to } })
const settled = (to: string, state: 'sent' | 'failed') =>
  until(async () => ((await rowTo(to)).state === state ? rowTo(to) : null))

function deliver(
  transport: MailTransport | undefined,
  pace = { pollMs: 50, tendMs: 20 },
): {
  outcomes: string[]
  errors: unknown[]
  stop: () => Promise<void>
} {
  const outcomes: string[] = []
  const errors: unknown[] = []
  const stop = startWorker({
    ...{ pool: database.pool, concurrency: 2, ...pace },
    work: [
      sendMails({
        ...{ database, sealer, renderMail, transport },
        isGood: () => Promise.resolve(true),
        onOutcome: (outcome) => outcomes.push(outcome),
      }),
    ],
    onFailure: ({ error }) => errors.push(error),
    onTrouble: (error) => errors.push(error),
  })
  stops.push(stop)
  return { outcomes, errors, stop }
}

async function receiver(
  options?: Parameters<typeof startSmtpReceiver>[0],
  port?: number,
): Promise<SmtpReceiver> {
  const started = await startSmtpReceiver(options, port)
  stops.push(() => started.close())
  return started
}

describe('a queued mail', () => {
  test('is sent over SMTP as text and HTML with what a mail of a machine says, and its data is forgotten', async () => {
    const { url, mails } = await receiver()
    await enqueue('ada@example.com')
    deliver(createSmtpTransport({ url, from }))
    const row = await settled('ada@example.com', 'sent')
    expect(row).toMatchObject({ sealedData: '', attempts: 1, lastError: null })
    expect(mails).toHaveLength(1)
    const [mail] = mails
    expect(mail).toMatchObject({ to: ['ada@example.com'], from: from.address })
    expect(mail?.raw).toContain('Auto-Submitted: auto-generated')
    expect(mail?.raw).toContain(`Message-ID: <${row.id}@id.example.com>`)
    expect(mail?.raw).toMatch(/^From: Example ID <no-reply@id\.example\.com>/m)
    expect(mail?.raw).toMatch(/^Subject: Choose a new password for Example ID/m)
    expect(mail?.raw).toContain('multipart/alternative')
    expect(mail?.raw).toContain('123456')
  })

  test('is sent once by two instances that look at the same time', async () => {
    const { url, mails } = await receiver()
    const transport = createSmtpTransport({ url, from })
    for (let nth = 0; nth < 12; nth += 1) await enqueue(`p${nth}@example.com`)
    deliver(transport)
    deliver(transport)
    await until(async () => (await database.prisma.mail.count({ where: { state: 'queued' } })) === 0)
    expect(mails.map(({ to }) => to[0]).sort()).toEqual([...new Set(mails.map(({ to }) => to[0]))].sort())
    expect(mails).toHaveLength(12)
  })

  test('of a transaction that is rolled back is never sent', async () => {
    await database
      .transaction(async (tx) => {
        await enqueueMail({ tx, sealer }, { to: 'x@example.com', language: null, ...reset } as NewMail)
        throw new Error('no')
      })
      .catch(() => undefined)
    expect(await database.prisma.mail.count()).toBe(0)
  })

  test('is claimed again when its process died between sending and writing that down, under the same Message-ID', async () => {
    await enqueue('crash@example.com')
    const [first] = await claimMails({ db: database.prisma, sealer }, { limit: 1, leaseSeconds: 60 })
    expect(await claimMails({ db: database.prisma, sealer }, { limit: 1, leaseSeconds: 60 })).toEqual([])
    await database.prisma.$executeRaw`UPDATE mails SET next_attempt_at = now() - interval '1 second'`
    const [second] = await claimMails({ db: database.prisma, sealer }, { limit: 1, leaseSeconds: 60 })
    expect(second).toMatchObject({ id: first?.id, attempts: 2, template: 'reset' })
    // The first comes back from the dead: it may say that the mail was sent, and no longer that it was not.
    await settleMail(
      database.prisma,
      { id: first?.id ?? '', attempts: 1 },
      { state: 'failed', error: 'late' },
    )
    expect((await rowTo('crash@example.com')).state).toBe('queued')
    await settleMail(database.prisma, { id: first?.id ?? '', attempts: 1 }, { state: 'sent' })
    expect((await rowTo('crash@example.com')).state).toBe('sent')
  })

  test('for which no job was asked, as by the version before, is sent all the same (FT-09)', async () => {
    const { mails, url } = await receiver()
    await enqueue('orphan@example.com')
    await database.pool.query('DELETE FROM graphile_worker._private_jobs')
    deliver(createSmtpTransport({ url, from }))
    await settled('orphan@example.com', 'sent')
    expect(mails).toHaveLength(1)
  })

  test('is sent at once, by a job that holds none of it (FT-23)', async () => {
    const { url } = await receiver()
    deliver(createSmtpTransport({ url, from }), { tendMs: 60_000, pollMs: 60_000 })
    await sleep(300)
    const told = await database.transaction(async (tx) => {
      await enqueueMail({ tx, sealer }, { to: 'prompt@example.com', language: 'en', ...reset } as NewMail)
      return tx.$queryRaw`SELECT payload FROM graphile_worker._private_jobs WHERE locked_at IS NULL`
    })
    expect(told).toEqual([{ payload: { lane: 'smtp' } }])
    await settled('prompt@example.com', 'sent')
  })

  test('waits while the server is away, and goes out when it is back (FT-23)', async () => {
    const gone = await startSmtpReceiver()
    await gone.close()
    await enqueue('later@example.com')
    const { outcomes, errors } = deliver(createSmtpTransport({ url: gone.url, from }))
    await until(() => Promise.resolve(outcomes.includes('retried')))
    const row = await until(async () =>
      (await rowTo('later@example.com')).lastError ? rowTo('later@example.com') : null,
    )
    expect(row).toMatchObject({ state: 'queued', lastError: 'unreachable' })
    const back = await receiver({}, Number(new URL(gone.url).port))
    await database.prisma.$executeRaw`UPDATE mails SET next_attempt_at = now() - interval '1 second'`
    await settled('later@example.com', 'sent')
    expect(back.mails).toHaveLength(1)
    expect(errors).toEqual([])
  })

  test('is given up for an address that the server will never take, with a code and not with what the server said; its content is kept', async () => {
    const { url } = await receiver({
      onRcptTo(_address, _session, callback) {
        callback(Object.assign(new Error('secret words of the server'), { responseCode: 550 }))
      },
    })
    await enqueue('nobody@example.com')
    deliver(createSmtpTransport({ url, from }))
    const row = await settled('nobody@example.com', 'failed')
    expect(row.lastError).toBe('smtp_550')
    expect(sealer.open(row.sealedData, `mails:${row.id}`)).toContain('123456')
  })

  test('is tried again when the server asks to come later, or does not know us', async () => {
    const { url } = await receiver({
      onMailFrom(_address, _session, callback) {
        callback(Object.assign(new Error('later'), { responseCode: 451 }))
      },
    })
    await enqueue('busy@example.com')
    const { outcomes } = deliver(createSmtpTransport({ url, from }))
    await until(() => Promise.resolve(outcomes.includes('retried')))
    expect(await rowTo('busy@example.com')).toMatchObject({ state: 'queued', attempts: 1 })
  })

  const given = (to: string, lastError: string) =>
    until(async () => ((await rowTo(to)).lastError === lastError ? rowTo(to) : null))

  test('that a process without SMTP takes is put back, and sent by one that has it (FT-23)', async () => {
    await enqueue('none@example.com')
    const { stop } = deliver(undefined)
    const row = await given('none@example.com', 'not_configured')
    expect(row.state).toBe('queued')
    expect(row.sealedData).not.toBe('')
    expect(row.nextAttemptAt.getTime()).toBeGreaterThan(Date.now() + 40_000)
    await stop()
    const { url, mails } = await receiver()
    await database.prisma.$executeRaw`UPDATE mails SET next_attempt_at = now() - interval '1 second'`
    deliver(createSmtpTransport({ url, from }))
    await settled('none@example.com', 'sent')
    expect(mails).toHaveLength(1)
  })

  test('whose key a process lacks is put back for one that has it; one that was tampered with is given up', async () => {
    await enqueue('newer@example.com')
    await enqueue('broken@example.com')
    await database.prisma
      .$executeRaw`UPDATE mails SET sealed_data = sealed_data || 'x' WHERE recipient = 'broken@example.com'`
    const claim = (by: typeof sealer) =>
      claimMails({ db: database.prisma, sealer: by }, { limit: 5, leaseSeconds: 60 })
    expect(await claim(createSealer([randomBytes(32)]))).toEqual([])
    expect(await rowTo('newer@example.com')).toMatchObject({
      ...{ state: 'queued', lastError: 'sealed_under_unknown_key', attempts: 1 },
    })
    await database.prisma.$executeRaw`UPDATE mails SET next_attempt_at = now() - interval '1 second'`
    expect(await claim(sealer)).toMatchObject([{ to: 'newer@example.com', template: 'reset' }])
    expect(await rowTo('broken@example.com')).toMatchObject({
      ...{ state: 'failed', lastError: 'seal_broken', sealedData: '' },
    })
  })

  test('that nobody sent in time is given up by the sweep, and forgotten after a week', async () => {
    await enqueue('old@example.com')
    await database.prisma.$executeRaw`UPDATE mails SET expires_at = now() - interval '1 second'`
    expect(await claimMails({ db: database.prisma, sealer }, { limit: 5, leaseSeconds: 5 })).toEqual([])
    expect(await sweepOnce(database.prisma, mailSweeps)).toBe(1)
    expect(await rowTo('old@example.com')).toMatchObject({
      state: 'failed',
      lastError: 'expired',
      sealedData: '',
    })
    // However long ago it was caused: nobody has seen yet that it was given up.
    await database.prisma.$executeRaw`UPDATE mails SET created_at = now() - interval '8 days'`
    expect(await sweepOnce(database.prisma, mailSweeps)).toBe(0)
    await database.prisma.$executeRaw`UPDATE mails SET next_attempt_at = now() - interval '8 days'`
    expect(await sweepOnce(database.prisma, mailSweeps)).toBe(1)
    expect(await database.prisma.mail.count()).toBe(0)
  })
})

describe('a mail server that hangs', () => {
  let sockets: Socket[] = []
  async function hanging(greeting: string | null): Promise<string> {
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      if (greeting !== null) socket.write(greeting)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(() => new Promise((resolve) => server.close(resolve)))
    stops.push(() => {
      for (const socket of sockets) socket.destroy()
      sockets = []
      return Promise.resolve()
    })
    return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test.each([
    ['without a word', null],
    ['after its greeting', '220 hello\r\n'],
  ])('%s is hung up on when the attempt is over', async (_, greeting) => {
    const send = createSmtpTransport({ url: await hanging(greeting), from })
    const message = { id: 'x', to: 'a@example.com', name: 'n', subject: 's', text: 't', html: 'h' }
    const before = performance.now()
    await expect(send(message, AbortSignal.timeout(300))).rejects.toThrow()
    expect(performance.now() - before).toBeLessThan(3000)
  })

  test('does not hold up a stop, and the mail is sent by whoever comes next', async () => {
    const url = await hanging(null)
    await enqueue('stuck@example.com')
    const { stop } = deliver(createSmtpTransport({ url, from }))
    await until(() => Promise.resolve(sockets.length > 0))
    const before = performance.now()
    await stop()
    expect(performance.now() - before).toBeLessThan(6000)
    expect((await rowTo('stuck@example.com')).state).toBe('queued')
  })
})

describe('the transport', () => {
  test('sends no mail in the clear to a server elsewhere: without STARTTLS it refuses', async () => {
    // 127.0.0.1 by another name, so that the rule for other machines applies.
    const { url, mails } = await receiver()
    const send = createSmtpTransport({ url: url.replace('127.0.0.1', '0.0.0.0'), from })
    const message = { id: 'x', to: 'a@example.com', name: 'n', subject: 's', text: 't', html: 'h' }
    await expect(send(message, AbortSignal.timeout(3000))).rejects.toMatchObject({ code: 'ETLS' })
    expect(mails).toEqual([])
  })

  test('signs in with what the address says, decoded', async () => {
    const seen: string[] = []
    const { url, mails } = await receiver({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth(auth, _session, callback) {
        seen.push(auth.username ?? '', auth.password ?? '')
        callback(null, { user: auth.username ?? '' })
      },
    })
    const withUser = url.replace('smtp://', 'smtp://us%40er:p%3Ass%2Fw@')
    const send = createSmtpTransport({ url: withUser, from })
    await send(
      { id: 'x', to: 'a@example.com', name: 'n', subject: 's', text: 't', html: 'h' },
      AbortSignal.timeout(3000),
    )
    expect(seen).toEqual(['us@er', 'p:ss/w'])
    expect(mails).toHaveLength(1)
  })
})

describe('the limit of an address', () => {
  test('counts what strangers ask for, over templates, an hour at a time; another address is another count', async () => {
    const results = []
    for (let nth = 0; nth < 7; nth += 1)
      results.push(await enqueue('full@example.com', nth % 2 ? { template: 'no-account', data: {} } : reset))
    expect(results).toEqual([true, true, true, true, true, false, false])
    expect(await enqueue('other@example.com')).toBe(true)
    await database.prisma.$executeRaw`UPDATE mails SET created_at = now() - interval '61 minutes'`
    expect(await enqueue('full@example.com')).toBe(true)
  })

  test('holds when many ask at once', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => enqueue('race@example.com')))
    expect(results.filter(Boolean)).toHaveLength(5)
  })
})

async function until<T>(look: () => Promise<T | null | false>): Promise<T> {
  for (let nth = 0; nth < 400; nth += 1) {
    const found = await look()
    if (found !== null && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not come to pass')
}
