import { z } from 'zod'

const base64url = z.string().regex(/^[\w-]+$/)
// The one spelling of its bytes: the last character of another may differ in bits that mean nothing, and would be counted apart.
const credentialId = base64url
  .max(1400)
  .refine((id) => Buffer.from(id, 'base64url').toString('base64url') === id)
const credential = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  clientExtensionResults: z.object({}).catch({}),
}
const authentication = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.max(100).nullish(),
  }),
})
const registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    // Hints (WebAuthn section 5.8.4), which may be unknown ones, but are kept: nothing that the database would not take.
    transports: z
      .array(z.string().regex(/^[a-z-]{1,32}$/))
      .max(10)
      .optional()
      .catch(undefined),
  }),
})

export type AuthenticationResponse = z.infer<typeof authentication>
export type RegistrationResponse = z.infer<typeof registration>

/** What a browser sent back from `navigator.credentials.get()`, as JSON text; null for anything that does not even look like it. */
export function parseAuthentication(text: unknown): AuthenticationResponse | null {
  return parse(authentication, text)
}

/** What a browser sent back from `navigator.credentials.create()`, as JSON text; null for anything that does not even look like it. */
export function parseRegistration(text: unknown): RegistrationResponse | null {
  return parse(registration, text)
}

/** The client's side of it (WebAuthn section 5.8.1): which challenge was answered, and whether inside somebody else's page. */
export function clientDataOf(encoded: string): { challenge: string; crossOrigin: boolean } | null {
  const schema = z.object({ challenge: z.string(), crossOrigin: z.boolean().default(false) })
  return parse(schema, Buffer.from(encoded, 'base64url').toString('utf8'))
}

function parse<T>(schema: z.ZodType<T>, text: unknown): T | null {
  if (typeof text !== 'string' || text.length > 32_768) return null
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
