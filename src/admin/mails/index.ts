import { z } from 'zod'
import { record } from '../../audit/index.ts'
import { discardMail, listMails, lockMail, positionOf, retryMail } from '../../mail/index.ts'
import type { LockedMail } from '../../mail/index.ts'
import { findUser, isMailGood } from '../../users/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Call, Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { holdsAllOf } from '../users/authority.ts'
import { mailExample, mailSchema, showMail, stateSchema } from './representation.ts'

const list = route({
  method: 'GET',
  path: '/mails',
  operationId: 'listMails',
  tag: 'Mails',
  summary: 'List mails',
  description:
    'The newest first; each is shown for a week after it was sent or given up. `failed` ones were refused for good, or waited until what they carry had expired. What a mail says, its codes and its links are not shown.',
  scope: 'jobs:read',
  query: z.strictObject({ state: stateSchema.optional() }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of mails',
    schema: z.array(mailSchema),
    example: [mailExample],
  },
  async handler({ db, caller: { scopes }, query: { state }, page: { after: before, limit } }) {
    const found = await listMails(db, { state, before, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, positionOf)
    return { body: rows.map((mail) => showMail(mail, scopes.has('users:read'))), next }
  },
})

const retry = route({
  method: 'POST',
  path: '/mails/:id/retry',
  operationId: 'retryMail',
  tag: 'Mails',
  summary: 'Send a mail after all that was given up',
  description:
    'It goes to the address that it was for, with all its attempts before it. Not when what it carries has expired or ended: a newer mail of its kind and a change of the account end a link. Then cause it anew.',
  scope: 'jobs:write',
  params: idParams,
  success: { status: 204, description: 'It is queued' },
  problems: ['not_found', 'target_holds_more', 'mail_not_failed', 'mail_ended'],
  async handler(call) {
    const mail = await retryableMail(call)
    const { content } = mail
    // Sealed under a key that is not here: whoever has it looks before it is sent.
    if (typeof content !== 'string' && !(await isMailGood(call.db, content)))
      throw ended('Its link has ended: a newer one was sent, or the account has changed.')
    await retryMail(call.db, mail.id)
    await tell(call, 'mail.retried', mail)
    return {}
  },
})

const discard = route({
  method: 'DELETE',
  path: '/mails/:id',
  operationId: 'discardMail',
  tag: 'Mails',
  summary: 'Give a mail up for good',
  description:
    'The content of one that failed is erased. That there was one is shown for the rest of its week.',
  scope: 'jobs:write',
  params: idParams,
  success: { status: 204, description: 'It will not be sent' },
  problems: ['not_found', 'target_holds_more', 'mail_not_failed', 'mail_ended'],
  async handler(call) {
    const mail = await retryableMail(call)
    await discardMail(call.db, mail.id)
    await tell(call, 'mail.discarded', mail)
    return {}
  },
})

type ById = Call<z.output<typeof idParams>>

/**
 * The mail of the path, locked: 404, 403 where it is to somebody who holds more than the caller, 409 for one that was not given up or whose
 * content is of no use any more.
 */
async function retryableMail({ db, deps: { sealer }, params, caller }: ById): Promise<LockedMail> {
  const mail = await lockMail({ tx: db, sealer }, params.id)
  if (!mail) throw new AdminProblem('not_found')
  const user = mail.userId === null ? null : await findUser(db, mail.userId)
  if (user && !holdsAllOf(caller.scopes, user.role)) throw new AdminProblem('target_holds_more')
  if (mail.state !== 'failed') throw new AdminProblem('mail_not_failed')
  if (mail.content === 'gone') throw ended('Its content has been erased.')
  if (!mail.isRetryable) throw ended('It has expired.')
  return mail
}

function ended(detail: string): AdminProblem {
  return new AdminProblem('mail_ended', { detail })
}

async function tell(
  { db, actor, ip }: ById,
  type: 'mail.retried' | 'mail.discarded',
  { id, template, userId, attempts, lastError }: LockedMail,
): Promise<void> {
  const detail = { mail: id, template, attempts, error: lastError }
  await record(db, { type, userId: userId ?? undefined, actor, ip, detail })
}

export const mailRoutes: readonly Route[] = [list, retry, discard]
