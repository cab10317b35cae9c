import { describe, expect, test } from '@jest/globals'
import { Option } from 'commander'
import type { z } from 'zod'
import { adminRoutes } from '../../../src/admin/routes.ts'
import type { Route } from '../../../src/admin/frame/route.ts'
import { groups, single } from '../../../src/cli/remote/verbs/index.ts'
import { argumentsOf, callOf } from '../../../src/cli/remote/verb.ts'
import type { Verb } from '../../../src/cli/remote/verb.ts'

const rows = [
  ...groups.flatMap(({ name, verbs }) =>
    verbs.map((verb): [string, Verb] => [`${name} ${verb.usage}`, verb]),
  ),
  ...single.map((verb): [string, Verb] => [verb.usage, verb]),
]

function routeOf(verb: Verb): Route {
  const { method, path } = callOf(verb)
  const found = adminRoutes.find((route) => route.method === method && fits(route.path, path))
  if (!found) throw new Error(`there is no route for ${verb.call}`)
  return found
}

function fits(pattern: string, path: string): boolean {
  const [expected, given] = [pattern.split('/'), path.split('/')]
  if (expected.length !== given.length) return false
  return expected.every((part, index) => (part.startsWith(':') ? true : part === given[index]))
}

describe('the table of verbs', () => {
  test.each(rows)('%s asks a route that exists for fields that it takes', (_, verb) => {
    const route = routeOf(verb)
    const taken: Record<string, unknown> = route.method === 'GET' ? route.query.shape : route.body.shape
    const inPath = [...callOf(verb).path.matchAll(/:([\w-]+)/g)].map(([, name]) => name)
    const named = argumentsOf(verb).filter(({ name }) => !inPath.includes(name))
    const fields = [
      ...(verb.fields ?? []).map(({ name }) => name),
      ...named.map(({ name }) => name),
      verb.input,
    ]
    for (const field of fields) if (field !== undefined) expect(Object.keys(taken)).toContain(field)
    expect(verb.ifMatch ?? false).toBe(route.ifMatch ?? false)
    expect(verb.columns !== undefined).toBe(route.paged ?? false)
    expect(verb.streams !== undefined).toBe(route.produces !== undefined)
    expect(verb.revokes !== undefined).toBe('dry_run' in route.body.shape)
  })

  test.each(rows.filter(([, verb]) => verb.columns))('%s has columns that the list has', (_, verb) => {
    const page = routeOf(verb).success.schema as z.ZodObject
    const item = (page.shape['items'] as z.ZodArray).element as z.ZodObject
    for (const column of verb.columns ?? []) expect(Object.keys(item.shape)).toContain(column.split('.')[0])
  })

  test.each(rows)('%s has options that differ, and choices that the API takes', (_, verb) => {
    const route = routeOf(verb)
    const taken: Record<string, z.ZodType> = (route.method === 'GET' ? route.query : route.body)
      .shape as never
    const names = (verb.fields ?? []).map(({ flags }) => new Option(flags).attributeName())
    expect(new Set(names).size).toBe(names.length)
    for (const { name, choices = [], none } of verb.fields ?? [])
      for (const choice of choices.filter((one) => one !== none))
        expect({ name, choice, ok: taken[name]?.safeParse(choice).success }).toEqual({
          name,
          choice,
          ok: true,
        })
  })

  test('has a verb for every route: what has none is reached by `cardea api` alone', () => {
    const reached = new Set(rows.map(([, verb]) => routeOf(verb).operationId))
    expect(adminRoutes.map(({ operationId }) => operationId).filter((id) => !reached.has(id))).toEqual([])
  })
})
