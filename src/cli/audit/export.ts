import { once } from 'node:events'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { exportEvents, sealAll } from '../../audit/index.ts'
import type { EventFilter } from '../../audit/index.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'

type Options = VerbOptions & {
  from?: Date
  to?: Date
  user?: string
  client?: string
  actor?: string
  type?: string
  afterId?: string
}

/** `cardea audit export`: the events, oldest first, one JSON object a line. */
export function addExport(audit: Command, terminal: Terminal): void {
  addVerb(audit, {
    usage: 'export',
    summary: 'print audit events, oldest first, one JSON object a line',
    example: 'cardea audit export --from 2026-11-01 --to 2026-12-01 > november.ndjson',
  })
    .option('--from <time>', 'not before this time: 2026-11-01 or 2026-11-01T09:00:00Z', time)
    .option('--to <time>', 'before this time', time)
    .option('--user <id>', 'about this user')
    .option('--client <client-id>', 'about this client')
    .option('--actor <id>', 'done by this user')
    .option('--type <prefix>', 'of types that begin so: user. or user.disabled')
    .option('--after-id <id>', 'go on behind this event', eventId)
    .action(async ({ from, to, user, client, actor, type, afterId }: Options) => {
      const filter: EventFilter = { from, to, userId: user, clientId: client, actorUserId: actor }
      await withDatabase(terminal, async (database) => {
        await sealAll(database)
        for await (const batch of exportEvents(database, { ...filter, typePrefix: type, afterId })) {
          const lines = batch.map((event) => `${JSON.stringify(event)}\n`).join('')
          if (!terminal.stdout.write(lines)) await once(terminal.stdout, 'drain')
        }
      })
    })
}

function time(text: string): Date {
  const found = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/.test(text) ? new Date(text) : null
  if (!found || Number.isNaN(found.getTime()))
    throw new InvalidArgumentError('Write it in UTC, as 2026-11-01 or 2026-11-01T09:00:00Z.')
  return found
}

function eventId(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It must be the id of an event.')
  return text
}
