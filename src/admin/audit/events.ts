import { Readable } from 'node:stream'
import { z } from 'zod'
import { chainHead, exportEvents, listEvents } from '../../audit/index.ts'
import type { ListedEvent } from '../../audit/index.ts'
import { route } from '../frame/route.ts'
import { filterOf, filterQuery } from './filter.ts'
import { auditEventExample, auditEventSchema, chainHeadExample, chainHeadSchema } from './representation.ts'

export const list = route({
  method: 'GET',
  path: '/audit/events',
  operationId: 'listAuditEvents',
  tag: 'Audit',
  summary: 'List audit events',
  description:
    'The newest first, or the oldest. Oldest first, an event appears once no other can come before it any more, a second or two after it happened: whoever follows with `after_id` misses none and sees none twice.',
  scope: 'audit:read',
  query: filterQuery.extend({ order: z.enum(['newest', 'oldest']).default('newest') }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of events',
    schema: z.array(auditEventSchema),
    example: [auditEventExample],
  },
  async handler({ deps, query: { order, ...filter }, page }) {
    const { events, next } = await listEvents(deps.database, { ...filterOf(filter), order, ...page })
    return { body: events, next }
  },
})

export const stream = route({
  method: 'GET',
  path: '/audit/events.ndjson',
  operationId: 'exportAuditEvents',
  tag: 'Audit',
  summary: 'Export audit events, one JSON object a line',
  description:
    'The oldest first, up to the newest that is final when it begins. An export that breaks off ends without the end of its last chunk; go on with `after_id`.',
  scope: 'audit:read',
  query: filterQuery,
  success: { status: 200, description: 'The events' },
  produces: 'application/x-ndjson',
  async handler({ deps, query }) {
    const batches = exportEvents(deps.database, filterOf(query))
    // The first batch before the status goes out, so that trouble with the database is told as 503.
    const first = await batches.next()
    return { stream: Readable.from(linesOf(first, batches), { highWaterMark: 1 }) }
  },
})

export const head = route({
  method: 'GET',
  path: '/audit/head',
  operationId: 'getAuditHead',
  tag: 'Audit',
  summary: 'Get the head of the hash chain',
  description:
    'Keep it where whoever can write to the database cannot: `cardea audit verify --head` then tells whether the chain still passes through it.',
  scope: 'audit:read',
  success: { status: 200, description: 'The head', schema: chainHeadSchema, example: chainHeadExample },
  async handler({ deps }) {
    return { body: await chainHead(deps.database) }
  },
})

async function* linesOf(
  first: IteratorResult<ListedEvent[], void>,
  rest: AsyncGenerator<ListedEvent[], void>,
): AsyncGenerator<string, void> {
  if (first.done === true) return
  yield linesIn(first.value)
  for await (const batch of rest) yield linesIn(batch)
}

function linesIn(events: readonly ListedEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}
