import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { createResourceServer } from '../../clients/index.ts'
import type { ResourceScope } from '../../clients/index.ts'
import { isUniqueViolation } from '../../db/index.ts'
import type { Db } from '../../db/index.ts'
import { byOperator } from '../by-operator.ts'
import { requireClient } from '../client/document.ts'
import { wholeNumber } from '../numbers.ts'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'

/** A scope's description in one language. */
type Worded = { language: string; scope: string; description: string }

type Options = VerbOptions & {
  name: string
  scope?: ResourceScope[]
  optionalScope?: ResourceScope[]
  words?: Worded[]
  format: 'opaque' | 'jwt'
  ttl: number
  allowLongLived?: true
  introspectionClient?: string
}

/** `cardea resource create`: an API whose scopes clients may ask for. */
export function addCreate(resources: Command, terminal: Terminal): void {
  addVerb(resources, {
    usage: 'create <identifier>',
    summary: 'register an API by its resource indicator, an absolute URI',
    example:
      'cardea resource create https://api.shop.example/ --name Shop --scope "orders:read=See your orders"',
  })
    .requiredOption('--name <name>', 'what people see when they are asked to allow it')
    .option('--scope <name=description>', 'a scope; may be repeated', scopeReader(false))
    .option(
      '--optional-scope <name=description>',
      'one that people may untick; may be repeated',
      scopeReader(true),
    )
    .option(
      '--words <language:scope=description>',
      'what a scope allows, in another language; may be repeated',
      readWords,
    )
    .addOption(
      new Option('--format <format>', 'of its access tokens').choices(['opaque', 'jwt']).default('opaque'),
    )
    .option('--ttl <seconds>', 'life of its access tokens, 30 to 3600', wholeNumber(30, 3600), 600)
    .option('--allow-long-lived', 'let JWTs live longer than 600 seconds')
    .option('--introspection-client <client-id>', 'the client as which the API asks about tokens')
    .action(async (identifier: string, options: Options) => {
      await withDatabase(terminal, async ({ prisma }) => {
        const created = await create(prisma, identifier, options)
        print(terminal, options.json, created, [`Registered the API ${created.identifier}`])
      })
    })
}

async function create(db: Db, identifier: string, options: Options) {
  const { name, scope = [], optionalScope = [], format, ttl, introspectionClient: clientId } = options
  const { allowLongLived = false } = options
  if (clientId !== undefined) await requireClient(db, clientId)
  try {
    const input = {
      ...{ identifier, name, scopes: inWords([...scope, ...optionalScope], options.words ?? []) },
      ...{ accessTokenFormat: format, accessTokenTtlSeconds: ttl, allowLongLived },
      ...(clientId === undefined ? {} : { clientId }),
    }
    return await createResourceServer(db, input, byOperator)
  } catch (error) {
    if (error instanceof z.ZodError)
      throw new Refusal(
        'bad_data',
        error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
      )
    if (isUniqueViolation(error))
      throw new Refusal(
        'already_exists',
        `${identifier} is registered already, or its introspection client is taken.`,
      )
    throw error
  }
}

/** The scopes with what is said about them in other languages; a Refusal for words about a scope that is not among them. */
function inWords(scopes: readonly ResourceScope[], words: readonly Worded[]): ResourceScope[] {
  const lost = words.find(({ scope }) => !scopes.some(({ name }) => name === scope))
  if (lost) throw new Refusal('bad_data', `--words speaks of ${lost.scope}, which is no scope of this API.`)
  return scopes.map((scope) => {
    const of = words.filter((one) => one.scope === scope.name)
    const descriptions = Object.fromEntries(of.map(({ language, description }) => [language, description]))
    return of.length === 0 ? scope : { ...scope, descriptions }
  })
}

function readWords(text: string, earlier: Worded[] = []): Worded[] {
  const [, language, scope, description] = /^([a-z]{2,3}):([^=]+)=(.+)$/.exec(text) ?? []
  if (language === undefined || scope === undefined || description === undefined)
    throw new InvalidArgumentError('Write it as language:name=what it allows, for example de:orders:read=….')
  return [...earlier, { language, scope, description }]
}

function scopeReader(optional: boolean) {
  return (text: string, earlier: ResourceScope[] = []): ResourceScope[] => {
    const [, name, description] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || description === undefined)
      throw new InvalidArgumentError('Write it as name=what it allows, in words for people.')
    return [...earlier, { name, description, optional }]
  }
}
