import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createSealer } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { sendMails } from '../../../src/events/index.ts'
import { claimMails, mailsGivenUp, mailSweeps, retryMail, settleMail } from '../../../src/mail/index.ts'
import { startWorker } from '../../../src/queue/index.ts'
import {
  createUser,
  deleteUser,
  endMailTickets,
  isMailGood,
  mailPasswordLink,
  tellUser,
} from '../../../src/users/index.ts'
import type { User } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { queuedNotice } from '../../support/given-up.ts'
import { sweepOnce } from '../../support/sweep.ts'

const own = await createTestDatabase()
const sealer = createSealer([randomBytes(32)])
const keys = [randomBytes(32)]
let database: Database
const stops: (() => Promise<unknown>)[] = []

beforeAll(() => {
  database = connectDatabase({
    ...{ url: own.url, poolMax: 8, connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 4000 },
    idleInTransactionTimeoutMs: 10_000,
  })
})
beforeEach(async () => {
  await database.prisma.mail.deleteMany()
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

async function person(email: string): Promise<User> {
  const created = await createUser(database.prisma, { email, name: 'Pat', role: null, emailVerified: true })
  if (!created.ok) throw new Error(created.reason)
  return created.user
}
const invite = (user: User, purpose: 'invite' | 'reset' = 'invite') =>
  database.transaction((tx) => mailPasswordLink({ tx, sealer, keys }, { user, purpose }))
const tell = ({ id: userId }: User) =>
  database.transaction((tx) => tellUser({ tx, sealer }, { userId, what: 'password_changed' }))

/** The server refuses everything that is due. */
async function refuseAll(): Promise<void> {
  const mails = await claimMails({ db: database.prisma, sealer }, { limit: 50, leaseSeconds: 60 })
  for (const mail of mails) await settleMail(database.prisma, mail, { state: 'failed', error: 'smtp_554' })
}
const retryAll = () =>
  database.transaction(async (tx) => {
    for (const { id } of await tx.mail.findMany({ where: { state: 'failed' } })) await retryMail(tx, id)
  })
/** Of each mail, oldest first, its template and whether its content is there. */
const contents = async () =>
  (await database.prisma.mail.findMany({ orderBy: { createdAt: 'asc' } })).map((mail) =>
    mail.sealedData === '' ? [mail.template, mail.state] : [mail.template, mail.state, 'kept'],
  )

/** A server that takes everything; gives what it was sent, and what came of each. */
function sendAll(): { sent: string[]; outcomes: string[] } {
  const [sent, outcomes]: [string[], string[]] = [[], []]
  const work = sendMails({
    ...{ database, sealer },
    renderMail: ({ template, data }) => ({
      name: 'n',
      subject: template,
      text: JSON.stringify(data),
      html: '',
    }),
    transport: ({ text }) => Promise.resolve(void sent.push(text)),
    isGood: (mail) => isMailGood(database.prisma, mail),
    onOutcome: (outcome) => outcomes.push(outcome),
  })
  const pace = { concurrency: 1, pollMs: 50, tendMs: 20 }
  const never = (error: unknown) => void outcomes.push(String(error))
  stops.push(
    startWorker({
      ...{ pool: database.pool, ...pace, work: [work] },
      onFailure: ({ error }) => never(error),
      onTrouble: never,
    }),
  )
  return { sent, outcomes }
}

async function until(look: () => boolean): Promise<void> {
  for (let nth = 0; nth < 400 && !look(); nth += 1) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(look()).toBe(true)
}

test('what the mail server refused is kept, counted for the operator, and sent as it was when they say so (FT-23)', async () => {
  const ada = await person('ada@example.com')
  await invite(ada)
  await tell(ada)
  await refuseAll()
  expect(await contents()).toEqual([
    ['invite', 'failed', 'kept'],
    ['security-notice', 'failed', 'kept'],
  ])
  const counted = await mailsGivenUp(database.prisma)
  expect(counted.toSorted((a, b) => a.template.localeCompare(b.template))).toEqual([
    { template: 'invite', count: 1 },
    { template: 'security-notice', count: 1 },
  ])
  await retryAll()
  const { sent, outcomes } = sendAll()
  await until(() => outcomes.length === 2)
  expect(outcomes).toEqual(['sent', 'sent'])
  expect(sent.join(' ')).toMatch(/"ticket":"[\w-]{43}","hours":72/)
  expect(sent.join(' ')).toContain('"what":"password_changed"')
  expect(await mailsGivenUp(database.prisma)).toEqual([])
})

test('a newer mail ends the older of its kind: what was given up loses its content, what waits again is not sent', async () => {
  const bo = await person('bo@example.com')
  await invite(bo)
  await refuseAll()
  await invite(bo)
  expect(await contents()).toEqual([
    ['invite', 'failed'],
    ['invite', 'queued', 'kept'],
  ])
  await refuseAll()
  await retryAll()
  await invite(bo)
  const { sent, outcomes } = sendAll()
  await until(() => outcomes.length >= 2)
  expect(outcomes.toSorted()).toEqual(['ended', 'sent'])
  expect(sent).toHaveLength(1)
  expect(await contents()).toEqual([
    ['invite', 'failed'],
    ['invite', 'failed'],
    ['invite', 'sent'],
  ])
})

test('a link that an operator ended takes the mail with it that could not be sent, and no other', async () => {
  const [cy, dee] = [await person('cy@example.com'), await person('dee@example.com')]
  await invite(cy, 'reset')
  await invite(dee, 'reset')
  await tell(cy)
  await refuseAll()
  await endMailTickets(database.prisma, cy.id)
  expect(await contents()).toEqual([
    ['reset-by-operator', 'failed'],
    ['reset-by-operator', 'failed', 'kept'],
    ['security-notice', 'failed', 'kept'],
  ])
})

test('a user who is deleted leaves no content of mails that could not be sent; that they were deleted is still told', async () => {
  const eve = await person('eve@example.com')
  await invite(eve)
  await tell(eve)
  await refuseAll()
  await database.transaction(async (tx) => {
    await tellUser({ tx, sealer }, { userId: eve.id, what: 'account_deleted' })
    await deleteUser(tx, eve.id)
  })
  expect(await contents()).toEqual([
    ['invite', 'failed'],
    ['security-notice', 'failed'],
    ['security-notice', 'queued', 'kept'],
  ])
  await refuseAll()
  expect(await mailsGivenUp(database.prisma)).toEqual([{ template: 'security-notice', count: 1 }])
})

test('the content goes when its meaning does: of a link with the link, of a notice after a week', async () => {
  const fay = await person('fay@example.com')
  await invite(fay, 'reset')
  await tell(fay)
  await refuseAll()
  const age = (interval: string) =>
    database.pool.query('UPDATE mails SET expires_at = expires_at - $1::interval', [interval])
  expect(await sweepOnce(database.prisma, mailSweeps)).toBe(0)
  await age('1 hour')
  expect(await sweepOnce(database.prisma, mailSweeps)).toBe(1)
  expect(await contents()).toEqual([
    ['reset-by-operator', 'failed'],
    ['security-notice', 'failed', 'kept'],
  ])
  await age('166 hours')
  expect(await sweepOnce(database.prisma, mailSweeps)).toBe(0)
  await age('1 hour')
  expect(await sweepOnce(database.prisma, mailSweeps)).toBe(1)
  expect((await contents()).at(-1)).toEqual(['security-notice', 'failed'])
  expect(await mailsGivenUp(database.prisma)).toEqual([])
})

test('a mail that is tried again counts once for its address', async () => {
  const to = 'full@example.com'
  for (let nth = 0; nth < 30; nth += 1) await queuedNotice(database, { to, sealer })
  await refuseAll()
  await retryAll()
  await queuedNotice(database, { to, sealer })
  expect(await database.prisma.mail.groupBy({ by: ['state'], _count: true })).toEqual([
    { state: 'queued', _count: 30 },
  ])
})
