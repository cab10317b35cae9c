import { z } from 'zod'
import type { Db, Prisma } from '../db/index.ts'

const scopeSchema = z.strictObject({
  name: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/),
  /** What it lets an app do, in words a person understands; shown at consent. */
  description: z.string().min(1).max(200),
  /** May the user untick it? */
  optional: z.boolean().default(false),
})
export type ResourceScope = z.infer<typeof scopeSchema>

export type StoredResourceServer = {
  identifier: string
  name: string
  scopes: ResourceScope[]
  accessTokenFormat: 'opaque' | 'jwt'
  accessTokenTtlSeconds: number
  /** The client this API introspects as, if it does. */
  clientId: string | null
}

const inputSchema = z.strictObject({
  identifier: z.string().refine((value) => {
    const url = URL.parse(value)
    return url !== null && /^https?:$/.test(url.protocol) && !value.includes('#')
  }, 'must be an absolute http(s) URI without a fragment (RFC 8707 section 2)'),
  name: z.string().min(1).max(100),
  scopes: z.array(scopeSchema).max(200),
  accessTokenFormat: z.enum(['opaque', 'jwt']).default('opaque'),
  accessTokenTtlSeconds: z.int().min(30).max(3600).default(600),
  clientId: z.string().nullable().default(null),
  seeded: z.boolean().default(false),
})

/** Registers an API that accepts our tokens; throws on input that is not valid (callers pass checked values). */
export async function createResourceServer(
  db: Db,
  input: z.input<typeof inputSchema>,
): Promise<StoredResourceServer> {
  const { accessTokenTtlSeconds, ...data } = inputSchema.parse(input)
  const row = await db.resourceServer.create({ data: { ...data, accessTokenTtl: accessTokenTtlSeconds } })
  return toStored(row)
}

/** The resource server with exactly this identifier, or null. */
export async function findResourceServer(db: Db, identifier: string): Promise<StoredResourceServer | null> {
  const row = await db.resourceServer.findUnique({ where: { identifier } })
  return row && toStored(row)
}

function toStored(row: Prisma.ResourceServerGetPayload<object>): StoredResourceServer {
  return {
    identifier: row.identifier,
    name: row.name,
    scopes: scopeSchema.array().parse(row.scopes),
    accessTokenFormat: row.accessTokenFormat,
    accessTokenTtlSeconds: row.accessTokenTtl,
    clientId: row.clientId,
  }
}
