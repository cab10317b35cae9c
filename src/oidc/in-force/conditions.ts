import { Prisma } from '../../db/index.ts'
import { fromServer, isLater, SERVER_CUT } from '../store/cuts.ts'

const { raw } = Prisma

/**
 * What "still counts" means for an operator who looks: the same refusals as at every door (store/reads.ts), as conditions. The joins
 * that they speak of: z the server, u the user, o the client, k the two together, g the grant, s the session.
 */
export const fromGrants = raw(`grants g CROSS JOIN ${fromServer}
  LEFT JOIN users u ON u.id = g.user_id LEFT JOIN clients o ON o.id = g.client_id
  LEFT JOIN cutoffs k ON k.user_id = g.user_id AND k.client_id = g.client_id`)

const grantCounts = `g.revoked_at IS NULL AND (g.expires_at > clock_timestamp()) IS NOT FALSE
  AND o.id IS NOT NULL AND o.disabled_at IS NULL AND u.id IS NOT NULL AND u.disabled_at IS NULL
  AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'o.tokens_not_before', 'k.tokens_not_before')}`
export const grantIsActive = raw(`(${grantCounts})`)

export const fromSessions = raw(`sessions s CROSS JOIN ${fromServer} LEFT JOIN users u ON u.id = s.user_id`)

const sessionCounts = `s.revoked_at IS NULL AND (s.expires_at > clock_timestamp()) IS NOT FALSE
  AND u.id IS NOT NULL AND u.disabled_at IS NULL AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}`
export const sessionIsActive = raw(`(${sessionCounts})`)

/** To be joined behind a table or subquery of tokens t, and where there is one their grant g. */
export const aroundTokens = raw(`CROSS JOIN ${fromServer} LEFT JOIN users u ON u.id = t.user_id
  LEFT JOIN clients o ON o.id = t.client_id
  LEFT JOIN cutoffs k ON k.user_id = t.user_id AND k.client_id = t.client_id
  LEFT JOIN sessions s ON s.uid = t.session_uid`)

export const tokenIsActive = raw(`(t.revoked_at IS NULL AND t.consumed_at IS NULL
  AND (t.expires_at > clock_timestamp()) IS NOT FALSE AND o.id IS NOT NULL AND o.disabled_at IS NULL
  AND (CASE WHEN t.grant_id IS NULL THEN ${isLater('t', SERVER_CUT, 'o.tokens_not_before')}
    ELSE g.id IS NOT NULL AND ${grantCounts} END)
  AND (t.payload ->> 'expiresWithSession' IS DISTINCT FROM 'true' OR (s.uid IS NOT NULL AND ${sessionCounts})))`)
