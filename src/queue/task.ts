import { z } from 'zod'

/** Where people or the safety of accounts wait for it: before all that can wait. */
export const URGENT = -10
/** Also of jobs that the version before asked for. */
const USUAL = 0

/** A kind of job: its name, what it is told, and how long and how often it is tried. Known to those who ask for it and to those who do it. */
export type Task<P> = {
  readonly name: string
  readonly payload: z.ZodType<P>
  /** How it is read when the job is done: the version after may have told more. */
  readonly told: z.ZodType<P>
  /** Of jobs that are due those with the lower number come first. */
  readonly priority: number
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
  {
    maxAttempts = 25,
    timeoutSeconds = 60,
    priority = USUAL,
  }: { maxAttempts?: number; timeoutSeconds?: number; priority?: number } = {},
): Task<P> {
  const told = payload instanceof z.ZodObject ? (payload.strip() as unknown as z.ZodType<P>) : payload
  return { name, payload, told, maxAttempts, timeoutSeconds, priority }
}
