import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { isLoopback } from './loopback.ts'

/** A whole number between two bounds. The unit only serves the error text. */
export function wholeNumber(min: number, max: number, unit = ''): z.ZodType<number, string> {
  const range = `must be a whole number from ${min} to ${max}${unit && ` ${unit}`}`
  return z
    .string()
    .regex(/^\d{1,15}$/, range)
    .transform(Number)
    .refine((value) => value >= min && value <= max, range)
}

export const seconds = (min: number, max: number): z.ZodType<number, string> =>
  wholeNumber(min, max, 'seconds')
export const milliseconds = (min: number, max: number): z.ZodType<number, string> =>
  wholeNumber(min, max, 'milliseconds')

export const port = wholeNumber(0, 65535)

/** How many processes: a number, or as many as there are cores. */
export const workers: z.ZodType<number | 'auto', string> = z.string().transform((text, issues) => {
  if (text === 'auto') return text
  const count = wholeNumber(1, 256).safeParse(text)
  if (count.success) return count.data
  issues.addIssue('must be auto, or a whole number from 1 to 256')
  return z.NEVER
})

/** Days that something is kept: 0 for ever, else no less than a month, so that whoever follows it may be late. */
export const retentionDays = wholeNumber(0, 36_500).refine(
  (days) => days === 0 || days >= 30,
  'must be 0, or a whole number of 30 or more',
)

/** One of a few words. */
export function oneOf<const T extends string>(...words: T[]): z.ZodType<T, string> {
  return z.string().transform((text, issues): T => {
    const word = words.find((candidate) => candidate === text)
    if (word !== undefined) return word
    issues.addIssue({ code: 'custom', message: `must be ${words.join(' or ')}` })
    return z.NEVER
  })
}

export const yesOrNo = oneOf('true', 'false').transform((word) => word === 'true')

/** A name for people: one line, no more than fits a page's heading, nothing that cannot be seen. */
export const shownName = z
  .string()
  .trim()
  .refine((text) => text.length > 0 && Array.from(text).length <= 60, 'must have 1 to 60 characters')
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}<>]/u.test(text), 'must be plain text on one line')

/** An address or name to listen on. */
export const listenHost = z
  .string()
  .refine((text) => isAddress(text) || isHostName(text), 'must be an IP address or a host name')

/** A list separated by commas or spaces. */
const list = z.string().transform((text) => text.split(/[\s,]+/).filter((entry) => entry !== ''))

/** A list of addresses and networks, e.g. `10.0.0.0/8, ::1`. A network that holds everybody is refused. */
export const networks = list.superRefine((entries, issues) => {
  for (const entry of entries) {
    if (!isNetwork(entry))
      issues.addIssue(`"${entry}" is neither an IP address nor a network like 10.0.0.0/8`)
    else if (/\/0$/.test(entry)) issues.addIssue(`"${entry}" holds every address there is`)
  }
})

/** A list of host names, addresses and networks, sorted into names and networks. */
export const hostsAndNetworks = list.transform((entries, issues) => {
  const sorted = { hosts: [] as string[], networks: [] as string[] }
  for (const entry of entries) {
    if (isNetwork(entry)) sorted.networks.push(entry)
    else if (isHostName(entry)) sorted.hosts.push(entry.toLowerCase())
    else issues.addIssue(`"${entry}" is neither a host name nor an IP address or network`)
  }
  return sorted
})

/** A list of host names. */
export const hostNames = list.transform((entries, issues) => {
  for (const entry of entries) if (!isHostName(entry)) issues.addIssue(`"${entry}" is not a host name`)
  return entries.map((entry) => entry.toLowerCase())
})

/** An issuer identifier: an http(s) URL in its one canonical spelling, without query, fragment or final slash. */
export const issuerUrl = z.string().superRefine((text, issues) => {
  for (const fault of issuerFaults(text)) issues.addIssue(fault)
})

function issuerFaults(text: string): string[] {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return ['must be an http or https URL']
  if (url.username || url.password) return ['must not carry a user name or password']
  if (text.includes('?') || text.includes('#')) return ['must have no query and no fragment']
  if (text.endsWith('/')) return ['must not end with a slash']
  // Relying parties compare the issuer byte for byte (RFC 8414 §3.3), so a second spelling would be another issuer.
  const canonical = url.origin + url.pathname.replace(/\/$/, '')
  return canonical === text ? [] : [`must be written in its canonical form, ${canonical}`]
}

export const postgresUrl = z.string().superRefine((text, issues) => {
  const url = URL.parse(text)
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) issues.addIssue('must be a postgresql:// URL')
  else if (url.pathname.length < 2) issues.addIssue('must name a database after the host')
})

/** The address of an AMQP 0-9-1 broker, with user, password and virtual host if it asks for them. */
export const amqpUrl = z.string().superRefine((text, issues) => {
  const url = URL.parse(text)
  if (!url || !/^amqps?:$/.test(url.protocol) || url.hostname === '')
    issues.addIssue('must be an amqp:// or amqps:// URL')
  else if (/\/.*\//.test(url.pathname)) issues.addIssue('must have its virtual host percent-encoded')
  else if (url.hash) issues.addIssue('must have no fragment')
  else if (![url.username, url.password, url.pathname].every(decodes))
    issues.addIssue('has a user, password or virtual host that is not percent-encoded')
})

/** The name of an exchange or a queue. */
export const brokerName = z
  .string()
  .regex(/^(?!amq\.)[\w.:-]{1,200}$/, 'must be letters, digits and . : _ -, and not begin with amq.')

/** The address of an SMTP server, with user and password if it asks for them. */
export const smtpUrl = z.string().superRefine((text, issues) => {
  const url = URL.parse(text)
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    issues.addIssue('must be an smtp:// or smtps:// URL')
  else if (!/^\/?$/.test(url.pathname) || url.search || url.hash)
    issues.addIssue('must end after the host and the port')
  else if ((url.username === '') !== (url.password === ''))
    issues.addIssue('must have a user and a password, or neither')
  else if (!decodes(url.username) || !decodes(url.password))
    issues.addIssue('has a user or a password that is not percent-encoded')
})

/** A sender: `no-reply@example.com`, or `Example ID <no-reply@example.com>`. */
export const mailAddress = z.string().transform((text, issues) => {
  const [, name = '', address = text.trim()] = /^\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*$/.exec(text) ?? []
  if (/^[^\s@"<>,;:]+@[^\s@"<>,;:]+$/.test(address) && !/\p{Cc}/u.test(text)) return { name, address }
  issues.addIssue('must be an address, or a name and an address in angle brackets')
  return z.NEVER
})

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** `off`, an https address (http on loopback only) that hashes are looked up under, or the path of a file of them. */
export const breachedPasswords = z.string().transform((text, issues): BreachedPasswords => {
  if (text === 'off') return { by: 'off' }
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : undefined
  if (url === undefined) return { by: 'file', path: text }
  const fit = url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  if (url && fit && !url.search && !url.hash && !url.username && !url.password)
    return { by: 'range', url: url.href.endsWith('/') ? url.href : `${url.href}/` }
  issues.addIssue('must be off, an https address without query, or the path of a file')
  return z.NEVER
})

type BreachedPasswords = { by: 'off' } | { by: 'range'; url: string } | { by: 'file'; path: string }

function isNetwork(text: string): boolean {
  return text.includes('/')
    ? ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)
    : isAddress(text)
}

// ipaddr.js also reads "10.1" and "0x7f.1" as IPv4; nobody means that in a list of trusted networks.
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

function isHostName(text: string): boolean {
  return /^(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*$/i.test(text) && !/^[\d.]+$/.test(text)
}
