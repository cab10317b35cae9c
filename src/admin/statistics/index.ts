import { z } from 'zod'
import { countEvents } from '../../audit/index.ts'
import { countClients } from '../../clients/index.ts'
import { countAccess } from '../../oidc/index.ts'
import { countUsers } from '../../users/index.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { instant } from '../frame/schema.ts'

const count = z.int().min(0)
const estimate = z.strictObject({ count, estimated: z.boolean() })
const SIGN_INS = [
  'session.started',
  'sign_in.password_failed',
  'sign_in.totp_failed',
  'sign_in.recovery_code_failed',
  'sign_in.throttled',
] as const

const statisticsSchema = z
  .strictObject({
    at: instant,
    users: z.strictObject({
      by_status: z.strictObject({ active: count, disabled: count }),
      by_role: z.strictObject({ owner: count, operator: count, auditor: count }),
      with_second_factor: count,
    }),
    clients: z.strictObject({ active: count, disabled: count }),
    sessions: estimate,
    grants: estimate,
    tokens: z.strictObject({ by_kind: z.record(z.string(), count), estimated: z.boolean() }),
    last_24_hours: z.strictObject({
      revocations: count,
      sign_ins: z.strictObject({
        completed: count,
        password_failed: count,
        totp_failed: count,
        recovery_code_failed: count,
        throttled: count,
      }),
    }),
  })
  .meta({ id: 'Statistics' })

const statistics = route({
  method: 'GET',
  path: '/statistics',
  operationId: 'getStatistics',
  tag: 'Statistics',
  summary: 'Get counts',
  description:
    'Sessions, grants and tokens are counted in a sample of their rows once there are more than 200,000; `estimated` then says so. All other numbers are exact.',
  scope: 'statistics:read',
  success: {
    status: 200,
    description: 'The counts of this moment',
    schema: statisticsSchema,
    example: {
      at: '2026-11-21T09:30:00.000Z',
      users: {
        by_status: { active: 120, disabled: 3 },
        by_role: { owner: 2, operator: 4, auditor: 1 },
        with_second_factor: 118,
      },
      clients: { active: 7, disabled: 0 },
      sessions: { count: 96, estimated: false },
      grants: { count: 310, estimated: false },
      tokens: { by_kind: { AccessToken: 280, RefreshToken: 290 }, estimated: false },
      last_24_hours: {
        revocations: 2,
        sign_ins: {
          completed: 140,
          password_failed: 11,
          totp_failed: 4,
          recovery_code_failed: 0,
          throttled: 1,
        },
      },
    },
  },
  async handler({ db }) {
    const users = await countUsers(db)
    const { active, disabled, owner, operator, auditor, withSecondFactor } = users
    const { sessions, grants, tokens, revocationsLastDay } = await countAccess(db)
    const events = await countEvents(db, { types: SIGN_INS, hours: 24 })
    const of = (type: (typeof SIGN_INS)[number]) => events[type] ?? 0
    return {
      body: {
        at: new Date().toISOString(),
        users: {
          by_status: { active, disabled },
          by_role: { owner, operator, auditor },
          with_second_factor: withSecondFactor,
        },
        clients: await countClients(db),
        sessions,
        grants,
        tokens: { by_kind: tokens.byKind, estimated: tokens.estimated },
        last_24_hours: {
          revocations: revocationsLastDay,
          sign_ins: {
            completed: of('session.started'),
            password_failed: of('sign_in.password_failed'),
            totp_failed: of('sign_in.totp_failed'),
            recovery_code_failed: of('sign_in.recovery_code_failed'),
            throttled: of('sign_in.throttled'),
          },
        },
      },
    }
  },
})

export const statisticsRoutes: readonly Route[] = [statistics]
