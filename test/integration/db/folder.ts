import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A temporary folder that other users may enter, as the server's user must when the tests run as root. */
export async function enterableFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cardea-db-'))
  await chmod(folder, 0o755)
  return folder
}
