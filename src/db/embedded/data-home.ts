import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { run, type ServerUser } from './command.ts'
import { EmbeddedPostgresError, faultOf } from './errors.ts'

/** Where data goes when the wanted folder is closed to the server's user; the system's place for such files. */
const ELSEWHERE = '/var/lib/cardea'
/** Others may go through but not look around. */
const PASSABLE = 0o711

/**
 * The folder that will hold the server's files: `dir`, or, when we are root and the server's user cannot enter `dir`
 * (a checkout under /root, say), one under /var/lib/cardea that `dir/moved-to` names from then on.
 * Throws `unwritable` or `disk_full`.
 */
export async function dataHome(dir: string, user: ServerUser): Promise<string> {
  const pointer = path.join(dir, 'moved-to')
  try {
    makeFolder(dir, user)
    readdirSync(dir) // It may be a file.
    accessSync(dir, constants.W_OK)
    if (user.uid === undefined) return dir
    // Data that once moved away stays there, even if the folder has been opened since.
    const home = existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : dir
    if (await isOpenTo(user, home)) return home
    const elsewhere = path.join(ELSEWHERE, createHash('sha256').update(dir).digest('hex').slice(0, 12))
    if (home === dir && (await isOpenTo(user, elsewhere))) {
      writeFileSync(pointer, elsewhere + '\n')
      return elsewhere
    }
    throw closed(home, user)
  } catch (error) {
    throw faultOf('keep its files', dir, error)
  }
}

/** Whether the user can get into the folder. It stays root's own: it holds the password. */
async function isOpenTo(user: ServerUser, home: string): Promise<boolean> {
  makeFolder(home, user)
  chmodSync(home, PASSABLE)
  return (await run(user, '/bin/sh', ['-c', 'cd "$0"', home])).ok
}

/** Makes the folder and those above it that are missing; whatever the umask, another user may pass through them. */
function makeFolder(folder: string, user: ServerUser): void {
  const missing: string[] = []
  let above = folder
  for (; !existsSync(above); above = path.dirname(above)) missing.unshift(above)
  // A read-only disk says so here; asked to make several folders at once, it does not.
  if (missing.length > 0) accessSync(above, constants.W_OK)
  for (const one of missing) {
    mkdirSync(one, { recursive: true }) // Another start may be making it too.
    if (user.uid !== undefined) chmodSync(one, PASSABLE)
  }
}

function closed(home: string, user: ServerUser): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'unwritable',
    `${home} cannot be entered by the user "${user.name ?? ''}", as which the embedded PostgreSQL runs because Cardea ` +
      'runs as root. Choose a data folder outside closed folders such as /root, start Cardea as another user, ' +
      'or set DATABASE_URL to a PostgreSQL server.',
  )
}
