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
    message: messageOf(error).slice(0, longest),
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: frames(error.stack).slice(0, longest) }),
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  }
}

/** Prisma quotes a whole call, values and all, before it says in the last line what is wrong with it. */
function messageOf({ name, message }: Error): string {
  if (!name.startsWith('PrismaClient')) return message
  return message.trimEnd().split('\n').at(-1)?.trim() ?? ''
}

/** Where it happened; the message, which a stack begins with, stands for itself. */
function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}
