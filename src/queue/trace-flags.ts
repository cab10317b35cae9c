import { traceparent } from '../tracing/index.ts'

const PREFIX = 'traceparent:'

/** What is written beside a job, and not into its payload, so that it is found below what asked for it; null where nothing is traced. */
export function traceFlags(): string[] | null {
  const around = traceparent()
  return around === undefined ? null : [PREFIX + around]
}

/** The traceparent that a job was asked for with. */
export function traceparentIn(flags: Readonly<Record<string, unknown>> | null): string | undefined {
  const flag = Object.keys(flags ?? {}).find((one) => one.startsWith(PREFIX))
  return flag?.slice(PREFIX.length)
}
