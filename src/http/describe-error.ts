/** An error as the log may keep it. */
export interface ErrorDescription {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: ErrorDescription
}

const longest = 2000

/**
 * Picks from an error what a log may hold. Database errors carry the values of rows in further fields (`detail`,
 * `parameters`, `meta`), so only these are taken and all else is left behind.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something that is no Error was thrown' }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message.slice(0, longest),
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack.slice(0, longest) }),
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  }
}
