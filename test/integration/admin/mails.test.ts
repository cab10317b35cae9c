import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { ADMIN_SCOPES } from '../../../src/clients/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminAsk, AdminStage } from '../../support/admin.ts'
import { queuedNotice } from '../../support/given-up.ts'

type Item = { mail_id: string; state: string; recipient: string | null; retryable_until: string | null }
type Listed = { items: Item[]; next_cursor: string | null }

let stage: AdminStage
beforeAll(async () => {
  stage = await startAdmin({ hasMail: true })
})
afterEach(() => stage.database.prisma.mail.deleteMany())
afterAll(() => stage.stop())

const ask = (path: string, rest: AdminAsk = {}) => stage.ask(path, { token: stage.token(), ...rest })
const retry = (id: string, rest: AdminAsk = {}) => ask(`/v1/mails/${id}/retry`, { method: 'POST', ...rest })
const giveUp = (id: string) =>
  stage.database.prisma.mail.update({
    where: { id },
    data: { state: 'failed', attempts: 3, lastError: 'smtp_554' },
  })
/** What the audit says that somebody did with a mail. */
const recorded = (id: string) =>
  stage.database.prisma.auditEvent.findMany({ where: { detail: { path: ['mail'], equals: id } } })
const row = (id: string) => stage.database.prisma.mail.findUniqueOrThrow({ where: { id } })

async function list(query = '', token = stage.token()): Promise<Listed> {
  return (await stage.ask(`/v1/mails${query}`, { token })).json<Listed>()
}

/** A notice that the mail server has refused. */
async function refused(to = `${randomUUID()}@example.com`): Promise<string> {
  const id = await queuedNotice(stage.database, { to })
  await giveUp(id)
  return id
}

/** An invitation that the mail server has refused; with its user. */
async function refusedInvitation(): Promise<{ id: string; userId: string }> {
  const user = await stage.addUser()
  expect((await ask(`/v1/users/${user.id}/invite`, { json: { deliver: 'mail' } })).status).toBe(201)
  const { id } = await stage.database.prisma.mail.findFirstOrThrow({
    where: { userId: user.id },
    orderBy: { createdAt: 'desc' },
  })
  await giveUp(id)
  return { id, userId: user.id }
}

test('a mail that was given up is shown without what it says, and is sent after all when an operator says so; the audit says who did', async () => {
  const { id: userId, email } = await stage.addUser()
  const id = await queuedNotice(stage.database, { to: email, userId })
  await giveUp(id)
  const answer = await ask('/v1/mails?state=failed')
  const { expiresAt } = await row(id)
  expect(answer.json<Listed>().items).toMatchObject([
    {
      ...{ mail_id: id, template: 'security-notice', user_id: userId, recipient: email, state: 'failed' },
      ...{ attempts: 3, last_error: 'smtp_554', sent_at: null, next_attempt_at: null },
      retryable_until: expiresAt.toISOString(),
    },
  ])
  expect(answer.text).not.toMatch(/192\.0\.2\.7|password_changed|sealed/)
  expect((await retry(id)).status).toBe(204)
  expect(await row(id)).toMatchObject({ state: 'queued', attempts: 0 })
  expect((await list('?state=failed')).items).toEqual([])
  expect((await list('?state=queued')).items).toMatchObject([{ mail_id: id, retryable_until: null }])
  expect(await recorded(id)).toMatchObject([
    {
      ...{ type: 'mail.retried', actorVia: 'admin_api', userId },
      detail: { mail: id, template: 'security-notice', attempts: 3, error: 'smtp_554' },
    },
  ])
})

test('only who may see users sees addresses', async () => {
  await refused('ada@example.com')
  const scopes = ADMIN_SCOPES.filter((scope) => scope !== 'users:read')
  const answer = await stage.ask('/v1/mails', { token: stage.token({ scopes }) })
  expect(answer.json<Listed>().items).toMatchObject([{ recipient: null, state: 'failed' }])
  expect(answer.text).not.toContain('ada@')
})

test('a retry that is sent again under its key is one, and another one is told that the mail is on its way', async () => {
  const id = await refused()
  const headers = { 'idempotency-key': randomUUID() }
  const token = stage.token()
  expect((await retry(id, { token, headers })).status).toBe(204)
  const replayed = await retry(id, { token, headers })
  expect(replayed.status).toBe(204)
  expect(replayed.headers['idempotency-replayed']).toBe('true')
  const again = await retry(id)
  expect(again.json()).toMatchObject({ status: 409, type: 'urn:cardea:problem:mail_not_failed' })
  expect(await recorded(id)).toHaveLength(1)
})

test('of two operators who retry a mail at once one does', async () => {
  const id = await refused()
  const answers = await Promise.all([retry(id), retry(id)])
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 409])
})

test('a mail whose content has expired, or was erased by the version before, is not sent, and the answer says why', async () => {
  const ended = async (id: string) => (await retry(id)).json<{ type: string; detail: string }>()
  const old = await refused()
  await stage.database.prisma.mail.update({
    where: { id: old },
    data: { expiresAt: new Date(Date.now() - 1000) },
  })
  expect(await ended(old)).toMatchObject({
    ...{ type: 'urn:cardea:problem:mail_ended', detail: 'It has expired.' },
  })
  const erased = await refused()
  await stage.database.prisma.mail.update({ where: { id: erased }, data: { sealedData: '' } })
  expect(await ended(erased)).toMatchObject({ detail: 'Its content has been erased.' })
  expect((await list()).items.map((item) => item.retryable_until)).toEqual([null, null])
  expect([...(await recorded(old)), ...(await recorded(erased))]).toEqual([])
})

test('an invitation that was refused is sent after all; one that a newer one has replaced is not, nor one whose link has ended', async () => {
  const { id } = await refusedInvitation()
  expect((await retry(id)).status).toBe(204)

  const { id: older, userId } = await refusedInvitation()
  await ask(`/v1/users/${userId}/invite`, { json: { deliver: 'mail' } })
  expect(await row(older)).toMatchObject({ state: 'failed', sealedData: '' })
  expect((await retry(older)).status).toBe(409)

  // As the version before ends links: it knows nothing of what was given up.
  const { id: dead, userId: other } = await refusedInvitation()
  await stage.database.prisma.mailTicket.deleteMany({ where: { userId: other } })
  expect((await retry(dead)).json()).toMatchObject({
    ...{ status: 409, type: 'urn:cardea:problem:mail_ended' },
    detail: 'Its link has ended: a newer one was sent, or the account has changed.',
  })
})

test('a mail that is discarded says nothing to anybody any more, is recorded once and still counts for its address', async () => {
  const id = await refused('ada@example.com')
  const discard = () => ask(`/v1/mails/${id}`, { method: 'DELETE' })
  expect((await discard()).status).toBe(204)
  expect((await discard()).json()).toMatchObject({ status: 409, type: 'urn:cardea:problem:mail_ended' })
  expect(await row(id)).toMatchObject({ state: 'failed', sealedData: '', recipient: 'ada@example.com' })
  expect((await retry(id)).status).toBe(409)
  expect(await recorded(id)).toMatchObject([{ type: 'mail.discarded' }])
})

test('mails come in pages, the newest first, of all states or of one, and those of one instant neither twice nor never', async () => {
  const ids: string[] = []
  for (let nth = 0; nth < 7; nth += 1) ids.push(await (nth % 2 === 0 ? refused() : queued()))
  await stage.database.pool.query("UPDATE mails SET created_at = now() - interval '1 hour'")
  await stage.database.prisma.mail.updateMany({
    where: { id: { in: ids.slice(5) } },
    data: { createdAt: new Date() },
  })
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Listed = await list(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.items.map((item) => item.mail_id))
    cursor = page.next_cursor
  }
  expect(seen).toHaveLength(7)
  expect([...seen].sort()).toEqual([...ids].sort())
  expect(seen.slice(0, 2).sort()).toEqual(ids.slice(5).sort())
  const first = await list('?state=queued&limit=2')
  const rest = await list(`?state=queued&limit=2&cursor=${first.next_cursor}`)
  expect([...first.items, ...rest.items].map(({ state }) => state)).toEqual(['queued', 'queued', 'queued'])
})

const queued = () => queuedNotice(stage.database, { to: `${randomUUID()}@example.com` })
