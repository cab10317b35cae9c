import { z } from 'zod'
import {
  deleteScopeWords,
  isWorded,
  listScopeWords,
  putScopeWords,
  scopeWordingSchema,
} from '../../clients/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'

const wordsSchema = z
  .strictObject({
    kind: z.enum(['scope', 'claim']),
    name: z.string(),
    language: z.string().meta({ description: 'A language of the pages, or `default`.' }),
    title: z.string(),
    description: z.string(),
  })
  .meta({ id: 'ScopeWords' })

const example = {
  kind: 'scope' as const,
  name: 'email',
  language: 'de',
  title: 'Ihre Dienstadresse',
  description: 'Unter ihr schreibt Ihnen die App',
}

// What cannot be worded is simply not there, so it is not refused before it is looked for.
const place = z.strictObject({
  kind: z.string().min(1).max(400).meta({ description: '`scope` or `claim`' }),
  name: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'A scope of OpenID, or a claim, that this server has.' }),
  language: z
    .string()
    .min(1)
    .max(400)
    .meta({ description: 'A language of the pages, or `default` for all without words of their own.' }),
})

const list = route({
  method: 'GET',
  path: '/scope-words',
  operationId: 'listScopeWords',
  tag: 'Scope words',
  summary: "List what scopes of OpenID and claims are called in the operator's words",
  description: 'By kind, name and language. What is not here is said in the words that come with the server.',
  scope: 'resources:read',
  success: {
    status: 200,
    description: 'All of them',
    schema: z.strictObject({ items: z.array(wordsSchema) }),
    example: { items: [example] },
  },
  async handler({ db }) {
    return { body: { items: await listScopeWords(db) } }
  },
})

const put = route({
  method: 'PUT',
  path: '/scope-words/:kind/:name/:language',
  operationId: 'putScopeWords',
  tag: 'Scope words',
  summary: 'Say in your own words what a scope of OpenID or a claim gives away',
  description:
    'Read on the consent page, in receipts and under connected apps. Who reads another language reads your `default`, else the words that come with the server. Scopes of APIs are worded where they are registered.',
  scope: 'resources:write',
  params: place,
  body: scopeWordingSchema.meta({ id: 'NewScopeWords' }),
  example: { title: example.title, description: example.description },
  success: { status: 200, description: 'The words', schema: wordsSchema, example },
  problems: ['not_found'],
  async handler({ db, params, body, actor, ip }) {
    const at = placeOf(params)
    await putScopeWords(db, { ...at, ...body }, { actor, ip })
    return { body: { ...at, ...body } }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/scope-words/:kind/:name/:language',
  operationId: 'deleteScopeWords',
  tag: 'Scope words',
  summary: 'Take your own words back',
  scope: 'resources:write',
  params: place,
  success: { status: 204, description: 'They are gone' },
  problems: ['not_found'],
  async handler({ db, params, actor, ip }) {
    if (!(await deleteScopeWords(db, placeOf(params), { actor, ip }))) throw new AdminProblem('not_found')
    return {}
  },
})

function placeOf({ kind, name, language }: z.output<typeof place>) {
  if ((kind !== 'scope' && kind !== 'claim') || !isWorded({ kind, name, language }))
    throw new AdminProblem('not_found')
  return { kind, name, language } as const
}

export const scopeWordRoutes: readonly Route[] = [list, put, remove]
