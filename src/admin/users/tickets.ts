import { z } from 'zod'
import { issuePasswordTicket } from '../../users/index.ts'
import type { Call, Reply } from '../frame/route.ts'
import { route } from '../frame/route.ts'
import { AdminProblem } from '../frame/problem.ts'
import { idParams, instant } from '../frame/schema.ts'
import { actOnOther, by } from './authority.ts'

const ticketSchema = z
  .strictObject({
    link: z.url().meta({ description: 'Works once. Shown this once: hand it to the user yourself.' }),
    expires_at: instant,
  })
  .meta({ id: 'PasswordLink' })

const success = {
  status: 201 as const,
  description: 'The link',
  schema: ticketSchema,
  example: {
    link: 'https://id.example.com/account/password?ticket=Jf3Gk1kS8Q2nTq7mVbY4rWc0xLzPdHaE5uIoN6sK9tA',
    expires_at: '2026-11-22T09:30:00.000Z',
  },
}
const problems = ['not_found', 'target_holds_more', 'own_account', 'user_disabled'] as const

export const invite = route({
  method: 'POST',
  path: '/users/:id/invite',
  operationId: 'inviteUser',
  tag: 'Users',
  summary: 'Make the link with which a new user sets their password',
  description: 'Good for 24 hours. A newer link ends an older one.',
  scope: 'users:credentials',
  params: idParams,
  success,
  problems,
  handler: (call) => issue(call, 'invite'),
})

export const resetPassword = route({
  method: 'POST',
  path: '/users/:id/password-reset',
  operationId: 'startPasswordReset',
  tag: 'Users',
  summary: 'Make the link with which a user sets a new password',
  description:
    'Good for one hour. Nothing changes before the user has set the new password; then all their sessions end. The second factor stays.',
  scope: 'users:credentials',
  params: idParams,
  success,
  problems,
  handler: (call) => issue(call, 'reset'),
})

async function issue(
  call: Call<{ id: string }>,
  purpose: 'invite' | 'reset',
): Promise<Reply<z.output<typeof ticketSchema>>> {
  const { id } = await actOnOther(call)
  const issued = await issuePasswordTicket(call.db, { userId: id, purpose }, by(call))
  if (!issued) throw new AdminProblem('user_disabled')
  const link = new URL('/account/password', call.deps.issuer)
  link.searchParams.set('ticket', issued.ticket)
  return { body: { link: link.href, expires_at: issued.expiresAt.toISOString() } }
}
