import type { Command } from 'commander'
import { rotateClientSecret } from '../../clients/index.ts'
import { revoke } from '../../oidc/index.ts'
import { Refusal } from '../refusal.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireClient } from './document.ts'

/** `cardea client rotate-secret`: the old secret, and whatever was obtained with it, ends with the same commit. */
export function addRotateSecret(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'rotate-secret <client-id>',
    summary: "replace a client's secret at once and end all its grants and tokens",
    example: 'cardea client rotate-secret shop',
  }).action(async (id: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      await requireClient(database.prisma, id)
      const { secret, revoked } = await database.transaction(async (tx) => {
        const rotated = await rotateClientSecret(tx, id)
        if (!rotated.ok) throw new Refusal('bad_data', `The client ${id} has no secret to rotate.`)
        const counts = await revoke(tx, { clientId: id }, { reason: 'client_secret_rotated' })
        return { secret: rotated.secret, revoked: counts }
      })
      print(terminal, json, { client_id: id, client_secret: secret, revoked }, [
        `Replaced the secret of ${id}. ${sentenceOf(revoked)}`,
        `  client_secret  ${secret}   (shown this once)`,
      ])
    })
  })
}
