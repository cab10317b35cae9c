import { z } from 'zod'
import { logoStatus } from '../../clients/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'

export const logo = route({
  method: 'GET',
  path: '/clients/:id/logo',
  operationId: 'getClientLogo',
  tag: 'Clients',
  summary: "See what became of a client's logo",
  description:
    'Logos are fetched from `logo_uri` by the server, soon after the client is registered or changed and once a week, and served from its own address. A patch that names `logo_uri` has it fetched at once, whether or not it changes.',
  scope: 'clients:read',
  params: idParams,
  success: {
    status: 200,
    description: 'How far it has come',
    schema: z
      .strictObject({
        client_id: z.string(),
        source_uri: z.string(),
        state: z.enum(['shown', 'waiting', 'refused']),
        address: z
          .string()
          .nullable()
          .meta({ description: 'The path at the issuer; null while there is none.' }),
        type: z.string().nullable(),
        error: z.string().nullable().meta({
          description: 'What went wrong the last time, in a word: timeout, http_404, svg, too_large …',
        }),
        fetched_at: instant.nullable(),
        next_fetch_at: instant,
      })
      .meta({ id: 'ClientLogo' }),
    example: {
      client_id: 'shop',
      source_uri: 'https://shop.example/logo.png',
      state: 'shown',
      address: '/logos/shop/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
      type: 'image/png',
      error: null,
      fetched_at: '2026-11-21T09:30:00.000Z',
      next_fetch_at: '2026-11-28T09:30:00.000Z',
    },
  },
  problems: ['not_found'],
  async handler({ db, params }) {
    const status = await logoStatus(db, params.id)
    if (!status) throw new AdminProblem('not_found')
    const { sourceUri, state, address, type, error, fetchedAt, dueAt } = status
    return {
      body: {
        ...{ client_id: params.id, source_uri: sourceUri, state, address, type, error },
        fetched_at: fetchedAt?.toISOString() ?? null,
        next_fetch_at: dueAt.toISOString(),
      },
    }
  },
})
