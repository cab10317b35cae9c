import type { IncomingHttpHeaders } from 'node:http'
import type { Database } from '../../src/db/index.ts'

/**
 * Every secret that this test file's requests have sent or were given: codes, tokens, passwords, cookies. When a server stops, nothing that it
 * has logged or recorded may hold one of them; so each file that starts a server looks for its own (AD-13).
 */
const issued = new Set<string>()

/** Shorter ones are words, or six digits that any timestamp may hold. */
const LEAST = 20

/** Of what is sent; codes and tokens are known since they were given, and tests send other things in their place. */
const sentAs = /password|^(code_verifier|client_secret|client_assertion|link|secret)$/
const givenAs = /"(?:access_token|refresh_token|id_token|device_code|client_secret|secret|link)":"([^"]+)"/g

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
  if (typeof authorization === 'string' && isTaken) note(authorization.split(' ').at(-1))
  if (typeof body === 'string')
    for (const [name, value] of new URLSearchParams(body))
      if (sentAs.test(name) && (isTaken || name.includes('password'))) note(value)
  for (const [, value] of text.matchAll(givenAs)) note(value)
  for (const value of [...(headers.location ?? '').matchAll(/[?&#](?:code|access_token|id_token)=([^&]+)/g)])
    note(value[1])
  for (const cookie of headers['set-cookie'] ?? [])
    note(/^[^=]*(?:session|device|accounts)[^=]*=([^;]+)/.exec(cookie)?.[1])
}

function note(secret: string | undefined): void {
  // Of a JWT the signature: its other parts may be known. Of others what stands between signs that delimit them anywhere.
  const last = secret
    ?.split(/[^\w-]+/)
    .filter((part) => part.length >= LEAST)
    .at(-1)
  if (last !== undefined) issued.add(last)
}

/** Throws, naming no secret, when one of them is in these lines. */
export function expectNoSecretIn(lines: Iterable<string>, where: string): void {
  for (const line of lines)
    for (const [word] of line.matchAll(/[\w-]{20,}/g))
      if (issued.has(word))
        throw new Error(`a secret is in ${where}: ${line.replace(word, '[the secret]').slice(0, 500)}`)
}

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

/** For the tests of this file itself. */
export function issuedSoFar(): number {
  return issued.size
}
