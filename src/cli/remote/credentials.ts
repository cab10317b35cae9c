import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'

const signInSchema = z.object({
  issuer: z.string(),
  client_id: z.string(),
  subject: z.string(),
  scope: z.string(),
  access_token: z.string(),
  expires_at: z.iso.datetime(),
  refresh_token: z.string().optional(),
})
const schema = z.object({
  /** The API that was signed in to last: the one that is meant when none is named. */
  current: z.string().optional(),
  apis: z.record(z.string(), signInSchema),
})

/** A person's sign-in at the issuer of one API. */
export type SignIn = z.output<typeof signInSchema>
export type Credentials = z.output<typeof schema>

/** Where tokens are kept: by the XDG base directories. */
export function credentialsFile({ env }: Pick<Terminal, 'env'>): string {
  const configured = env['XDG_CONFIG_HOME']
  const base = configured?.startsWith('/') ? configured : join(env['HOME'] ?? homedir(), '.config')
  return join(base, 'cardea', 'credentials.json')
}

/** What is kept; nothing when there is no file. Throws a Refusal when others can read it, or it cannot be understood. */
export function readCredentials(terminal: Pick<Terminal, 'env'>): Credentials {
  const path = credentialsFile(terminal)
  const text = readPrivate(path)
  if (text === null) return { apis: {} }
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success)
    throw new Refusal('configuration', `${path} cannot be understood. Remove it, and run: cardea login`)
  return parsed.data
}

/** Replaces what is kept, whole or not at all. To be called under the lock. */
export function writeCredentials(terminal: Pick<Terminal, 'env'>, credentials: Credentials): void {
  const path = credentialsFile(terminal)
  makeFolder(terminal)
  const next = `${path}.${randomBytes(6).toString('hex')}`
  const file = openSync(next, 'wx', 0o600)
  try {
    writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(next, path)
}

export function makeFolder(terminal: Pick<Terminal, 'env'>): void {
  mkdirSync(dirname(credentialsFile(terminal)), { recursive: true, mode: 0o700 })
}

// Looked at through the open file, so that it is the one that is read.
function readPrivate(path: string): string | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Refusal('configuration', `${path} cannot be read: ${(error as Error).message}`)
  }
  try {
    const { mode, uid } = fstatSync(file)
    const isOurs = process.getuid === undefined || uid === process.getuid()
    if (!isOurs || (process.platform !== 'win32' && (mode & 0o077) !== 0))
      throw new Refusal(
        'configuration',
        `${path} holds tokens, and others can read or change it. Run: chmod 600 ${path}`,
      )
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
