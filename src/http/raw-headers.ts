import type { IncomingMessage } from 'node:http'

/** Every value a header was sent with, in order. `req.headers` keeps only the first of some and hides the others. */
export function rawHeaderValues(req: IncomingMessage, name: string): string[] {
  return req.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name)
}
