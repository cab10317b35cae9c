/** What the command's exit codes mean, in the numbers of sysexits.h (docs/operate.md, "Exit codes"). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  bad_data: 65,
  not_found: 66,
  database_unavailable: 69,
  already_exists: 73,
  unavailable: 75,
  not_signed_in: 77,
  forbidden: 77,
  configuration: 78,
} as const

export type Reason = Exclude<keyof typeof EXIT, 'ok'>

/** The command cannot do what was asked; the message says why and what to do, and `reason` decides the exit code. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: Reason
  /** The problem document (RFC 9457) that the admin API answered with, for programs. */
  readonly problem: object | undefined

  constructor(reason: Reason, message: string, options: ErrorOptions & { problem?: object } = {}) {
    super(message, options)
    this.reason = reason
    this.problem = options.problem
  }
}
