import type { RequestListener } from 'node:http'
import type { Config } from '../config/index.ts'
import { listen, ListenError } from '../http/index.ts'
import type { Listener } from '../http/index.ts'
import { StartRefused } from './prepare-database.ts'

/** Listens, or says which variable to change. */
export async function listenAs(
  variable: string,
  handler: RequestListener,
  address: Config['listen'] & { shared?: boolean },
): Promise<Listener> {
  try {
    return await listen(handler, address)
  } catch (error) {
    if (error instanceof ListenError)
      throw new StartRefused(`${error.message}\nThe port is set by ${variable}.`)
    throw error
  }
}
