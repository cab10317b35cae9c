import { z } from 'zod'
import type { Interaction } from '../oidc/index.ts'

const schema = z.strictObject({
  /** Whose password was right. */
  userId: z.uuid().optional(),
  factors: z.array(z.enum(['pwd', 'otp', 'recovery_code'])).default([]),
  /** The authenticator being enrolled in this sign-in. */
  enrolling: z.uuid().optional(),
  /** Ten new recovery codes, sealed, until the user says they are saved. */
  unsavedCodes: z.string().optional(),
  /** The user asked to sign in as someone else. */
  anotherAccount: z.boolean().optional(),
})

/** How far this sign-in has come. Kept on the server with the interaction; the browser holds none of it. */
export type Progress = z.infer<typeof schema>
export type Factor = Progress['factors'][number]

/** What the interaction room kept, or the beginning. */
export function progressOf(interaction: Interaction): Progress {
  if (interaction.progress !== null && interaction.progress !== undefined)
    return schema.parse(interaction.progress)
  const { session, prompt } = interaction
  // A session that is only not strong enough keeps what it has proven: the missing factor is asked for, not the password again.
  const onlyStrength =
    prompt.name === 'login' && prompt.reasons.every((reason) => strengthReasons.has(reason))
  if (session && onlyStrength && session.amr.includes('pwd'))
    return { userId: session.userId, factors: ['pwd'] }
  return { factors: [] }
}

const strengthReasons = new Set(['step_up', 'essential_acr', 'essential_acrs'])
