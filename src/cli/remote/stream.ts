import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import type { Api, ApiRequest } from './api.ts'

/**
 * Passes an answer on as it comes, however long it is. A file must be new and is for this user alone. Throws a Refusal when the
 * answer breaks off, so that half an export is not taken for a whole one.
 */
export async function stream(
  { stdout }: Terminal,
  api: Api,
  request: ApiRequest,
  output: string | undefined,
): Promise<void> {
  const { body } = await api.stream(request)
  if (!body) return
  const source = Readable.fromWeb(body)
  try {
    if (output === undefined) await pipeline(source, stdout, { end: false })
    else await pipeline(source, createWriteStream(output, { flags: 'wx', mode: 0o600 }))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Refusal('already_exists', `There is a file ${output ?? ''} already.`)
    throw new Refusal(
      'unavailable',
      `The answer broke off (${code ?? message}). What is there so far is true; go on with --after-id and the last id.`,
      { cause: error },
    )
  }
}
