import { everyRoute } from '../support/routes.ts'
import {
  contentTypes,
  headerNames,
  headerValues,
  nasty,
  nastyClaims,
  parameters,
} from './malformed-pieces.ts'

/** What gets a request past the first check: a browser in the middle of something, where it is, and good parameters. */
export type Valid = { headers: Record<string, string>; parameters: Record<string, string>; path: string }

/** The bytes of one request, made from what is valid with a few things wrong, by the random numbers given. */
export function malformedRequest(random: () => number, host: string, valid: Valid): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const chance = (of: number) => random() < of
  const route = pick(everyRoute)
  const method = chance(0.9) ? pick(route.methods) : pick(['OPTIONS', 'HEAD', 'PUT', 'DELETE', 'TRACE'])
  let path = chance(0.3) ? valid.path : route.path
  if (chance(0.05)) path += pick(nasty)
  if (chance(0.03)) path = path.replace('x'.repeat(43), pick(nasty))

  const pairs = Object.entries(valid.parameters).filter(() => chance(0.9))
  for (let wrong = 0; wrong < 1 + random() * 3; wrong += 1) {
    const name = pick(parameters)
    const value = name === 'claims' && chance(0.8) ? pick(nastyClaims) : pick(nasty)
    const known = pairs.findIndex(([other]) => other === name)
    if (known >= 0 && chance(0.8)) pairs.splice(known, 1)
    pairs.push([name, value])
  }
  if (chance(0.03)) pairs.push(['scope', 's%20'.repeat(10_000)])
  if (chance(0.03)) for (let more = 0; more < 1200; more += 1) pairs.push([`p${more}`, ''])
  const form = pairs
    .map(([name, value]) => (chance(0.97) ? `${name}=${value}` : name))
    .join(chance(0.95) ? '&' : ';')

  const hasBody = method === 'POST' || chance(0.05)
  const body = hasBody
    ? chance(0.9)
      ? form
      : pick(['\xff\xfe\x00', '{"a":', '[]', '{"__proto__":{}}', '&&&===', '\x1f\x8b\x08'])
    : ''
  const headers: [string, string][] = [
    ['Host', host],
    ['Connection', 'close'],
  ]
  for (const entry of Object.entries(valid.headers)) if (chance(0.7)) headers.push(entry)
  if (hasBody) headers.push(['Content-Type', pick(contentTypes)], ['Content-Length', String(body.length)])
  for (let wrong = 0; wrong < random() * 2; wrong += 1) headers.push([pick(headerNames), pick(headerValues)])
  const query = hasBody ? (chance(0.1) ? `?${pick(parameters)}=${pick(nasty)}` : '') : `?${form}`
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path}${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}
