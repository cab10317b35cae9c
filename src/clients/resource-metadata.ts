import { z } from 'zod'
import { languages } from '../language/index.ts'
import { isStorable } from './metadata.ts'

/** What people and databases can be shown: no control characters, no half characters. */
export const peoplesWords = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => isStorable(text) && !/\p{Cc}/u.test(text), 'contains control characters')

export const resourceScopeSchema = z.strictObject({
  name: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/),
  /** What it lets an app do, in words a person understands; shown at consent. */
  description: peoplesWords(200),
  /** The same in other languages; who reads none of them reads `description`. */
  descriptions: z.partialRecord(z.enum(languages), peoplesWords(200)).optional(),
  /** May the user untick it? */
  optional: z.boolean().default(false),
})
export type ResourceScope = z.infer<typeof resourceScopeSchema>

/** A JWT lives on after its revocation at every API that does not ask: longer than this only if the operator says so. */
const MAX_JWT_SECONDS = 600

export const resourceServerSchema = z
  .strictObject({
    identifier: z
      .string()
      .max(1000)
      .refine(
        isResourceIdentifier,
        'must be an absolute http(s) URI without a fragment (RFC 8707 section 2)',
      ),
    name: peoplesWords(100),
    scopes: z
      .array(resourceScopeSchema)
      .max(200)
      .refine(
        (scopes) => new Set(scopes.map(({ name }) => name)).size === scopes.length,
        'names a scope twice',
      ),
    accessTokenFormat: z.enum(['opaque', 'jwt']).default('opaque'),
    accessTokenTtlSeconds: z.int().min(30).max(3600).default(600),
    clientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/)
      .nullable()
      .default(null),
    seeded: z.boolean().default(false),
    /** JWTs may live longer than ten minutes. */
    allowLongLived: z.boolean().default(false),
  })
  .superRefine(({ accessTokenFormat, accessTokenTtlSeconds, allowLongLived }, context) => {
    if (accessTokenFormat !== 'jwt' || accessTokenTtlSeconds <= MAX_JWT_SECONDS || allowLongLived) return
    const message = `of a JWT is at most ${MAX_JWT_SECONDS} seconds unless long lives are allowed in so many words`
    context.addIssue({ code: 'custom', path: ['accessTokenTtlSeconds'], message })
  })

export type ResourceServerInput = z.input<typeof resourceServerSchema>

function isResourceIdentifier(value: string): boolean {
  return /^https?:$/.test(URL.parse(value)?.protocol ?? '') && /^[\x21\x22\x24-\x7e]+$/.test(value)
}
