import { createTestDatabase } from '../../support/database.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

export type BehindProxy = {
  server: TestServer
  proxy: TcpProxy
  /** The database itself, past the proxy: for a look that no fault disturbs. */
  databaseUrl: string
  stop: () => Promise<void>
}

/** The server with its database behind a proxy; impatient, so that waiting for what hangs takes no more than half a second. */
export async function startBehindProxy(
  env: Record<string, string> = {},
  instances?: number,
): Promise<BehindProxy> {
  const database = await createTestDatabase()
  const proxy = await startTcpProxy(database.url)
  const server = await startTestServer({
    ...(instances === undefined ? {} : { instances }),
    databaseUrl: proxy.url,
    env: { CARDEA_DATABASE_TIMEOUT: '500', CARDEA_REQUEST_TIMEOUT: '4000', ...env },
  })
  return {
    server,
    proxy,
    databaseUrl: database.url,
    async stop() {
      proxy.resume()
      await server.stop()
      await proxy.close()
      await database.drop()
    },
  }
}

/** The log lines that tell of a bug: what failed for another reason than a database that is not there. */
export function bugsIn(server: TestServer): string[] {
  return server.log.filter((line) => line.includes('"request failed"'))
}
