import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { MULTI_FACTOR_ACR } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { sampleResource, SEED } from './seed.ts'
import type { DevelopmentSecrets } from './secrets.ts'

export type SampleApp = { url: string; stop(): Promise<void> }

/** Starts the sample app as a process of its own: it is a client like any other, and knows the server only by its issuer. */
export function startSampleApp({
  config,
  secrets,
}: {
  config: Config
  secrets: DevelopmentSecrets
}): SampleApp {
  const url = `http://localhost:${config.samplePort}`
  const main = new URL('../../examples/sample-app/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main], {
    // Its own process group: Ctrl-C reaches us, and we stop it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: '',
      SAMPLE_ISSUER: config.issuer,
      SAMPLE_PORT: String(config.samplePort),
      SAMPLE_BASE_URL: url,
      SAMPLE_CLIENT_ID: SEED.app,
      SAMPLE_CLIENT_SECRET: secrets.sampleClientSecret,
      SAMPLE_API_RESOURCE: sampleResource(config.samplePort),
      SAMPLE_API_CLIENT_ID: SEED.api,
      SAMPLE_API_CLIENT_SECRET: secrets.sampleApiSecret,
      SAMPLE_API_ACR_VALUES: strongEnough(config).join(' '),
      SAMPLE_COOKIE_KEY: secrets.sampleCookieKey,
    },
  })
  const exited = once(child, 'exit')
  const killChild = () => child.kill('SIGKILL')
  process.once('exit', killChild)
  return {
    url,
    async stop() {
      process.off('exit', killChild)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await exited
      }
    },
  }
}

/** Two factors, and whatever the operator put above them: the table has the weakest first. */
function strongEnough({ acr: table }: Pick<Config, 'acr'>): string[] {
  const names = table.map(({ acr }) => acr)
  return names.slice(names.indexOf(MULTI_FACTOR_ACR))
}
