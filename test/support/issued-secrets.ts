import type { IncomingHttpHeaders } from 'node:http'
import type { Database } from '../../src/db/index.ts'
import { found, plain, squashed } from './spellings.ts'

/**
 * Every secret that this test file's requests have sent or were given, and every one that its helpers made or read: codes, tokens, passwords,
 * cookies, seeds, recovery codes, tickets of mails. When a server stops, nothing that it has logged or recorded may hold one of them; so each
 * file that starts a server looks for its own (AD-13).
 */
const words = new Set<string>()
/** Those that are no such word, or that people copy by hand: looked for in every spelling. */
const exact = new Set<string>()

/** Shorter words may be anything; and six digits are in any timestamp. */
const [LEAST_OF_WORD, LEAST_OF_EXACT] = [20, 12]

/** Of what is sent; codes and tokens are known since they were given, and tests send other things in their place. */
const sentAs =
  /password|^(code_verifier|client_secret|client_assertion|link|secret|ticket|authorization_header)$/
const givenAs =
  /"(?:access_token|refresh_token|id_token|device_code|client_secret|secret|link|authorization_header)":"([^"]+)"/g
const recoveryCode = /\b[\dA-HJKMNP-TV-Z]{4}(?:-[\dA-HJKMNP-TV-Z]{4}){3}\b/g

type Exchange = {
  status: number
  body: unknown
  authorization: unknown
  headers: IncomingHttpHeaders
  text: string
}

/** Remembers what of a request and its answer is a secret. */
export function noteSecrets({ status, body, authorization, headers, text }: Exchange): void {
  // What was not taken for a credential may be anything: tests send names in the place of tokens.
  const isTaken = status < 400
  if (typeof authorization === 'string' && isTaken) noteAuthorization(authorization)
  if (typeof body === 'string')
    for (const [name, value] of fieldsOf(body)) {
      if (sentAs.test(name) && (isTaken || name.includes('password'))) noteSecret(value)
      if (name === 'code' && isTaken && squashed(value).length === 16) noteByHand(value)
    }
  for (const [, value] of text.matchAll(givenAs)) noteSecret(value)
  for (const [code] of text.matchAll(recoveryCode)) noteByHand(code)
  for (const [, seed] of text.matchAll(/[?&](?:amp;)?secret=([A-Z2-7]{16,})/g)) noteByHand(seed)
  for (const value of [...(headers.location ?? '').matchAll(/[?&#](?:code|access_token|id_token)=([^&]+)/g)])
    noteSecret(value[1])
  for (const cookie of headers['set-cookie'] ?? [])
    noteSecret(/^[^=]*(?:session|device|accounts)[^=]*=([^;]+)/.exec(cookie)?.[1])
}

/** Remembers a token, a password, or whatever else machines keep. */
export function noteSecret(secret: string | undefined): void {
  if (secret === undefined) return
  // Of a JWT the signature: its other parts may be known. Of others what stands between signs that delimit them anywhere.
  const parts = secret.split(/[^\w-]+/)
  const last = parts.filter((part) => part.length >= LEAST_OF_WORD).at(-1)
  if (last !== undefined) words.add(last)
  if (last === undefined || secret.startsWith('whsec_')) noteByHand(secret)
}

/** Remembers what people may write with other groups, case or signs: a recovery code, the seed of an authenticator app. */
export function noteByHand(secret: string | undefined): void {
  if (secret !== undefined && squashed(secret).length >= LEAST_OF_EXACT) exact.add(squashed(secret))
}

/** By Basic a client's secret goes in disguise, and may be found without it. */
function noteAuthorization(header: string): void {
  const [scheme = '', credential = ''] = header.split(' ')
  noteSecret(credential)
  if (scheme.toLowerCase() === 'basic')
    noteSecret(plain(Buffer.from(credential, 'base64').toString().split(':').slice(1).join(':')))
}

/** Names and values of a form, or of JSON however deep. */
function fieldsOf(body: string): [string, string][] {
  if (!body.startsWith('{')) return [...new URLSearchParams(body)]
  const fields: [string, string][] = []
  try {
    JSON.parse(body, (name, value: unknown) => {
      if (typeof value === 'string') fields.push([name, value])
    })
  } catch {
    // Tests send what is no JSON as well.
  }
  return fields
}

/** Throws, naming no secret, when one of them is in these lines. */
export function expectNoSecretIn(lines: Iterable<string>, where: string): void {
  for (const written of lines) {
    const line = plain(written)
    for (const [word] of line.matchAll(/[\w-]{20,}/g)) if (words.has(word)) refuse(line.replace(word, HIDDEN))
    const [from, to] = found(line, exact) ?? [0, 0]
    if (to > 0) refuse(`${line.slice(0, from)}${HIDDEN}${line.slice(to)}`)
  }
  function refuse(line: string): never {
    throw new Error(`a secret is in ${where}: ${line.slice(0, 500)}`)
  }
}

const HIDDEN = '[the secret]'

/** Looks through everything that was recorded, or through another table. */
export async function expectNoSecretRecorded(
  { pool }: { pool: Pick<Database['pool'], 'query'> },
  table = 'audit_events',
): Promise<void> {
  const { rows } = await pool.query<{ line: string }>(`SELECT row_to_json(e)::text AS line FROM ${table} e`)
  expectNoSecretIn(
    rows.map(({ line }) => line),
    `the table ${table}`,
  )
}

/** Looks through what a server leaves behind as it stops; `end` stops it. What a test took the database away from, it has looked at itself. */
export async function expectNoSecretLeft(
  { database, log }: { database: Parameters<typeof expectNoSecretRecorded>[0]; log: readonly string[] },
  end: () => Promise<unknown>,
): Promise<void> {
  const recorded: unknown = await expectNoSecretRecorded(database).catch((error: unknown) => error)
  await end()
  expectNoSecretIn(log, 'the log')
  if (recorded instanceof Error && recorded.message.startsWith('a secret')) throw recorded
}

/** For the tests of this file itself. */
export function issuedSoFar(): number {
  return words.size + exact.size
}
