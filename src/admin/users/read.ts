import { z } from 'zod'
import { listUsers } from '../../users/index.ts'
import { tagged } from '../frame/answer.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { targetUser } from './authority.ts'
import { roleSchema, showUser, statusSchema, userExample, userSchema } from './representation.ts'

export const list = route({
  method: 'GET',
  path: '/users',
  operationId: 'listUsers',
  tag: 'Users',
  summary: 'List users',
  description:
    'In the order of their creation. Users who are added while you page neither repeat nor hide others.',
  scope: 'users:read',
  query: z.strictObject({
    email: z
      .string()
      .min(1)
      .max(254)
      .optional()
      .meta({ description: 'The first characters of the email address, in any case.' }),
    status: statusSchema.optional(),
    role: roleSchema.optional(),
  }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of users',
    schema: z.array(userSchema),
    example: [userExample],
  },
  async handler({ db, query: { email, status, role }, page }) {
    const { users, next } = await listUsers(db, { prefix: email, status, role, ...page })
    return { body: users.map(showUser), next }
  },
})

export const read = route({
  method: 'GET',
  path: '/users/:id',
  operationId: 'getUser',
  tag: 'Users',
  summary: 'Get a user',
  scope: 'users:read',
  params: idParams,
  success: { status: 200, description: 'The user, with an ETag', schema: userSchema, example: userExample },
  problems: ['not_found'],
  async handler(call) {
    return tagged(showUser(await targetUser(call)))
  },
})
