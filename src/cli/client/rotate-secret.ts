import type { Command } from 'commander'
import { MAX_OVERLAP_SECONDS, rotateClientSecret } from '../../clients/index.ts'
import type { Database } from '../../db/index.ts'
import { revoke } from '../../oidc/index.ts'
import { byOperator } from '../by-operator.ts'
import { duration } from '../duration.ts'
import { Refusal } from '../refusal.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireClient } from './document.ts'

type Options = VerbOptions & { overlap: number }

/**
 * `cardea client rotate-secret`: the old secret, and whatever was obtained with it, ends with the same commit; or, with an overlap,
 * nothing ends but the old secret when the overlap is over.
 */
export function addRotateSecret(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'rotate-secret <client-id>',
    summary:
      "replace a client's secret at once and end all its grants and tokens, or let the old one overlap",
    example: 'cardea client rotate-secret shop --overlap 24h',
  })
    .option(
      '--overlap <time>',
      'accept the old secret so much longer (90s, 30m, 24h, 7d) and end nothing',
      duration(MAX_OVERLAP_SECONDS),
      0,
    )
    .action(async (id: string, { json, overlap }: Options) => {
      await withDatabase(terminal, async (database) => {
        await requireClient(database.prisma, id)
        const { secret, until, revoked } = await rotate(database, id, overlap)
        print(
          terminal,
          json,
          { client_id: id, client_secret: secret, previous_secret_expires_at: until, revoked },
          [
            `Replaced the secret of ${id}. ${revoked ? sentenceOf(revoked) : `The old one is good until ${until?.toISOString()}.`}`,
            `  client_secret  ${secret}   (shown this once)`,
          ],
        )
      })
    })
}

function rotate(database: Database, id: string, overlapSeconds: number) {
  return database.transaction(async (tx) => {
    const rotated = await rotateClientSecret(tx, id, { ...byOperator, overlapSeconds })
    if (!rotated.ok) throw new Refusal('bad_data', refusal(id, rotated.reason))
    const { secret, previousExpiresAt: until } = rotated
    const revoked =
      overlapSeconds === 0
        ? await revoke(tx, { clientId: id }, { reason: 'client_secret_rotated', ...byOperator })
        : null
    return { secret, until, revoked }
  })
}

function refusal(id: string, reason: string): string {
  return reason === 'built_in'
    ? `${id} is part of Cardea itself: it is not changed.`
    : `The client ${id} has no secret to rotate.`
}
