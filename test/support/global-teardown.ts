import { dropDatabases } from './test-server.ts'

/** Drops what the run made and stops the server it started. */
export default async function globalTeardown(): Promise<void> {
  if (!globalThis.testServer) return
  const { server, admin, run } = globalThis.testServer
  try {
    await dropDatabases(admin, run)
  } finally {
    await server?.stop()
  }
}
