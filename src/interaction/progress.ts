import { z } from 'zod'
import { secondsNow } from '../oidc/index.ts'
import type { Factor, FactorTimes, Interaction } from '../oidc/index.ts'

const factors = ['pwd', 'otp', 'recovery_code', 'passkey', 'trusted_browser'] as const satisfies Factor[]

const schema = z.strictObject({
  /** Who proved who they are. */
  userId: z.uuid().optional(),
  /** What was proven, and when, in seconds since 1970: in this sign-in, or in the session that it makes stronger. */
  proven: z.partialRecord(z.enum(factors), z.int()).default({}),
  /** How the passkey's key is kept (RFC 8176). */
  passkeyMethod: z.enum(['hwk', 'swk']).optional(),
  /** The authenticator being enrolled in this sign-in. */
  enrolling: z.uuid().optional(),
  /** Ten new recovery codes, sealed, until the user says they are saved. */
  unsavedCodes: z.string().optional(),
  /** A code was mailed so that this browser need not wait: the ticket, and the address as typed. */
  unlock: z.strictObject({ id: z.uuid(), email: z.string() }).optional(),
  /** The user ticked that this browser need not ask for the second factor for some days. */
  trustBrowser: z.boolean().optional(),
  /** The app asked for a new account, and this browser was sent to make one. */
  sentToRegister: z.boolean().optional(),
  /** The user asked to sign in as someone else. */
  anotherAccount: z.boolean().optional(),
  /** This browser can keep a passkey, and its user has none and has not said "not now" here: offered once everything is proven. */
  offerPasskey: z.boolean().optional(),
})

/** How far this sign-in has come. Kept on the server with the interaction; the browser holds none of it. */
export type Progress = z.infer<typeof schema>

export const beginning: Progress = { proven: {} }

/** What the interaction room kept, or the beginning. What another version kept in another form is begun anew. */
export function progressOf(interaction: Interaction): Progress {
  if (interaction.progress !== null && interaction.progress !== undefined)
    return schema.safeParse(interaction.progress).data ?? beginning
  const { session, prompt } = interaction
  // A session that is only not strong enough keeps what it has proven, and when: only what is missing, or too old, is asked for.
  const onlyStrength =
    prompt.name === 'login' && prompt.reasons.every((reason) => strengthReasons.has(reason))
  if (!session || !onlyStrength) return beginning
  return {
    userId: session.userId,
    proven: { ...session.factors },
    ...(session.factors.passkey === undefined
      ? {}
      : { passkeyMethod: session.amr.includes('hwk') ? ('hwk' as const) : ('swk' as const) }),
  }
}

const strengthReasons = new Set(['step_up', 'essential_acr', 'essential_acrs'])

/**
 * Where somebody begins who has just said who they are: where they were if it is still the same person, else anew, and what an earlier
 * one has proven counts for nothing.
 */
export function progressFor(progress: Progress, userId: string): Progress {
  const { anotherAccount, sentToRegister } = progress
  if (progress.userId === userId) return progress
  return {
    ...{ userId, proven: {} },
    ...(anotherAccount ? { anotherAccount } : {}),
    ...(sentToRegister ? { sentToRegister } : {}),
  }
}

/** The progress with these factors proven now. */
export function withProof(progress: Progress, ...proven: Factor[]): Progress {
  const now = secondsNow()
  const times: FactorTimes = Object.fromEntries(proven.map((factor) => [factor, now]))
  return { ...progress, proven: { ...progress.proven, ...times } }
}
