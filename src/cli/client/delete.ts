import type { Command } from 'commander'
import { deleteClient } from '../../clients/index.ts'
import { forgetConsents, revoke } from '../../oidc/index.ts'
import { byOperator } from '../by-operator.ts'
import { Refusal } from '../refusal.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireClient } from './document.ts'

/** `cardea client delete`: the client, its grants and tokens, and what users had allowed it, all with one commit. */
export function addDelete(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'delete <client-id>',
    summary: 'delete a client, and with it its grants, its tokens and the consents given to it',
    example: 'cardea client delete shop',
  }).action(async (id: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      await requireClient(database.prisma, id)
      const { revoked, consents } = await database.transaction(async (tx) => {
        const deleted = await deleteClient(tx, id, byOperator)
        if (!deleted.ok)
          throw new Refusal('bad_data', `${id} is part of Cardea itself or gone: it is not deleted.`)
        const counts = await revoke(tx, { clientId: id }, { reason: 'client_deleted', ...byOperator })
        return { revoked: counts, consents: await forgetConsents(tx, { clientId: id }) }
      })
      print(terminal, json, { client_id: id, revoked, consents }, [
        `Deleted the client ${id}. ${sentenceOf(revoked)} Forgot ${consents} consents.`,
      ])
    })
  })
}
