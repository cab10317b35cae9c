import { z } from 'zod'
import { findResourceServer, pageOfResourceServers } from '../../clients/index.ts'
import { tagged } from '../frame/answer.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import {
  identifierParams,
  resourceServerExample,
  resourceServerSchema,
  showResourceServer,
} from './representation.ts'

export const list = route({
  method: 'GET',
  path: '/resource-servers',
  operationId: 'listResourceServers',
  tag: 'Resource servers',
  summary: 'List resource servers',
  description: 'APIs that accept our tokens (RFC 8707), in the order of their identifiers.',
  scope: 'resources:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of resource servers',
    schema: z.array(resourceServerSchema),
    example: [resourceServerExample],
  },
  async handler({ db, page: { after, limit } }) {
    const found = await pageOfResourceServers(db, { after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ identifier }) => identifier)
    return { body: rows.map(showResourceServer), next }
  },
})

export const read = route({
  method: 'GET',
  path: '/resource-servers/:id',
  operationId: 'getResourceServer',
  tag: 'Resource servers',
  summary: 'Get a resource server',
  scope: 'resources:read',
  params: identifierParams,
  success: {
    status: 200,
    description: 'The resource server, with an ETag',
    schema: resourceServerSchema,
    example: resourceServerExample,
  },
  problems: ['not_found'],
  async handler({ db, params }) {
    const found = await findResourceServer(db, params.id)
    if (!found) throw new AdminProblem('not_found')
    return tagged(showResourceServer(found))
  },
})
