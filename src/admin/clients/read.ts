import { z } from 'zod'
import { findClient, pageOfClients } from '../../clients/index.ts'
import { tagged } from '../frame/answer.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { clientExample, clientSchema, showClient } from './representation.ts'

export const list = route({
  method: 'GET',
  path: '/clients',
  operationId: 'listClients',
  tag: 'Clients',
  summary: 'List clients',
  description: 'In the order of their ids, so that clients made or deleted meanwhile shift no page.',
  scope: 'clients:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of clients',
    schema: z.array(clientSchema),
    example: [clientExample],
  },
  async handler({ db, page: { after, limit } }) {
    const { rows, next } = onePage(
      await pageOfClients(db, { after, limit: limit + 1 }),
      limit,
      ({ id }) => id,
    )
    return { body: rows.map(showClient), next }
  },
})

export const read = route({
  method: 'GET',
  path: '/clients/:id',
  operationId: 'getClient',
  tag: 'Clients',
  summary: 'Get a client',
  scope: 'clients:read',
  params: idParams,
  success: {
    status: 200,
    description: 'The client, with an ETag',
    schema: clientSchema,
    example: clientExample,
  },
  problems: ['not_found'],
  async handler({ db, params }) {
    const client = await findClient(db, params.id)
    if (!client) throw new AdminProblem('not_found')
    return tagged(showClient(client))
  },
})
