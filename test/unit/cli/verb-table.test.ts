import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { Option } from 'commander'
import type { z } from 'zod'
import { adminRoutes } from '../../../src/admin/routes.ts'
import type { Route } from '../../../src/admin/frame/route.ts'
import { runCli } from '../../../src/cli/index.ts'
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

/** Does it answer with a list: page by page, or, of what is never many, all at once? */
function isList({ paged, success: { schema } }: Route): boolean {
  return (
    paged === true || (schema !== undefined && 'shape' in schema && 'items' in (schema as z.ZodObject).shape)
  )
}

function fits(pattern: string, path: string): boolean {
  const [expected, given] = [pattern.split('/'), path.split('/')]
  if (expected.length !== given.length) return false
  return expected.every((part, index) => (part.startsWith(':') ? true : part === given[index]))
}

async function helpOf(...words: string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  expect(await runCli([...words, '--help'], { env: {}, stdin: Readable.from([]), stdout, stderr })).toBe(0)
  return String(stdout.read())
}

const own = ['login', 'logout', 'whoami', 'api', 'completion']
const named = [
  ...groups.flatMap(({ name, verbs }) =>
    verbs.map(({ usage }) => [name, usage.split(' ')[0] ?? ''].join(' ')),
  ),
  ...single.map(({ usage }) => usage),
]

describe('every verb', () => {
  test.each([...named, ...own])(
    '%s has help that ends with an example of it, and prints JSON if asked',
    async (verb) => {
      const help = await helpOf(...verb.split(' '))
      expect(help).toMatch(new RegExp(`\\nExample:\\n {2}\\$ .*cardea ${verb}`))
      expect(help).toContain('--json')
    },
  )

  test.each([...named, ...own])(
    '%s takes no secret as an argument, which everybody on a machine can read',
    async (verb) => {
      const help = await helpOf(...verb.split(' '))
      expect(help).not.toMatch(/--(\w+-)*(password|secret|key)(?!-)[ =]*<(?!kid>)/)
      expect(help).not.toMatch(/<token>|--token <(?!handle)/)
    },
  )
})

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
    expect(verb.columns !== undefined).toBe(isList(route))
    expect(verb.streams !== undefined).toBe(route.produces !== undefined)
    expect(verb.revokes !== undefined).toBe('dry_run' in route.body.shape)
  })

  test.each(rows.filter(([, verb]) => verb.columns))('%s has columns that the list has', (_, verb) => {
    const page = routeOf(verb).success.schema as z.ZodObject
    const item = (page.shape['items'] as z.ZodArray<z.ZodObject>).element
    for (const column of verb.columns ?? []) expect(Object.keys(item.shape)).toContain(column.split('.')[0])
  })

  test.each(rows)('%s has options that differ, and choices that the API takes', (_, verb) => {
    const route = routeOf(verb)
    const taken: Record<string, z.ZodType> = (route.method === 'GET' ? route.query : route.body).shape
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
