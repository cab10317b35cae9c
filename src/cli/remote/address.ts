import type { Command } from 'commander'
import { isLoopback } from '../../config/index.ts'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { readCredentials } from './credentials.ts'

/** What every verb that speaks to the API can be told. */
export type ApiOptions = { api?: string }

/** Where `npm start` and `cardea serve` have it unless told otherwise. */
const DEFAULT = 'http://127.0.0.1:3001'

export function addApiOption(command: Command): Command {
  return command.option(
    '--api <url>',
    `where the admin API is; else CARDEA_API, the last one signed in to, or ${DEFAULT}`,
  )
}

/** The API's address for this command: its origin. Throws a Refusal for what is none, or would carry tokens in the open. */
export function apiAddress(terminal: Terminal, { api }: ApiOptions): string {
  const given = api ?? (terminal.env['CARDEA_API']?.trim() || undefined)
  return safeOrigin(given ?? readCredentials(terminal).current ?? DEFAULT)
}

/** Plain HTTP never leaves the machine: what listens there is better reached through a tunnel. */
export function safeOrigin(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new Refusal('usage', `${text} is no address of an API: it looks like ${DEFAULT}.`)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new Refusal('usage', `The address of the API has no path: ${url.origin}`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new Refusal(
      'usage',
      `${url.origin} would carry access tokens in the open. Use https, or a tunnel: ssh -N -L 3001:127.0.0.1:${url.port || '80'} ${url.hostname}`,
    )
  return url.origin
}
