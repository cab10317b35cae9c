import type { z } from 'zod'

/** A kind of job: its name, what it is told, and how long and how often it is tried. Known to those who ask for it and to those who do it. */
export type Task<P> = {
  readonly name: string
  readonly payload: z.ZodType<P>
  /** Tries before the job is put aside for an operator. The pause grows from one second to six hours. */
  readonly maxAttempts: number
  /** Seconds after which a try counts as failed, whatever it is still waiting for. */
  readonly timeoutSeconds: number
}

/**
 * Defines a kind of job. Payloads are readable by whoever reads the database: names and ids, never secrets. Names are stable, because
 * jobs of the version before may still be waiting.
 */
export function defineTask<P>(
  name: string,
  payload: z.ZodType<P>,
  { maxAttempts = 25, timeoutSeconds = 60 }: { maxAttempts?: number; timeoutSeconds?: number } = {},
): Task<P> {
  return { name, payload, maxAttempts, timeoutSeconds }
}
