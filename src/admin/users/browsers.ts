import { z } from 'zod'
import { forgetTrustedBrowser, listTrustedBrowsers } from '../../users/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { actOn, by, targetUser } from './authority.ts'

const browserSchema = z
  .strictObject({
    browser_id: z.uuid(),
    user_agent: z.string().nullable().meta({ description: 'As the browser said it.' }),
    ip: z.string().nullable().meta({ description: 'Where the last sign-in with it came from.' }),
    created_at: instant,
    last_used_at: instant,
    skips_factor_until: instant.nullable().meta({
      description: 'Until when it is not asked for the second factor; null when it always is.',
    }),
  })
  .meta({ id: 'TrustedBrowser' })

export const browsers = route({
  method: 'GET',
  path: '/users/:id/browsers',
  operationId: 'listTrustedBrowsers',
  tag: 'Users',
  summary: "List a user's known browsers",
  description: 'Those they signed in from in the last half year, at most thirty, the last used first.',
  scope: 'users:read',
  params: idParams,
  success: {
    status: 200,
    description: 'The browsers',
    schema: z.strictObject({ items: z.array(browserSchema) }),
    example: {
      items: [
        {
          browser_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
          user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
          ip: '192.0.2.7',
          created_at: '2026-11-21T09:30:00.000Z',
          last_used_at: '2026-11-21T09:30:00.000Z',
          skips_factor_until: null,
        },
      ],
    },
  },
  problems: ['not_found'],
  async handler(call) {
    const { id } = await targetUser(call)
    const known = await listTrustedBrowsers(call.db, { userId: id })
    const items = known.map((browser) => ({
      browser_id: browser.id,
      user_agent: browser.userAgent,
      ip: browser.ip,
      created_at: browser.createdAt.toISOString(),
      last_used_at: browser.lastUsedAt.toISOString(),
      skips_factor_until: browser.skipsFactorUntil?.toISOString() ?? null,
    }))
    return { body: { items } }
  },
})

export const forgetBrowser = route({
  method: 'DELETE',
  path: '/users/:id/browsers/:browser',
  operationId: 'forgetTrustedBrowser',
  tag: 'Users',
  summary: 'Forget a known browser of a user',
  description: 'It is asked for everything from now on. A session in it goes on: end that with the sessions.',
  scope: 'users:write',
  params: idParams.extend({ browser: z.string().min(1).max(100) }),
  success: { status: 204, description: 'It is not known any more' },
  problems: ['not_found', 'target_holds_more'],
  async handler(call) {
    const { id: userId } = await actOn(call)
    const forgotten = await forgetTrustedBrowser(call.db, { userId, id: call.params.browser }, by(call))
    if (!forgotten) throw new AdminProblem('not_found')
    return {}
  },
})
