import type { Tx } from '../../db/index.ts'
import { ringClients } from '../logout-round.ts'

type Told = { client_id: string }

/**
 * Back-channel logouts to come (OpenID Connect Back-Channel Logout 1.0), queued with what ends: each relying party that took part in
 * these sessions and has an address for it, under the name (`sid`) it knows the session by. The payload must still be there.
 */
export async function noticesForSessions(
  tx: Tx,
  revocationId: string,
  uids: readonly string[],
): Promise<void> {
  const told = await tx.$queryRaw<Told[]>`
    INSERT INTO logout_notices (id, revocation_id, client_id, user_id, sid)
    SELECT gen_random_uuid(), ${revocationId}::uuid, c.id, s.user_id, a.value ->> 'sid'
    FROM sessions s, jsonb_each(s.payload -> 'authorizations') a
    JOIN clients c ON c.id = a.key AND c.metadata ? 'backchannel_logout_uri' AND c.disabled_at IS NULL
    WHERE s.uid = ANY(${[...uids]}) AND s.user_id IS NOT NULL
    RETURNING client_id`
  await ringClients(
    tx,
    told.map(({ client_id: clientId }) => clientId),
  )
}

/**
 * For grants that end: the sessions they were given in may go on, or be over long ago. A relying party that was told already, or that
 * only understands sessions when none is left, is not told.
 */
export async function noticesForGrants(tx: Tx, revocationId: string, ids: readonly string[]): Promise<void> {
  const told = await tx.$queryRaw<Told[]>`
    INSERT INTO logout_notices (id, revocation_id, client_id, user_id, sid)
    SELECT gen_random_uuid(), ${revocationId}::uuid, n.client_id, n.user_id, n.sid FROM (
      SELECT DISTINCT g.client_id, g.user_id, s.payload #>> ARRAY['authorizations', g.client_id, 'sid'] AS sid
      FROM grants g
      JOIN clients c ON c.id = g.client_id AND c.metadata ? 'backchannel_logout_uri' AND c.disabled_at IS NULL
      LEFT JOIN sessions s ON s.user_id = g.user_id AND s.revoked_at IS NULL
        AND s.payload #>> ARRAY['authorizations', g.client_id, 'grantId'] = g.id
      WHERE g.id = ANY(${[...ids]}) AND g.user_id IS NOT NULL
        AND (s.uid IS NOT NULL OR c.metadata ->> 'backchannel_logout_session_required' IS DISTINCT FROM 'true')
    ) n
    WHERE NOT EXISTS (SELECT 1 FROM logout_notices o
      WHERE o.revocation_id = ${revocationId}::uuid AND o.client_id = n.client_id AND o.user_id = n.user_id)
    RETURNING client_id`
  await ringClients(
    tx,
    told.map(({ client_id: clientId }) => clientId),
  )
}
