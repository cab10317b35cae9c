import { z } from 'zod'
import { issuePasswordTicket, mailPasswordLink } from '../../users/index.ts'
import type { Call, Reply } from '../frame/route.ts'
import { route } from '../frame/route.ts'
import { AdminProblem } from '../frame/problem.ts'
import { idParams, instant } from '../frame/schema.ts'
import { actOnOther, by } from './authority.ts'

const deliverySchema = z
  .strictObject({
    deliver: z.enum(['mail', 'link']).optional().meta({
      description:
        '`mail` sends the link to the user, `link` shows it to you, to be handed over. Left out: by mail where this server sends any.',
    }),
  })
  .meta({ id: 'DeliverPasswordLink' })

const ticketSchema = z
  .strictObject({
    mailed_to: z
      .string()
      .nullable()
      .meta({ description: 'Where the link went; null when it is yours to hand over.' }),
    link: z.url().nullable().meta({
      description:
        'Works once. Shown this once, and only when it was not mailed: hand it to the user yourself.',
    }),
    expires_at: instant,
  })
  .meta({ id: 'PasswordLink' })

const success = {
  status: 201 as const,
  description: 'Where the link is',
  schema: ticketSchema,
  example: { mailed_to: 'ada@example.com', link: null, expires_at: '2026-11-24T09:30:00.000Z' },
}
const problems = [
  ...(['not_found', 'target_holds_more', 'own_account', 'user_disabled'] as const),
  ...(['no_mail', 'mailbox_full'] as const),
]

export const invite = route({
  method: 'POST',
  path: '/users/:id/invite',
  operationId: 'inviteUser',
  tag: 'Users',
  summary: 'Invite a new user: the link with which they set their password',
  description:
    'Mailed, it is good for three days; handed over by you, for 24 hours. A newer link ends an older one. A mailed link that is used proves the address.',
  scope: 'users:credentials',
  params: idParams,
  body: deliverySchema,
  bodyOptional: true,
  example: { deliver: 'mail' },
  success,
  problems: [...problems, 'registration_closed'],
  handler: (call) => {
    if (!call.deps.acceptsNewcomers) throw new AdminProblem('registration_closed')
    return issue(call, 'invite')
  },
})

export const resetPassword = route({
  method: 'POST',
  path: '/users/:id/password-reset',
  operationId: 'startPasswordReset',
  tag: 'Users',
  summary: 'Send the link with which a user sets a new password',
  description:
    'Good for one hour. Nothing changes before the user has set the new password; then all their sessions end. The second factor stays.',
  scope: 'users:credentials',
  params: idParams,
  body: deliverySchema,
  bodyOptional: true,
  example: { deliver: 'link' },
  success,
  problems,
  handler: (call) => issue(call, 'reset'),
})

type Asked = Call<{ id: string }, unknown, z.output<typeof deliverySchema>>

async function issue(
  call: Asked,
  purpose: 'invite' | 'reset',
): Promise<Reply<z.output<typeof ticketSchema>>> {
  const { hasMail } = call.deps
  const deliver = call.body.deliver ?? (hasMail ? 'mail' : 'link')
  if (deliver === 'link') return handOver(call, purpose)
  if (!hasMail) throw new AdminProblem('no_mail')
  const user = await actOnOther(call)
  const { sealer, keys } = call.deps
  const mailed = await mailPasswordLink({ tx: call.db, sealer, keys }, { user, purpose }, by(call))
  if (mailed === null) throw new AdminProblem('user_disabled')
  if (mailed === false) throw new AdminProblem('mailbox_full')
  return { body: { mailed_to: user.email, link: null, expires_at: mailed.expiresAt.toISOString() } }
}

async function handOver(
  call: Asked,
  purpose: 'invite' | 'reset',
): Promise<Reply<z.output<typeof ticketSchema>>> {
  const { id } = await actOnOther(call)
  const issued = await issuePasswordTicket(call.db, { userId: id, purpose }, by(call))
  if (!issued) throw new AdminProblem('user_disabled')
  const link = new URL('/account/password', call.deps.issuer)
  link.searchParams.set('ticket', issued.ticket)
  return { body: { mailed_to: null, link: link.href, expires_at: issued.expiresAt.toISOString() } }
}
