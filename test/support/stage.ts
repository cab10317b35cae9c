import { jest } from '@jest/globals'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { startSampleApp } from './sample-app.ts'
import type { SampleApp } from './sample-app.ts'
import { startTestServer } from './server.ts'
import type { TestServer } from './server.ts'
import { visit } from './visit.ts'
import type { Visit } from './visit.ts'

// A story is long, and the browser shares the processors with everything else that runs.
jest.setTimeout(60_000)

/** What a story in the browser needs: the server, the sample app as its client, and a Chromium. */
export type Stage = {
  server: TestServer
  app: SampleApp
  browser: Browser
  /** Plays a story in a browser context of its own; see `visit`. */
  play(story: (visit: Visit) => Promise<void>, options?: BrowserContextOptions): Promise<void>
  /** One more app; its address is allowed in stories that begin later. */
  addApp(name: string, options?: { acrValues?: readonly string[] }): Promise<SampleApp>
  close(): Promise<void>
}

export async function openStage({ env = {} }: { env?: Record<string, string> } = {}): Promise<Stage> {
  const server = await startTestServer({ env })
  const app = await startSampleApp(server)
  const browser = await launchBrowser()
  const apps = [app]
  return {
    server,
    app,
    browser,
    play: (story, options = {}) =>
      visit(browser, { ...options, origins: [server.issuer, ...apps.map(({ url }) => url)] }, story),
    async addApp(name, options = {}) {
      const added = await startSampleApp(server, { host: '127.0.0.1', name, ...options })
      apps.push(added)
      return added
    },
    async close() {
      await browser.close()
      await Promise.all(apps.map((one) => one.stop()))
      await server.stop()
    },
  }
}
